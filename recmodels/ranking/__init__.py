"""What a model is worth and what it says next: full ranking, metrics, reference lines, recommendations, exports."""
