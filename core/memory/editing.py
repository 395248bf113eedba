"""A person's acts on lessons, checked at the time of the edit and never later."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import InvalidInput
from core.memory.conditioning import conditions_of
from core.memory.conditions import parse
from core.memory.records import Lesson
from core.memory.relations import Relations
from core.memory.storable import is_storable
from core.records import Trial
from core.store import Store
from core.store.lessons import LENGTHS, LEVELS, STATUSES
from recmodels.registry import BACKBONES

LONGEST_CLAIM = 2_000
LARGEST_EFFECT = 1.0  # a relative change beyond that is no tuning step
SAID = {"claim", "kind", "axis", "direction", "conditions", "level", "backbone", "status"}  # what relations read
STEP = ("axis", "direction", "kind")
KINDS = ("do", "avoid", "fact")


class Editing:
    """Edit, pin, lock, mute, archive, restore, move. An edit makes waiting proposals that cite the lesson stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._relations = Relations(store)

    def edit(
        self, lesson: Lesson, changes: Mapping[str, Any], actor: str, reason: str = ""
    ) -> tuple[Lesson, list[Trial]]:
        """The next revision, and the trials whose waiting proposals are stale now. Raises InvalidInput, Conflict."""
        changes = _without_old_range(lesson, self._scoped(lesson, changes))
        if "effect" in changes:
            self._check_effect(lesson, changes["effect"])
        if set(changes) - {"status"}:  # what another version wrote and this one cannot read can still be put away
            check_lesson({**vars(lesson), **changes})
        edited = self._store.lessons.edit(lesson.id, lesson.revision, changes, actor, reason)
        self._relate(edited, changes, actor)
        why = f"lesson {lesson.id}, which it cites, was changed by {actor} (revision {edited.revision})"
        return edited, self._store.proposals.mark_stale(lesson.id, why, actor)

    def add(self, values: Mapping[str, Any], actor: str) -> Lesson:
        """A lesson written by a person. Raises InvalidInput."""
        check_lesson(values)
        check_scope(values)
        _check_size(values.get("effect"))
        lesson = self._store.lessons.add({**values, "lineage": self._lineage(values)}, actor, "written by hand")
        self._relate(lesson, values, actor)
        return lesson

    def set_status(self, lesson: Lesson, status: str, actor: str) -> tuple[Lesson, list[Trial]]:
        """Mute (kept, not used), archive (out of sight) or activate again. Raises Conflict."""
        return self.edit(lesson, {"status": status}, actor, status)

    def pin(self, lesson: Lesson, pinned: bool, actor: str) -> Lesson:
        """Always show it to the agent, or no more. Raises Conflict."""
        reason = "pinned" if pinned else "unpinned"
        return self._store.lessons.edit(lesson.id, lesson.revision, {"pinned": pinned}, actor, reason)

    def lock(self, lesson: Lesson, locked: bool, actor: str) -> Lesson:
        """Let nobody change it, the agent's consolidation included, or allow it again. Raises Conflict."""
        reason = "locked" if locked else "unlocked"
        return self._store.lessons.edit(lesson.id, lesson.revision, {"locked": locked}, actor, reason)

    def move_level(self, lesson: Lesson, level: str, actor: str) -> tuple[Lesson, list[Trial]]:
        """Promote or demote by hand; across datasets it gets its data's conditions. Raises InvalidInput, Conflict."""
        return self.edit(lesson, {"level": level}, actor, f"moved from {lesson.level} to {level}")

    def undo(self, lesson: Lesson, actor: str) -> tuple[Lesson, list[Trial]]:
        """Take the newest revision back; undone twice, it is there again. Raises InvalidInput, Conflict."""
        if lesson.revision < 2:
            raise InvalidInput(f"lesson {lesson.id} is as it was written; there is nothing to undo")
        return self.restore(lesson, lesson.revision - 1, actor)

    def restore(self, lesson: Lesson, revision: int, actor: str) -> tuple[Lesson, list[Trial]]:
        """An old revision as the newest one. Raises NotFound, Conflict, InvalidInput when it is valid no more."""
        for old in self._store.lessons.revisions(lesson.id):
            if old.revision == revision:
                check_lesson({**vars(lesson), **old.body})
        restored = self._store.lessons.restore(lesson.id, lesson.revision, revision, actor)
        self._relate(restored, vars(restored), actor)
        why = f"lesson {lesson.id}, which it cites, was restored to revision {revision} by {actor}"
        return restored, self._store.proposals.mark_stale(lesson.id, why, actor)

    def _relate(self, lesson: Lesson, changed: Iterable[str], actor: str) -> None:
        """What an edit made alike or contrary is linked, and what it cured is closed."""
        if SAID & set(changed):
            self._relations.relate([lesson], actor)

    def _check_effect(self, lesson: Lesson, effect: float | None) -> None:
        _check_size(effect)
        if effect != lesson.effect and self._store.lessons.is_witnessed(lesson.id):
            raise InvalidInput(
                f"the effect of lesson {lesson.id} is the mean over its trials; a lesson without trials has one by hand"
            )

    def _scoped(self, lesson: Lesson, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """A rule that is moved across datasets gets the conditions of its data, where nobody gave it any."""
        if changes.get("level", lesson.level) == lesson.level:
            return changes
        check_scope({**vars(lesson), **changes})
        has_conditions = changes.get("conditions", lesson.conditions)
        if changes["level"] != "cognition" or has_conditions or not lesson.dataset_id:
            return changes
        return {**changes, "conditions": conditions_of(self._store.datasets.get(lesson.dataset_id), lesson.axis)}

    def _lineage(self, values: Mapping[str, Any]) -> str | None:
        """Of the data that a lesson belongs to, so that a study can leave it out."""
        dataset_id = values.get("dataset_id")
        if dataset_id is None and values.get("study_id") is not None:
            dataset_id = self._store.studies.get(int(values["study_id"])).dataset_id
        return None if dataset_id is None else self._store.datasets.get(str(dataset_id)).lineage


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
    _check_texts(values)
    _check_direction(values, axis, backbone)
    _check_range(values, axis, backbone)


def _without_old_range(lesson: Lesson, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """A range belongs to the step it was found with: another step starts without one, unless it brings its own."""
    is_same = all(changes.get(name, getattr(lesson, name)) == getattr(lesson, name) for name in STEP)
    if is_same or lesson.low is None or {"low", "high"} & set(changes):
        return changes
    return {**changes, "low": None, "high": None}


def check_scope(values: Mapping[str, Any]) -> None:
    """A rule below `cognition` belongs to something. Raises InvalidInput."""
    if values.get("level") == "study" and values.get("study_id") is None:
        raise InvalidInput("a lesson of level study belongs to a study; name one with --study, or write it wider")
    if values.get("level") == "dataset" and values.get("dataset_id") is None:
        raise InvalidInput("a lesson of level dataset belongs to a dataset; name one with --dataset, or write it wider")


def lacking(values: Mapping[str, Any]) -> list[str]:
    """Backbones that have no such knob as the rule is about: on a study of theirs it can do nothing."""
    axis, backbone = str(values.get("axis", "")), str(values.get("backbone", ""))
    if not axis or backbone:
        return []
    return [known.name for known in BACKBONES.values() if axis not in known.params()]


def _check_texts(values: Mapping[str, Any]) -> None:
    """Every database takes them, PostgreSQL with its columns' lengths among them."""
    for name, value in values.items():
        most = LENGTHS.get(name, LONGEST_CLAIM)
        if isinstance(value, str) and not is_storable(value, most):
            fault = f"{len(value):,} characters; at most {most}" if len(value) > most else "a character that is none"
            raise InvalidInput(f"{name}={value[:40]!a} has {fault}")


def _check_size(effect: Any) -> None:
    if effect is not None and not (isinstance(effect, int | float) and abs(effect) <= LARGEST_EFFECT):
        raise InvalidInput(f"effect={effect!r} is beyond what a step can do; give at most {LARGEST_EFFECT:g}, +100 %")


def _check_direction(values: Mapping[str, Any], axis: str, backbone: str) -> None:
    """Up or down where values have an order, else one of the options of some backbone that has the knob."""
    direction = str(values.get("direction", ""))
    if not axis or not direction:
        return
    allowed = ["up", "down"]
    for known in BACKBONES.values():
        param = known.params().get(axis) if known.name == (backbone or known.name) else None
        if param is not None:
            allowed += [str(option) for option in ((False, True) if param.kind == "flag" else param.options)]
    if direction not in allowed:
        raise InvalidInput(f"direction={direction[:40]!r} is none of {axis}'s: {', '.join(dict.fromkeys(allowed))}")


def _check_range(values: Mapping[str, Any], axis: str, backbone: str) -> None:
    low, high = values.get("low"), values.get("high")
    if low is None and high is None:
        return
    if low is None or high is None or not low <= high:
        raise InvalidInput(f"the range [{low}, {high}] is none; give both ends, low <= high")
    for known in BACKBONES.values():
        param = known.params().get(axis) if known.name == (backbone or known.name) else None
        if param is not None and (param.low is None or param.high is None):
            raise InvalidInput(f"{axis} has options and no range; name the option as the direction instead")
        if param is not None and not (param.low or 0.0) <= low <= high <= (param.high or 0.0):
            raise InvalidInput(f"[{low:g}, {high:g}] is not inside [{param.low:g}, {param.high:g}], {axis}'s own range")
