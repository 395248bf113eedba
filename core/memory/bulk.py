"""One act on many lessons: each is done or refused by itself, and what was refused says why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import VirtualMLEError
from core.memory.editing import Editing
from core.memory.records import Lesson
from core.records import Trial
from core.store import Store

Act = Callable[[Editing, Lesson, str], Sequence[Trial]]


@dataclass(frozen=True)
class Outcome:
    """What an act did to one lesson: `refused` is empty where it was done; `stale` proposals cite it and wait."""

    lesson: Lesson
    refused: str = ""
    stale: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Report:
    """What became of each lesson, in the order they were given."""

    verb: str
    outcomes: tuple[Outcome, ...]

    @property
    def done(self) -> tuple[Outcome, ...]:
        """Those the act was done to."""
        return tuple(each for each in self.outcomes if not each.refused)

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """Those it was refused for."""
        return tuple(each for each in self.outcomes if each.refused)

    @property
    def stale(self) -> tuple[Trial, ...]:
        """Waiting proposals that are stale now, each once."""
        return tuple({trial.id: trial for each in self.done for trial in each.stale}.values())


class Bulk:
    """Mute, archive, restore, pin, unpin, lock, unlock or delete many lessons, as they were seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._editing = Editing(store)

    def apply(self, verb: str, lessons: Sequence[Lesson], actor: str) -> Report:
        """Do it to each; a lesson that is locked, was edited since, or is as wanted already is named, not forced."""
        return Report(verb, tuple(self._one(verb, lesson, actor) for lesson in lessons))

    def _one(self, verb: str, lesson: Lesson, actor: str) -> Outcome:
        if reason := _idle(verb, lesson):
            return Outcome(lesson, reason)
        try:
            if verb == "delete":
                self._store.lessons.delete(lesson.id, actor)
                return Outcome(lesson)
            stale = ACTS[verb](self._editing, lesson, actor)
        except VirtualMLEError as problem:
            return Outcome(lesson, str(problem))
        return Outcome(self._store.lessons.get(lesson.id), stale=tuple(stale))


def _status(status: str) -> Act:
    return lambda editing, lesson, actor: editing.set_status(lesson, status, actor)[1]


def _pin(editing: Editing, lesson: Lesson, actor: str, pinned: bool = True) -> Sequence[Trial]:
    editing.pin(lesson, pinned, actor)
    return ()


def _lock(editing: Editing, lesson: Lesson, actor: str, locked: bool = True) -> Sequence[Trial]:
    editing.lock(lesson, locked, actor)
    return ()


ACTS: Mapping[str, Act] = {
    "mute": _status("muted"),
    "archive": _status("archived"),
    "restore": _status("active"),
    "pin": _pin,
    "unpin": lambda editing, lesson, actor: _pin(editing, lesson, actor, False),
    "lock": _lock,
    "unlock": lambda editing, lesson, actor: _lock(editing, lesson, actor, False),
}
DONE: Mapping[str, str] = {
    "mute": "muted",
    "archive": "archived",
    "restore": "in use",
    "pin": "pinned",
    "unpin": "unpinned",
    "lock": "locked",
    "unlock": "unlocked",
    "delete": "deleted",
}


def _idle(verb: str, lesson: Lesson) -> str:
    """Why there is nothing to do: a revision that changes nothing would only fill the history."""
    now = {
        "mute": lesson.status == "muted",
        "archive": lesson.status == "archived",
        "restore": lesson.status == "active",
        "pin": lesson.pinned,
        "unpin": not lesson.pinned,
        "lock": lesson.locked,
        "unlock": not lesson.locked,
    }
    return f"lesson {lesson.id} is {DONE[verb]} already" if now.get(verb) else ""
