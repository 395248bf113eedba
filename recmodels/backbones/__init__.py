"""The models: one file each with its knobs in NAME_config.py, and the layers, positions and knobs that they share."""
