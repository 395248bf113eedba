"""The declared fallback embedder: hashed words and character n-grams. It finds shared words, not shared meaning."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from vectorstore.protocol import Vector

WORD = re.compile(r"\w+")
SIZES = (3, 4)  # characters per n-gram: "sparse" and "sparsity" share most of theirs
WORD_WEIGHT, PAIR_WEIGHT, NGRAM_WEIGHT = 1.0, 0.7, 0.3


class HashingEmbedder:
    """Signed feature hashing (Weinberger et al., arXiv 0902.2206): unrelated texts meet at a cosine near 0."""

    dimension = 512
    name = "hashing-v1-512"

    def embed(self, texts: Sequence[str]) -> Vector:
        return np.stack([self._vector(text) for text in texts]) if len(texts) else np.empty((0, 512), np.float32)

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self.dimension)
        for feature, weight in _weights(text).items():
            digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
            vector[(digest >> 1) % self.dimension] += weight if digest & 1 else -weight
        length = float(np.linalg.norm(vector))
        if length < 1e-9:  # no word at all: still a unit vector, as the protocol promises
            vector[0] = length = 1.0
        return (vector / length).astype(np.float32)


def _weights(text: str) -> dict[str, float]:
    """Weight of every feature; a repeated one grows with the root of its count."""
    counts = Counter(_features(text))
    kinds = {"w": WORD_WEIGHT, "p": PAIR_WEIGHT, "c": NGRAM_WEIGHT}
    return {feature: kinds[feature[0]] * count**0.5 for feature, count in counts.items()}


def _features(text: str) -> Iterator[str]:
    words = WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    for word in words:
        yield f"w:{word}"
        framed = f"<{word}>"
        yield from (f"c:{framed[i : i + n]}" for n in SIZES for i in range(len(framed) - n + 1))
    yield from (f"p:{first} {second}" for first, second in pairwise(words))
