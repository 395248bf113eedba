"""One study, one small step at a time, by whoever holds its lease."""

from core.loop.closing import Closing
from core.loop.judging import Judging
from core.loop.planning import Planning
from core.records import Study
from core.store import Store

LEASE_SECONDS = 120.0


class Loop:
    """Judges what has ended, ends what is spent, plans what comes next."""

    def __init__(self, store: Store, planning: Planning, judging: Judging, closing: Closing, holder: str) -> None:
        self._store = store
        self._planning = planning
        self._judging = judging
        self._closing = closing
        self._holder = holder

    def advance(self, study: Study) -> None:
        """Take every step that is due now; does nothing while another planner holds the study."""
        if study.has_ended or not self._store.leases.take(f"study-{study.id}", self._holder, LEASE_SECONDS):
            return
        while self._step(self._store.studies.get(study.id)):
            pass

    def _step(self, study: Study) -> bool:
        if study.has_ended:
            return False
        return self._judging.step(study) or self._closing.step(study) or self._planning.step(study)
