"""Harness of the black-box tests: a real broker, the built binary, tokens of our own, and a naive model of CONTRACT 2."""
