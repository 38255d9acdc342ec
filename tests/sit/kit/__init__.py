"""The system-integration kit: reads scenarios, plays them against the built system, reports for a test sign-off."""
