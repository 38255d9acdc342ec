"""The macro benchmark: what bench/run does, one module per subject."""
