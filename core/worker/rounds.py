"""When studies are moved on, the index brought up to date, and reveals performed."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial

from core.errors import Conflict, StorageFailed, VirtualMLEError
from core.records import Reveal, Study
from core.store import Store
from core.worker.background import Background
from core.worker.faults import Faults
from core.worker.protocols import Indexer, Loop, Reveals

log = logging.getLogger("core.worker")
ROUND_SECONDS = 2.0
REVEAL_SECONDS = 1.0
MOST_FAILURES = 3


class Rounds:
    """Calls the loop for each study whose version moved, or every two seconds; then applies the index's outbox.

    In its first round, and whenever the index could not be read or written, it compares the index with SQL.
    """

    def __init__(
        self, loop: Loop, indexer: Indexer, faults: Faults, background: Background, monotonic: Callable[[], float]
    ) -> None:
        self._loop, self._indexer, self._faults = loop, indexer, faults
        self._background, self._monotonic = background, monotonic
        self._seen: dict[int, tuple[int, float]] = {}
        self._indexed_at = float("-inf")
        self._has_indexed = False
        self._has_checked = False

    @property
    def is_busy(self) -> bool:
        """Whether a round goes on beside the ticks."""
        return self._background.is_busy

    def tick(self, studies: Sequence[Study]) -> bool:
        """Start a round if one is due; whether something moved."""
        now = self._monotonic()
        if self._background.is_busy:
            return False
        due = [study for study in studies if self._is_due(study, now)]
        if not due and now < self._indexed_at + ROUND_SECONDS:
            return False
        moved = any(self._has_moved(study) for study in due)
        for study in due:
            self._seen[study.id] = (study.version, now)
        self._indexed_at, self._has_indexed = now, False
        self._background.start(lambda: self._round(due))
        return moved or self._has_indexed

    def _is_due(self, study: Study, now: float) -> bool:
        if not self._faults.is_due(_key(study)):
            return False
        return self._has_moved(study) or now >= self._seen[study.id][1] + ROUND_SECONDS

    def _has_moved(self, study: Study) -> bool:
        return study.id not in self._seen or self._seen[study.id][0] != study.version

    def _round(self, studies: Sequence[Study]) -> None:
        if not (self._has_checked and self._indexer.is_sound()):
            self._has_checked = self._faults.attempt("index check", "index", self._check_index)
        for study in studies:
            self._faults.attempt(_key(study), "loop", partial(self._loop.advance, study), study.id)
        self._has_indexed = self._faults.attempt("index", "index", lambda: self._indexer.apply() > 0)
        self._has_checked = self._has_checked and not self._faults.count("index")

    def _check_index(self) -> bool:
        """What was lost, left behind or made by others is mended and told."""
        mended = self._indexer.mend()
        if mended:
            log.warning("the vector index differed from SQL in %d places and was mended: %s", len(mended), mended[:3])
        return True


class RevealDesk:
    """Performs requested reveals one at a time; one that cannot succeed is finished as failed, with its cause."""

    def __init__(
        self,
        store: Store,
        reveals: Reveals,
        actor: str,
        faults: Faults,
        background: Background,
        monotonic: Callable[[], float],
    ) -> None:
        self._store, self._reveals, self._actor, self._faults = store, reveals, actor, faults
        self._background, self._monotonic = background, monotonic
        self._look_at = float("-inf")

    @property
    def is_busy(self) -> bool:
        """Whether a reveal goes on."""
        return self._background.is_busy

    def tick(self) -> bool:
        """Start the next reveal if one waits; whether one did."""
        if self._background.is_busy or self._monotonic() < self._look_at:
            return False
        self._look_at = self._monotonic() + REVEAL_SECONDS
        due = [each for each in self._store.reveals.requested() if self._faults.is_due(_reveal_key(each))]
        if due:
            self._background.start(lambda: self._perform_all(due))
        return bool(due)

    def _perform_all(self, reveals: Sequence[Reveal]) -> None:
        for reveal in reveals:
            self._faults.attempt(_reveal_key(reveal), "reveal attempt", partial(self._perform, reveal), reveal.study_id)

    def _perform(self, reveal: Reveal) -> None:
        try:
            self._reveals.perform(reveal)
        except Exception as problem:
            is_final = isinstance(problem, VirtualMLEError) and not isinstance(problem, StorageFailed)
            if not is_final and self._faults.count(_reveal_key(reveal)) + 1 < MOST_FAILURES:
                raise
            log.error("the reveal of study %s failed", reveal.study_id, exc_info=problem)
            with contextlib.suppress(Conflict):  # it was finished before it failed
                self._store.reveals.finish(reveal, None, f"{problem}; ask for the reveal again", self._actor)


def _key(study: Study) -> str:
    return f"study {study.id}"


def _reveal_key(reveal: Reveal) -> str:
    return f"reveal {reveal.id} of {reveal.requested_at}"
