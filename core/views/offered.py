"""What the memory offers a study before it starts: datasets like its own, lessons to accept or reject, configs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.figures import param_changes
from core.memory.conditions import Clause
from core.memory.hits import Hit
from core.memory.preview import preview
from core.memory.records import Lesson
from core.memory.trust import Prior, prior_of
from core.memory.warm_start import VERSION
from core.records import Dataset
from core.space import SearchSpace
from core.views.lesson_titles import titles
from core.views.lessons import LEVEL_WORDS, Trust, enumerated, trust
from core.views.memory import fits
from core.views.transfer import Near, near_of
from core.views.versions import version_words
from core.workspace import Workspace

NEAREST = 3
OPENING = 2  # configs that a study tries as a whole, at most (core/agents/opening.py)


@dataclass(frozen=True)
class OfferedLesson:
    """A lesson that the study's agent would be shown; `sets` is its field of the first config, `change` in words."""

    lesson: Lesson
    title: str
    level: str
    trust: Trust
    clauses: tuple[Clause, ...]
    is_rejected: bool
    applies: bool
    change: str = ""

    @property
    def unmet(self) -> tuple[str, ...]:
        """Conditions that this data does not meet; the lesson is shown then, and sets nothing."""
        return tuple(clause.text for clause in self.clauses if clause.met is not True)


@dataclass(frozen=True)
class First:
    """A whole config to be tried after the baseline: where it comes from, and `field before → after`."""

    source: str
    changes: tuple[str, ...]
    of_version: bool = False  # what the version before this one recommends


@dataclass(frozen=True)
class Offer:
    """Everything; `version` tells of which data it is a new version, `notice` why the index could not be asked."""

    nearest: tuple[Near, ...] = ()
    lessons: tuple[OfferedLesson, ...] = ()
    first: tuple[First, ...] = ()
    known_here: int = 0
    version: str = ""
    notice: str = ""

    @property
    def accepted(self) -> int:
        """How many lessons the study would go with."""
        return sum(not each.is_rejected for each in self.lessons)


def offer(
    workspace: Workspace,
    dataset: Dataset,
    space: SearchSpace,
    rejected: Collection[int] = (),
    without_lineage: bool = False,
) -> Offer:
    """As the study would find it when it starts; the rejected lessons stay in the list, so that they can come back."""
    seen = preview(
        workspace.store, workspace.retrieval, dataset, space.backbone, without_lineage, list(rejected), space
    )
    fault = workspace.retrieval.fault
    prior, rules = prior_of(workspace.store), next((each for each in seen.transferred if each.kind == "rules"), None)
    changes = {id: rules.changes[axis] for axis, id in rules.lessons.items()} if rules else {}
    held = [each for each in workspace.store.lessons.some(rejected).values() if each.status == "active"]
    named = titles(workspace.store, [*(hit.lesson for hit in seen.hits), *held])
    found = [_offered(hit, named, prior, changes.get(hit.lesson.id)) for hit in seen.hits]
    found += [_rejected(lesson, named, prior, dataset) for lesson in held]
    return Offer(
        nearest=tuple(near_of(each) for each in seen.nearest[:NEAREST]),
        lessons=tuple(sorted(found, key=lambda each: (not each.change, each.lesson.level != "cognition"))),
        first=tuple(
            First(each.source, _changes(each.changes), each.kind == VERSION) for each in seen.transferred[:OPENING]
        ),
        known_here=seen.known_here,
        notice=f"Found without the index of lessons: {fault}. `python -m core memory rebuild` mends it."
        if fault
        else "",
        version=version_words(seen.earlier),
    )


def in_short(given: Offer) -> str:
    """For the head of the card: `6 lessons, 2 rejected; like beauty and sports`."""
    rejected = len(given.lessons) - given.accepted
    count = "1 lesson" if len(given.lessons) == 1 else f"{len(given.lessons) or 'no'} lessons"
    parts = [count, f"{rejected} rejected"] if rejected else [count]
    like = enumerated([near.dataset.name for near in given.nearest[:2]]) if given.nearest else ""
    return ", ".join(parts) + (f"; most like {like}" if like else "")


def _offered(hit: Hit, named: Mapping[int, str], prior: Prior, change: tuple[Any, Any] | None) -> OfferedLesson:
    lesson = hit.lesson
    words = param_changes({lesson.axis.replace("_", " "): change}) if change else ""
    level, earned = LEVEL_WORDS[lesson.level], trust(lesson, prior)
    return OfferedLesson(lesson, named[lesson.id], level, earned, hit.clauses, False, hit.applies, words)


def _rejected(lesson: Lesson, named: Mapping[int, str], prior: Prior, dataset: Dataset) -> OfferedLesson:
    level, applies = LEVEL_WORDS[lesson.level], fits(lesson, dataset)
    return OfferedLesson(lesson, named[lesson.id], level, trust(lesson, prior), (), True, applies)


def _changes(changes: Mapping[str, tuple[Any, Any]]) -> tuple[str, ...]:
    return tuple(param_changes({name.replace("_", " "): change}) for name, change in changes.items())
