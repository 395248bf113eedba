"""What benchmarks/dashboard.py is made of."""
