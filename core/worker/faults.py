"""Failures that must not stop the worker: noted once, tried again with growing pauses."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import StorageFailed, VirtualMLEError
from core.store import Store

log = logging.getLogger("core.worker")
LONGEST_PAUSE = 60.0


@dataclass
class _Fault:
    count: int
    text: str
    retry_at: float


class Faults:
    """One study's exception, a full disk, a broken index: the rest goes on."""

    def __init__(self, store: Store, actor: str, monotonic: Callable[[], float]) -> None:
        self._store, self._actor, self._monotonic = store, actor, monotonic
        self._faults: dict[str, _Fault] = {}

    def is_due(self, key: str) -> bool:
        """Whether a thing that failed may be tried again."""
        fault = self._faults.get(key)
        return fault is None or self._monotonic() >= fault.retry_at

    def count(self, key: str) -> int:
        """How often a thing failed in a row."""
        fault = self._faults.get(key)
        return fault.count if fault else 0

    def attempt(self, key: str, what: str, work: Callable[[], bool | None], study_id: int | None = None) -> bool:
        """Do `work` unless it has to wait; what it returned, and False when it failed or had to wait."""
        if not self.is_due(key):
            return False
        try:
            result = bool(work())
        except Exception as problem:  # noqa: BLE001 - noted below; one study's bug must not stop the others' runs
            self._remember(key, what, problem, study_id)
            return False
        if self._faults.pop(key, None):
            log.info("%s works again (%s)", what, key)
        return result

    def _remember(self, key: str, what: str, problem: Exception, study_id: int | None) -> None:
        before = self._faults.get(key)
        text = str(problem) if isinstance(problem, VirtualMLEError) else f"{type(problem).__name__}: {problem}"
        count = before.count + 1 if before else 1
        pause = min(LONGEST_PAUSE, 2.0 ** (count - 1))
        self._faults[key] = _Fault(count, text, self._monotonic() + pause)
        if before is None or before.text != text:
            log.error("%s failed (%s); next try in %.0f s", what, key, pause, exc_info=problem)
            self._note(what, text, study_id)

    def _note(self, what: str, text: str, study_id: int | None) -> None:
        try:
            self._store.events.note(f"{what} failed", self._actor, {"error": text}, study_id=study_id)
        except StorageFailed as problem:  # the log has the first failure; this one is most likely its cause
            log.error("the failure could not be noted: %s", problem)
