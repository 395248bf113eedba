"""Embedding with SQL as the cache, so that rebuilding the index embeds nothing twice."""

import hashlib
from collections.abc import Sequence

import numpy as np

from core.store import Store
from vectorstore.protocol import Embedder, Vector


class CachedEmbedder:
    """An embedder that remembers every vector by the hash of its text."""

    def __init__(self, embedder: Embedder, store: Store) -> None:
        self._embedder = embedder
        self._store = store

    @property
    def name(self) -> str:
        """The embedder's name, which collections record."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def embed(self, texts: Sequence[str]) -> Vector:
        """Unit vectors (n, dimension); only texts never seen are computed."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        keys = [key_of(text) for text in texts]
        known = self._store.index.cached_vectors(keys, self.name)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = self._embedder.embed(list(missing.values()))
            fresh = dict(zip(missing, vectors, strict=True))
            self._store.index.cache_vectors(fresh, self.name)
            known |= fresh
        return np.stack([known[key] for key in keys])


def key_of(text: str) -> str:
    """Under which a text's vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()
