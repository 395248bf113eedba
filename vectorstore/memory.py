"""The protocol in this process: exact search in numpy, nothing on disk. For tests and as the exact fallback."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vectorstore import validation
from vectorstore.protocol import Description, Document, Match, Metadata, Scalar, Space, Vector, Where

PLACE = "memory"


@dataclass
class _Collection:
    description: Description
    documents: dict[str, Document] = field(default_factory=dict)


class MemoryStore:
    def __init__(self) -> None:
        self._held: dict[str, _Collection] = {}
        self._lock = threading.RLock()

    def ensure(self, collection: str, embedder: str, dimension: int, space: Space = "cosine") -> None:
        validation.check_new_collection(collection, embedder, dimension, space)
        with self._lock:
            held = self._held.get(collection)
            if held is None:
                described = Description(embedder=embedder, dimension=dimension, space=space)
                self._held[collection] = _Collection(described)
            else:
                validation.check_same_embedder(collection, held.description, embedder, dimension, space)

    def upsert(self, collection: str, documents: Sequence[Document]) -> None:
        validation.check_documents(documents)
        with self._lock:
            held = self._existing(collection)
            ready = [_frozen(document, held.description) for document in documents]
            held.documents.update((document.id, document) for document in ready)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        with self._lock:
            held = self._held.get(collection)
            for document_id in ids if held else ():
                held.documents.pop(document_id, None)  # type: ignore[union-attr]

    def search(self, collection: str, vector: Vector, k: int, where: Where | None = None) -> list[Match]:
        validation.check_k(k)
        validation.check_where(where)
        with self._lock:
            held = self._existing(collection)
            query = validation.as_vector(vector, held.description, f"search in {collection!r}")
            found = [d for d in held.documents.values() if _satisfies(d.metadata, where or {})]
        if not found:
            return []
        scores = _scores(np.stack([document.vector for document in found]), query, held.description["space"])
        best = sorted(zip(scores, found, strict=True), key=lambda pair: (-pair[0], pair[1].id))[:k]
        return [Match(d.id, float(score), d.text, dict(d.metadata)) for score, d in best]

    def get(self, collection: str, ids: Sequence[str] | None = None, page: int = 1000) -> Iterator[Document]:
        with self._lock:
            held = self._held.get(collection)
            documents = dict(held.documents) if held else {}
        wanted = documents if ids is None else dict.fromkeys(ids)
        return (documents[document_id] for document_id in wanted if document_id in documents)

    def count(self, collection: str) -> int:
        held = self._held.get(collection)
        return len(held.documents) if held else 0

    def collections(self) -> list[str]:
        return sorted(self._held)

    def reset(self, collection: str) -> None:
        with self._lock:
            self._held.pop(collection, None)

    def set_aside(self) -> None:
        with self._lock:
            self._held.clear()

    def describe(self, collection: str) -> Description | None:
        held = self._held.get(collection)
        return held.description if held else None

    def reopen(self) -> None:
        """Nothing to do: no other process can write here."""

    def _existing(self, collection: str) -> _Collection:
        if collection not in self._held:
            raise validation.missing(collection, PLACE)
        return self._held[collection]


def _frozen(document: Document, description: Description) -> Document:
    vector = validation.as_vector(document.vector, description, f"document {document.id!r}")
    return replace(document, metadata=dict(document.metadata), vector=vector)


def _scores(vectors: Vector, query: Vector, space: Space) -> list[float]:
    """`vectors` is (n, d), `query` (d,)."""
    distances = 1.0 - vectors @ query if space == "cosine" else np.linalg.norm(vectors - query, axis=1)
    return [validation.score_of(float(distance), space) for distance in distances]


def _satisfies(metadata: Metadata, where: Where) -> bool:
    return all(
        any(_same(metadata.get(key), option) for option in (wanted if isinstance(wanted, tuple) else (wanted,)))
        for key, wanted in where.items()
    )


def _same(stored: Scalar | None, wanted: Scalar) -> bool:
    """True is not 1 (as in Chroma, and as a person would expect), while 1 is 1.0."""
    return isinstance(stored, bool) == isinstance(wanted, bool) and stored == wanted
