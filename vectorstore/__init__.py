"""Documents and vectors: a small protocol, its backends (Chroma, memory) and embedders; knows nothing of studies."""
