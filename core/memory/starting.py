"""The memory that ships with the program: rules distilled from its benchmark studies, labelled, and left out at will.

A home where nothing has happened yet takes it once. Its lessons begin untried like those of any pack: what they are
worth is earned here.
"""

from pathlib import Path

from core.errors import NotFound
from core.memory.bulk import Bulk, Report
from core.memory.pack_file import read_pack
from core.memory.records import Lesson
from core.memory.unpacking import Unpacking
from core.store import Store

PACK = Path(__file__).with_name("starting_memory.zip")
STARTING = "starting memory"  # the author of its lessons
LEFT_OUT = "starting memory left out"  # the event that keeps it from coming by itself
LEASE_SECONDS = 120.0
IN_USE = ("active", "muted")
EVERY = (*IN_USE, "archived")


class Starting:
    """Takes the pack in, or leaves it out; both ways are open at any time."""

    def __init__(self, store: Store, pack: Path = PACK) -> None:
        self._store = store
        self._pack = pack

    def lessons(self) -> list[Lesson]:
        """Those of it that are in use."""
        return self._store.lessons.all(IN_USE, author=STARTING)

    def take_at_first(self, holder: str) -> int:
        """Into a home without studies and without other lessons, unless it came or was left out before; how many.

        One process does it: a second that opens the same home meanwhile goes on without waiting.
        """
        if not self._pack.exists() or not self._is_fresh():
            return 0
        if not self._store.leases.take(STARTING, holder, LEASE_SECONDS):
            return 0
        try:
            return self.take(STARTING) if self._is_fresh() else 0
        finally:
            self._store.leases.release(STARTING, holder)

    def take(self, actor: str) -> int:
        """Every lesson of it that is not in use here; how many. Raises NotFound, InvalidInput, StorageFailed."""
        if not self._pack.exists():
            raise NotFound(f"{self._pack.name} is not there; make it: python -m benchmarks.starting_pack")
        before = {lesson.id for lesson in self.lessons()}
        Unpacking(self._store).take(read_pack(self._pack), actor, author=STARTING)
        archived = self._store.lessons.all(("archived",), author=STARTING)
        Bulk(self._store).apply("restore", archived, actor)
        return sum(lesson.id not in before for lesson in self.lessons())

    def leave_out(self, actor: str) -> Report:
        """Archive what is in use of it, and never take it by itself again."""
        report = Bulk(self._store).apply("archive", self.lessons(), actor)
        self._store.events.note(LEFT_OUT, actor, {"lessons": len(report.done)})
        return report

    def _is_fresh(self) -> bool:
        """Nobody tuned or wrote anything here, and it was neither taken whole nor left out."""
        if any(lesson.author != STARTING for lesson in self._store.lessons.all(EVERY)):
            return False
        if self._store.studies.all():
            return False
        return not self._store.events.has((LEFT_OUT, "memory pack imported"))
