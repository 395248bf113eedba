"""Embedding with SQL as the cache, so that rebuilding the index embeds nothing twice."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from core.store import Store
from vectorstore.protocol import Embedder, Vector

MOST_ASKED = 512  # queries whose vectors a process remembers


class CachedEmbedder:
    """An embedder that remembers every vector by the hash of its text."""

    def __init__(self, embedder: Embedder, store: Store) -> None:
        self._embedder = embedder
        self._store = store
        self._asked: OrderedDict[str, Vector] = OrderedDict()

    @property
    def name(self) -> str:
        """The embedder's name, which collections record."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def known(self, texts: Sequence[str]) -> dict[str, Vector]:
        """The vectors of those texts that were embedded before; nothing is computed."""
        by_key = {key_of(text): text for text in texts}
        found = self._store.index.cached_vectors(list(by_key), self.name)
        return {by_key[key]: vector for key, vector in found.items()}

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

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """The same for what somebody asks: kept in this process alone, since a search must not wait to write."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._asked]
        fresh = dict(zip(missing, self._embedder.embed(missing), strict=True)) if missing else {}
        found = [fresh[text] if text in fresh else self._asked[text] for text in texts]
        self._asked.update(fresh)
        while len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)
        return np.stack(found)


def key_of(text: str) -> str:
    """Under which a text's vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()
