"""Parts of benchmarks/retrieval.py: the questions with their answers, and the clock."""
