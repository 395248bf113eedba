"""Chroma behind the protocol, in a folder or on a server. The only file that imports chromadb (0.6 s, so lazily).

What Chroma 1.5 does and the code below answers to: `upsert` merges metadata (a key goes only when set to None), empty
metadata is refused, a batch holds at most 5,461 rows and `get` 32,766; the default index finds 0.91 of the true ten; a
second process' `query` stays frozen at its first load (hence `reopen`), and two writers lose vectors for ever, so
whoever opens for writing must be the only one; the holder of the index lease sees to that.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import numpy as np

from vectorstore import validation
from vectorstore.protocol import Description, Document, Match, ReadOnly, Space, Vector, VectorStoreError, Where

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

BATCH = 5_000
DATABASE_FILE = "chroma.sqlite3"
ASIDE = ".unreadable"  # ends the name of a folder that was set aside
EMPTY = validation.RESERVED_PREFIX + "empty"  # stands in for metadata that has no keys
_opening = threading.Lock()


class ChromaStore:
    """`place` is a folder, or the URL of a Chroma server (http or https).

    `read_only` refuses writes and never creates the folder: while it is missing the store reads as empty.
    """

    def __init__(self, place: Path | str, read_only: bool = False) -> None:
        self.place = str(place)
        self.read_only = read_only
        self._is_server = self.place.startswith(("http://", "https://"))
        self._client: ClientAPI | None = None

    def ensure(self, collection: str, embedder: str, dimension: int, space: Space = "cosine") -> None:
        validation.check_new_collection(collection, embedder, dimension, space)
        stored = self.describe(collection)
        if stored is not None:
            validation.check_same_embedder(collection, stored, embedder, dimension, space)
            return
        self._refuse_if_read_only(f"create collection {collection!r}")
        with self._adapted("create a collection"):
            self._opened().create_collection(
                collection,
                embedding_function=None,
                metadata={"embedder": embedder, "dimension": dimension, "space": space},
                configuration={"hnsw": _index(space)},
            )

    def upsert(self, collection: str, documents: Sequence[Document]) -> None:
        self._refuse_if_read_only("write")
        validation.check_documents(documents)
        held, description = self._existing(collection)
        vectors = [validation.as_vector(d.vector, description, f"document {d.id!r}") for d in documents]
        for start in range(0, len(documents), BATCH):
            with self._adapted("write"):
                _replace(held, documents[start : start + BATCH], vectors[start : start + BATCH])

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        self._refuse_if_read_only("delete")
        held = self._held(collection)
        for start in range(0, len(ids) if held else 0, BATCH):
            with self._adapted("delete"):
                held.delete(ids=list(ids[start : start + BATCH]))  # type: ignore[union-attr]

    def search(self, collection: str, vector: Vector, k: int, where: Where | None = None) -> list[Match]:
        validation.check_k(k)
        validation.check_where(where)
        held, description = self._existing(collection)
        query = validation.as_vector(vector, description, f"search in {collection!r}")
        with self._adapted("search"):
            answer = held.query(
                query_embeddings=query[None, :],
                n_results=k,
                where=_chroma_where(where or {}),
                include=["documents", "metadatas", "distances"],
            )
        return _matches(answer, description["space"])

    def get(self, collection: str, ids: Sequence[str] | None = None, page: int = 1000) -> Iterator[Document]:
        held = self._held(collection)
        if held is None:
            return
        wanted = None if ids is None else list(dict.fromkeys(ids))
        start, size = 0, min(page, BATCH)
        while wanted is None or start < len(wanted):
            with self._adapted("read"):
                rows = _page(held, wanted, start, size)
            yield from rows
            if wanted is None and len(rows) < size:
                return
            start += size

    def count(self, collection: str) -> int:
        held = self._held(collection)
        with self._adapted("count"):
            return held.count() if held else 0

    def collections(self) -> list[str]:
        if self._is_absent():
            return []
        with self._adapted("list the collections"):
            return sorted(held.name for held in self._opened().list_collections())

    def reset(self, collection: str) -> None:
        self._refuse_if_read_only(f"reset collection {collection!r}")
        if self._held(collection) is not None:
            with self._adapted("reset a collection"):
                self._opened().delete_collection(collection)

    def set_aside(self) -> None:
        """The folder is renamed, in the place of one renamed before; a server's data are its own."""
        self._refuse_if_read_only("set the folder aside")
        if self._is_server:
            raise VectorStoreError(f"{self.place} cannot be read, and a server's data are not moved; is it running?")
        folder = Path(self.place)
        aside = folder.with_name(folder.name + ASIDE)
        self.reopen()
        try:
            if aside.exists():
                shutil.rmtree(aside)
            if folder.exists():
                folder.rename(aside)
        except OSError as problem:
            raise VectorStoreError(f"{folder} cannot be renamed to {aside} ({problem.strerror}); move it") from problem

    def describe(self, collection: str) -> Description | None:
        held = self._held(collection)
        return _description(held, self.place) if held else None

    def reopen(self) -> None:
        self._client = None

    def _refuse_if_read_only(self, what: str) -> None:
        if self.read_only:
            raise ReadOnly(f"cannot {what} in {self.place}: it was opened for reading; only the index's owner writes")

    def _is_absent(self) -> bool:
        return self.read_only and not self._is_server and not (Path(self.place) / DATABASE_FILE).exists()

    def _held(self, collection: str) -> "Collection | None":
        """Looked up every time (0.4 ms): the owner may have reset the collection since."""
        validation.check_collection_name(collection)
        if self._is_absent():
            return None
        from chromadb.errors import NotFoundError

        with self._adapted("open a collection"):
            try:
                return self._opened().get_collection(collection, embedding_function=None)
            except NotFoundError:
                return None

    def _existing(self, collection: str) -> "tuple[Collection, Description]":
        held = self._held(collection)
        if held is None:
            raise validation.missing(collection, self.place)
        return held, _description(held, self.place)

    def _opened(self) -> "ClientAPI":
        client = self._client  # read once: another thread may reopen meanwhile
        if client is None:
            client = self._client = _connect(self.place, self._is_server)
        return client

    @contextmanager
    def _adapted(self, what: str) -> Iterator[None]:
        """Chroma raises its own errors, ValueError, sqlite's, httpx's and panics of its Rust half: they end here."""
        try:
            yield
        except (VectorStoreError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            way_out = "is the server running?" if self._is_server else "rebuild the index if its folder is damaged"
            raise VectorStoreError(f"cannot {what} in {self.place}: {error} ({way_out})") from error


def _connect(place: str, is_server: bool) -> "ClientAPI":
    """A client with an engine of its own: Chroma would share one per folder, and a reopened reader stay stale."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    with _opening:
        SharedSystemClient.clear_system_cache()
        try:
            if is_server:
                url = urlparse(place)
                port = url.port or (443 if url.scheme == "https" else 8000)
                return chromadb.HttpClient(url.hostname or "", port, ssl=url.scheme == "https", settings=settings)
            return chromadb.PersistentClient(place, settings=settings)
        finally:
            SharedSystemClient.clear_system_cache()


def _index(space: Space) -> "CreateHNSWConfiguration":
    """Chroma's defaults find 0.91 of the true ten in 2,000 x 384; these find all, in 1.1 ms."""
    return {"space": space, "ef_search": 500, "ef_construction": 200, "max_neighbors": 32}


def _description(held: "Collection", place: str) -> Description:
    stored: Mapping[str, Any] = held.metadata or {}
    if not {"embedder", "dimension", "space"} <= stored.keys():
        raise VectorStoreError(
            f"collection {held.name!r} in {place} does not say which embedder made it; reset and rebuild it"
        )
    return Description(embedder=stored["embedder"], dimension=stored["dimension"], space=stored["space"])


def _replace(held: "Collection", documents: Sequence[Document], vectors: list[Vector]) -> None:
    ids = [document.id for document in documents]
    found = held.get(ids=ids, include=["metadatas"])
    before = dict(zip(found["ids"], found["metadatas"] or [], strict=True))
    metadatas: list[Mapping[str, Any]] = [
        {**dict.fromkeys(before.get(d.id) or (), None), **(d.metadata or {EMPTY: True})} for d in documents
    ]
    held.upsert(ids=ids, embeddings=np.stack(vectors), documents=[d.text for d in documents], metadatas=metadatas)


def _page(held: "Collection", wanted: list[str] | None, start: int, size: int) -> list[Document]:
    rows: Any = (
        held.get(limit=size, offset=start, include=["documents", "metadatas", "embeddings"])
        if wanted is None
        else held.get(ids=wanted[start : start + size], include=["documents", "metadatas", "embeddings"])
    )
    columns = zip(rows["ids"], rows["documents"], rows["metadatas"], rows["embeddings"], strict=True)
    return [Document(i, text or "", _shown(m), np.asarray(v, dtype=np.float32)) for i, text, m, v in columns]


def _matches(answer: Any, space: Space) -> list[Match]:
    columns = zip(answer["ids"][0], answer["distances"][0], answer["documents"][0], answer["metadatas"][0], strict=True)
    found = [
        Match(i, validation.score_of(_distance(raw, space), space), text or "", _shown(m))
        for i, raw, text, m in columns
    ]
    return sorted(found, key=lambda match: (-match.score, match.id))


def _distance(raw: float, space: Space) -> float:
    return float(raw) if space == "cosine" else max(0.0, float(raw)) ** 0.5  # Chroma's l2 is squared


def _shown(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (metadata or {}).items() if key != EMPTY}


def _chroma_where(where: Where) -> dict[str, Any] | None:
    clauses: list[dict[str, Any]] = [
        {key: {"$in": list(wanted)}} if isinstance(wanted, tuple) else {key: {"$eq": wanted}}
        for key, wanted in where.items()
    ]
    return None if not clauses else clauses[0] if len(clauses) == 1 else {"$and": clauses}
