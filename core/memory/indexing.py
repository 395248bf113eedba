"""The one owner of the vector index: applies the outbox, rebuilds from SQL, and names every difference.

Ownership is a lease in SQL (for owners on other machines) and a lock file (for those on this one).
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from core.data.profile_features import SCALES, features_name
from core.errors import Conflict
from core.memory.documents import (
    LESSONS,
    PROFILES,
    is_lesson,
    lesson_document,
    lesson_id,
    lesson_text,
    profile_document,
)
from core.memory.embedding import CachedEmbedder
from core.memory.records import Lesson
from core.store import Store
from vectorstore.protocol import Document, EmbedderUnavailable, ReadOnly, VectorStore, VectorStoreError

log = logging.getLogger("core.memory")

LEASE = "index"
LEASE_SECONDS = 60.0
LOCK_SECONDS = 10.0
BATCH = 500
NEAR = 1e-4  # what an index may round off a vector
EVERY = "*"  # stands for all documents of a collection


@dataclass(frozen=True)
class Difference:
    """A document that the index lacks, has too much, or holds otherwise than SQL; `EVERY` stands for all of them."""

    collection: str
    document_id: str
    fault: str  # missing, left over, out of date, made by another embedder, cannot be read


class Indexer:
    """Writes the index. Raises VectorStoreError, and Conflict while another process owns it."""

    def __init__(self, store: Store, index: VectorStore, embedder: CachedEmbedder, holder: str, lock: Path) -> None:
        self._store = store
        self._index = index
        self._embedder = embedder
        self._holder = holder
        self._lock = FileLock(lock)
        self._lock_seconds = LOCK_SECONDS
        self._seen_version = -1

    def apply(self) -> int:
        """Take what the outbox holds into the index; returns how many notes were taken."""
        notes = self._store.index.pending(BATCH)
        if not notes:
            return 0
        with self._owned():
            self._ensure()
            self._update_lessons({document for _, collection, document in notes if collection == LESSONS})
            self._update_profiles({document for _, collection, document in notes if collection == PROFILES})
            self._store.index.done([note for note, _, _ in notes])
        return len(notes)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the index anew from SQL, whatever embedder the old one had; returns how many documents it holds.

        What cannot be emptied or written is set aside, and a new one begun in its place.
        """
        with self._owned():
            waiting = [note for note, _, _ in self._store.index.pending(1_000_000)]  # what comes later waits its turn
            try:
                self._empty()
                count = self._fill(progress)
            except (EmbedderUnavailable, ReadOnly):
                raise
            except VectorStoreError as problem:
                log.warning("the vector index cannot be made anew where it is and is set aside: %s", problem)
                self._index.set_aside()
                count = self._fill(progress)
            self._store.index.done(waiting)
            self._store.index.move()
        return count

    def is_sound(self) -> bool:
        """Whether the index can be read and is of this installation's making; a look at its head alone."""
        return not self._faults()

    def check(self) -> list[Difference]:
        """Every difference between SQL and the index; those that the outbox already names are not counted."""
        if faults := self._faults():
            return faults
        waiting = {(collection, document) for _, collection, document in self._store.index.pending(1_000_000)}
        found = _differences(LESSONS, self._expected(), self._held(LESSONS))
        found += _differences(PROFILES, {each.id: each for each in self._profiles()}, self._held(PROFILES))
        return [each for each in found if (each.collection, each.document_id) not in waiting]

    def mend(self) -> list[Difference]:
        """Post every difference to the outbox and apply it, or rebuild; returns what was mended."""
        found = self.check()
        if any(each.document_id == EVERY for each in found):
            self.rebuild()
            return found
        for each in found:
            self._store.index.post(each.collection, each.document_id)
        while self.apply():
            pass
        return found

    def _faults(self) -> list[Difference]:
        """Collections that cannot be read, or that another embedder or other features made."""
        ours = {LESSONS: self._embedder.name, PROFILES: features_name()}
        found = []
        for collection, maker in ours.items():
            try:
                held = self._index.describe(collection)
            except VectorStoreError as problem:
                found.append(Difference(collection, EVERY, f"cannot be read: {problem}"))
                continue
            if held is not None and held["embedder"] != maker:
                found.append(Difference(collection, EVERY, f"made by {held['embedder']}, not by {maker}"))
        return found

    def _empty(self) -> None:
        for collection in (LESSONS, PROFILES):
            if collection in self._index.collections():
                self._index.reset(collection)

    def _fill(self, progress: Callable[[int, int], None] | None) -> int:
        """Everything that SQL holds, into an index that holds nothing."""
        self._ensure()
        lessons, profiles = self._lessons(), self._profiles()
        for start in range(0, len(lessons), BATCH):
            self._index.upsert(LESSONS, self._documents(lessons[start : start + BATCH]))
            self._store.leases.take(LEASE, self._holder, LEASE_SECONDS)
            if progress:
                progress(min(start + BATCH, len(lessons)), len(lessons) + len(profiles))
        self._index.upsert(PROFILES, profiles)
        return len(lessons) + len(profiles)

    def _ensure(self) -> None:
        self._index.ensure(LESSONS, self._embedder.name, self._embedder.dimension)
        self._index.ensure(PROFILES, features_name(), len(SCALES), space="l2")

    def _update_lessons(self, document_ids: set[str]) -> None:
        noted = self._store.lessons.some(lesson_id(each) for each in document_ids if is_lesson(each))
        wanted = [lesson for lesson in noted.values() if lesson.status == "active"]
        gone = document_ids - {lesson.document_id for lesson in wanted}
        if wanted:
            self._index.upsert(LESSONS, self._documents(wanted))
        if gone:
            self._index.delete(LESSONS, sorted(gone))

    def _update_profiles(self, document_ids: set[str]) -> None:
        wanted = [document for document in self._profiles() if document.id in document_ids]
        gone = document_ids - {document.id for document in wanted}
        if wanted:
            self._index.upsert(PROFILES, wanted)
        if gone:
            self._index.delete(PROFILES, sorted(gone))

    def _lessons(self) -> list[Lesson]:
        return self._store.lessons.all(statuses=("active",))

    def _profiles(self) -> list[Document]:
        return [profile_document(dataset) for dataset in self._store.datasets.all()]

    def _documents(self, lessons: Sequence[Lesson]) -> list[Document]:
        vectors = self._embedder.embed([lesson_text(lesson) for lesson in lessons])
        return [lesson_document(lesson, vector) for lesson, vector in zip(lessons, vectors, strict=True)]

    def _expected(self) -> dict[str, Document]:
        """Each lesson's document, with the vector that SQL remembers; one that was never embedded stands as zero."""
        lessons = self._lessons()
        known = self._embedder.known([lesson_text(lesson) for lesson in lessons])
        nothing = np.zeros(self._embedder.dimension, dtype=np.float32)
        documents = (lesson_document(each, known.get(lesson_text(each), nothing)) for each in lessons)
        return {document.id: document for document in documents}

    def _held(self, collection: str) -> dict[str, Document]:
        try:
            return {document.id: document for document in self._index.get(collection)}
        except VectorStoreError:  # a lost folder reads as empty: everything is then missing, and mended
            return {}

    def _see_other_owners(self) -> None:
        """A client that was open while another process wrote would overwrite its index with an older one."""
        if self._seen_version != self._store.index.version():
            self._index.reopen()

    @contextmanager
    def _owned(self) -> Iterator[None]:
        if not self._store.leases.take(LEASE, self._holder, LEASE_SECONDS):
            owner = self._store.leases.holder(LEASE)
            raise Conflict(f"the vector index is written by {owner} now; wait until it is done, or stop it")
        try:
            with self._lock.acquire(timeout=self._lock_seconds):
                self._see_other_owners()
                yield
                self._seen_version = self._store.index.version()
        except Timeout as problem:
            raise Conflict(
                f"another process holds {self._lock.lock_file}; wait until it is done, or stop it"
            ) from problem
        finally:
            self._store.leases.release(LEASE, self._holder)


def _differences(collection: str, wanted: Mapping[str, Document], held: Mapping[str, Document]) -> list[Difference]:
    missing = [Difference(collection, id, "missing") for id in sorted(wanted.keys() - held.keys())]
    left_over = [Difference(collection, id, "left over") for id in sorted(held.keys() - wanted.keys())]
    shared = sorted(wanted.keys() & held.keys())
    old = [Difference(collection, id, "out of date") for id in shared if not _same(wanted[id], held[id])]
    return missing + left_over + old


def _same(wanted: Document, held: Document) -> bool:
    if (wanted.text, dict(wanted.metadata)) != (held.text, dict(held.metadata)):
        return False
    return wanted.vector.shape == held.vector.shape and np.allclose(wanted.vector, held.vector, atol=NEAR)
