"""A person's acts on lessons, checked at the time of the edit and never later."""

from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput
from core.memory.conditions import parse
from core.records import Lesson, Trial
from core.store import Store
from core.store.lessons import LEVELS, STATUSES
from recmodels.registry import BACKBONES

LONGEST_CLAIM = 2_000
KINDS = ("do", "avoid", "fact")


class Editing:
    """Edit, pin, mute, archive, restore. An edit makes waiting proposals that cite the lesson stale."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def edit(
        self, lesson: Lesson, changes: Mapping[str, Any], actor: str, reason: str = ""
    ) -> tuple[Lesson, list[Trial]]:
        """The next revision, and the trials whose waiting proposals are stale now. Raises InvalidInput, Conflict."""
        check_lesson({**vars(lesson), **changes})
        edited = self._store.lessons.edit(lesson.id, lesson.revision, changes, actor, reason)
        why = f"lesson {lesson.id}, which it cites, was changed by {actor} (revision {edited.revision})"
        return edited, self._store.proposals.mark_stale(lesson.id, why, actor)

    def add(self, values: Mapping[str, Any], actor: str) -> Lesson:
        """A lesson written by a person. Raises InvalidInput."""
        check_lesson(values)
        return self._store.lessons.add(values, actor, "written by hand")

    def set_status(self, lesson: Lesson, status: str, actor: str) -> tuple[Lesson, list[Trial]]:
        """Mute (kept, not used), archive (out of sight) or activate again. Raises Conflict."""
        return self.edit(lesson, {"status": status}, actor, status)

    def pin(self, lesson: Lesson, pinned: bool, actor: str) -> Lesson:
        """Always show it to the agent, or no more. Raises Conflict."""
        reason = "pinned" if pinned else "unpinned"
        return self._store.lessons.edit(lesson.id, lesson.revision, {"pinned": pinned}, actor, reason)

    def restore(self, lesson: Lesson, revision: int, actor: str) -> tuple[Lesson, list[Trial]]:
        """An old revision as the newest one. Raises NotFound, Conflict."""
        restored = self._store.lessons.restore(lesson.id, revision, actor)
        why = f"lesson {lesson.id}, which it cites, was restored to revision {revision} by {actor}"
        return restored, self._store.proposals.mark_stale(lesson.id, why, actor)


def check_lesson(values: Mapping[str, Any]) -> None:
    """Raises InvalidInput naming the field, its value and what it may be."""
    claim = str(values.get("claim", "")).strip()
    if not claim:
        raise InvalidInput("the claim is empty; say in a sentence what holds")
    if len(claim) > LONGEST_CLAIM:
        raise InvalidInput(f"a claim of {len(claim):,} characters is too long; at most {LONGEST_CLAIM:,}")
    for name, allowed in (("kind", KINDS), ("level", LEVELS), ("status", STATUSES)):
        if name in values and values[name] not in allowed:
            raise InvalidInput(f"{name}={values[name]!r} is none of {', '.join(allowed)}")
    backbone, axis = str(values.get("backbone", "")), str(values.get("axis", ""))
    if backbone and backbone not in BACKBONES:
        raise InvalidInput(f"backbone={backbone!r} does not exist; there are {', '.join(BACKBONES)}, or leave it empty")
    knobs = {name for known in BACKBONES.values() if known.name == (backbone or known.name) for name in known.params()}
    if axis and axis not in knobs:
        raise InvalidInput(
            f"axis={axis!r} is no knob of {backbone or 'any backbone'}; there are {', '.join(sorted(knobs))}"
        )
    parse(str(values.get("conditions", "")))
