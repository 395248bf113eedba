"""Datasets: import, checks, preparation, profile, and the synthetic generator."""
