"""Checks that every backend applies alike, so that what one accepts no other refuses."""

import math
import re
from collections.abc import Sequence

import numpy as np

from vectorstore.protocol import (
    Description,
    Document,
    Metadata,
    Scalar,
    Space,
    Vector,
    VectorStoreError,
    Where,
    WrongEmbedder,
)

COLLECTION_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]")  # Chroma's rule, the strictest we have
RESERVED_PREFIX = "_store_"
LARGEST_INT = 2**63 - 1
SPACES: tuple[Space, ...] = ("cosine", "l2")


def check_collection_name(name: str) -> None:
    if not COLLECTION_NAME.fullmatch(name):
        raise VectorStoreError(
            f"collection name {name!r} is not allowed; use 3 to 512 of a-z, A-Z, 0-9, '.', '_', '-', "
            "with a letter or digit at both ends"
        )


def check_new_collection(name: str, embedder: str, dimension: int, space: Space) -> None:
    check_collection_name(name)
    if not embedder:
        raise VectorStoreError(f"collection {name!r} needs the name of its embedder")
    if dimension < 1:
        raise VectorStoreError(f"collection {name!r}: dimension {dimension} is below 1")
    if space not in SPACES:
        raise VectorStoreError(f"collection {name!r}: space {space!r} is not one of {', '.join(SPACES)}")


def check_same_embedder(collection: str, stored: Description, embedder: str, dimension: int, space: Space) -> None:
    """Raises WrongEmbedder when name, dimension or space differ."""
    if stored != {"embedder": embedder, "dimension": dimension, "space": space}:
        held = f"{stored['embedder']} ({stored['dimension']} dimensions, {stored['space']})"
        raise WrongEmbedder(collection, held, f"{embedder} ({dimension} dimensions, {space})")


def missing(collection: str, place: str) -> VectorStoreError:
    return VectorStoreError(f"collection {collection!r} does not exist in {place}; rebuild the index to create it")


def as_vector(vector: Vector, description: Description, what: str) -> Vector:
    """The vector as stored: float32, and of length one in a cosine collection."""
    array = np.asarray(vector, dtype=np.float32)
    if array.shape != (description["dimension"],):
        raise VectorStoreError(f"{what}: vector has shape {array.shape}, the collection ({description['dimension']},)")
    if not np.isfinite(array).all():
        raise VectorStoreError(f"{what}: vector holds NaN or infinity")
    if description["space"] == "l2":
        return array
    length = float(np.linalg.norm(array))
    if length == 0.0:
        raise VectorStoreError(f"{what}: a zero vector has no direction, so it cannot be in a cosine collection")
    return array / np.float32(length)


def check_documents(documents: Sequence[Document]) -> None:
    seen: set[str] = set()
    for document in documents:
        if not document.id:
            raise VectorStoreError("a document's id is empty; every document needs one of its own")
        if document.id in seen:
            raise VectorStoreError(f"document id {document.id!r} occurs twice in one upsert; send it once")
        seen.add(document.id)
        _check_metadata(document.id, document.metadata)


def _check_metadata(document_id: str, metadata: Metadata) -> None:
    for key, value in metadata.items():
        if not key or key.startswith((RESERVED_PREFIX, "chroma:")):
            raise VectorStoreError(f"document {document_id!r}: metadata key {key!r} is empty or reserved; rename it")
        _check_scalar(f"document {document_id!r}: metadata {key}", value)


def _check_scalar(what: str, value: Scalar) -> None:
    if not isinstance(value, (str, int, float, bool)):
        raise VectorStoreError(f"{what}={value!r} is not a string, number or truth value; leave the key out if missing")
    if isinstance(value, float) and not math.isfinite(value):
        raise VectorStoreError(f"{what}={value!r} is not finite; leave the key out if missing")
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        raise VectorStoreError(f"{what}={value!r} is beyond 64 bits; store it as a string")


def check_where(where: Where | None) -> None:
    for key, wanted in (where or {}).items():
        options = wanted if isinstance(wanted, tuple) else (wanted,)
        if not options:
            raise VectorStoreError(f"where {key}: an empty tuple can match nothing; leave the key out")
        if len({type(option) for option in options}) > 1:
            raise VectorStoreError(f"where {key}={options!r} mixes types; one key holds values of one type")
        for option in options:
            _check_scalar(f"where {key}", option)


def check_k(k: int) -> None:
    if k < 1:
        raise VectorStoreError(f"k={k} is below 1; ask for at least one match")


def score_of(distance: float, space: Space) -> float:
    """`distance` is 1 - cosine, or Euclidean; the score is Match.score."""
    score = 1.0 - distance if space == "cosine" else 1.0 / (1.0 + distance)
    return min(1.0, max(0.0, score))
