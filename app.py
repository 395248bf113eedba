"""The Overview, where the program opens."""
