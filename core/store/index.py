"""What SQL keeps for the vector index: the outbox, its version, and vectors by the hash of their text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, select, update

from core.store import schema
from core.store.part import Part

_outbox = schema.outbox
_state = schema.index_state
_vectors = schema.vectors
AT_ONCE = 500  # databases limit the parameters of one statement


class IndexNotes(Part):
    """Rows of `outbox`, `index_state` and `vectors`."""

    def post(self, collection: str, document_id: str) -> None:
        """Say that a document changed."""
        with self.database.write() as connection:
            row = {"collection": collection, "document_id": document_id, "at": self.clock.now()}
            connection.execute(insert(_outbox).values(row))

    def pending(self, limit: int = 500) -> list[tuple[int, str, str]]:
        """The oldest notes as (id, collection, document id)."""
        query = select(_outbox.c.id, _outbox.c.collection, _outbox.c.document_id).order_by(_outbox.c.id).limit(limit)
        with self.database.read() as connection:
            return [(row.id, row.collection, row.document_id) for row in connection.execute(query)]

    def done(self, ids: Sequence[int]) -> None:
        """Drop notes that the index has taken, and move the version that readers watch; without notes it stays."""
        if not ids:
            return
        with self.database.write() as connection:
            for start in range(0, len(ids), AT_ONCE):
                connection.execute(_outbox.delete().where(_outbox.c.id.in_(ids[start : start + AT_ONCE])))
            _move(connection)

    def move(self) -> None:
        """Move the version that readers watch: the index was made anew."""
        with self.database.write() as connection:
            _move(connection)

    def version(self) -> int:
        """The number that moves with every change of the index."""
        with self.database.read() as connection:
            return int(connection.execute(select(_state.c.version).where(_state.c.name == "index")).scalar() or 0)

    def cached_vectors(self, hashes: Sequence[str], embedder: str) -> dict[str, np.ndarray]:
        """Vectors (float32) known for these text hashes."""
        with self.database.read() as connection:
            return _known(connection, hashes, embedder)

    def cache_vectors(self, vectors: Mapping[str, np.ndarray], embedder: str) -> None:
        """Keep vectors by text hash; those already there stay."""
        if not vectors:
            return
        with self.database.write() as connection:
            known = _known(connection, list(vectors), embedder)
            rows: list[dict[str, Any]] = [
                {"text_hash": key, "embedder": embedder, "vector": np.asarray(vector, dtype=np.float32).tobytes()}
                for key, vector in vectors.items()
                if key not in known
            ]
            if rows:
                connection.execute(insert(_vectors), rows)


def _move(connection: Connection) -> None:
    moved = connection.execute(update(_state).where(_state.c.name == "index").values(version=_state.c.version + 1))
    if not moved.rowcount:
        connection.execute(insert(_state).values(name="index", version=1))


def _known(connection: Connection, hashes: Sequence[str], embedder: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for start in range(0, len(hashes), AT_ONCE):
        some = _vectors.c.text_hash.in_(hashes[start : start + AT_ONCE])
        for row in connection.execute(select(_vectors).where(some, _vectors.c.embedder == embedder)):
            found[row.text_hash] = np.frombuffer(row.vector, dtype=np.float32)
    return found
