"""A study as a person handles it: its plan, what they decide, change and forecast in it."""
