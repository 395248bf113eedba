"""What a vector store and an embedder are; every backend passes the same contract tests (tests/vectorstore)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

Scalar = str | int | float | bool
Metadata = Mapping[str, Scalar]
Where = Mapping[str, Scalar | tuple[Scalar, ...]]  # every key must match; a tuple means "one of these"
Vector = NDArray[np.float32]
Space = Literal["cosine", "l2"]


class VectorStoreError(Exception):
    """The store refused or failed; the message names the value, the limit and the way out."""


class ReadOnly(VectorStoreError):
    """A write through a store that was opened for reading."""


class EmbedderUnavailable(VectorStoreError):
    """The sentence model's files are absent or are not the pinned ones."""


class WrongEmbedder(VectorStoreError):
    """The collection holds vectors of another embedder."""

    def __init__(self, collection: str, stored: str, wanted: str) -> None:
        super().__init__(
            f"collection {collection!r} holds vectors of {stored}, not of {wanted}; their distances mean nothing "
            f"to each other. Rebuild the index with {wanted}, or go back to {stored}"
        )
        self.stored, self.wanted = stored, wanted


@dataclass(frozen=True, eq=False)
class Document:
    """`vector` is (d,). A cosine collection stores it at length one; an l2 collection as it is."""

    id: str
    text: str
    metadata: Metadata
    vector: Vector


@dataclass(frozen=True)
class Match:
    """`score` is in [0, 1], 1 is best: the cosine (negative ones count as 0), or 1 / (1 + distance) in l2."""

    id: str
    score: float
    text: str
    metadata: Metadata


class Description(TypedDict):
    """What a collection records about itself."""

    embedder: str
    dimension: int
    space: Space


class VectorStore(Protocol):
    """Named collections of documents with one vector each. Every method raises VectorStoreError.

    Reading a collection that does not exist gives nothing (`count` 0, `get` empty, `describe` None), with one
    exception: `search` raises, because an empty answer would look like "nothing is similar".
    """

    def ensure(self, collection: str, embedder: str, dimension: int, space: Space = "cosine") -> None:
        """Create the collection, or check the existing one. Raises WrongEmbedder, or ReadOnly when it is missing."""

    def upsert(self, collection: str, documents: Sequence[Document]) -> None:
        """Insert or replace as a whole, metadata included. Not atomic over more than one batch. Raises ReadOnly."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Unknown ids are ignored. Raises ReadOnly."""

    def search(self, collection: str, vector: Vector, k: int, where: Where | None = None) -> list[Match]:
        """The k nearest documents that satisfy `where`, best first, equal scores by id."""

    def get(self, collection: str, ids: Sequence[str] | None = None, page: int = 1000) -> Iterator[Document]:
        """All documents, or those with these ids that exist, fetched page by page, in no particular order."""

    def count(self, collection: str) -> int: ...

    def collections(self) -> list[str]: ...

    def reset(self, collection: str) -> None:
        """Forget the collection with its embedder; `ensure` may then create it anew. Raises ReadOnly."""

    def set_aside(self) -> None:
        """Put everything held out of the way, unread, and begin empty: for what cannot be read any more. Raises
        ReadOnly, and VectorStoreError where the place is not ours to move."""

    def describe(self, collection: str) -> Description | None: ...

    def reopen(self) -> None:
        """See what another process wrote since this store was opened."""


class Embedder(Protocol):
    """`name` changes whenever the vectors would: it holds the hash of weights or the version of the scheme."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vector:
        """Unit vectors, (n, dimension) float32; a text's vector does not depend on its neighbours in `texts`."""
