"""What counting the training part adds to a trained model's scores, and how strongly."""
