"""What a study leaves to use: recommendations, an export, the sealed test, and the lines a model must beat."""
