"""What a lesson's form offers: knobs of a backbone with their directions, levels that make sense, where it applies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.profile import FEATURES
from core.errors import InvalidInput
from core.memory.editing import KINDS
from core.memory.records import Lesson, LessonRevision
from core.records import Dataset, Study
from core.space import SearchSpace
from core.views.lesson_conditions import meets
from core.views.lessons import KIND_WORDS, LEVEL_WORDS
from recmodels.registry import BACKBONES

FIELDS = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")
EMPTY: Mapping[str, str] = {**dict.fromkeys(FIELDS, ""), "kind": "do", "level": "cognition"}
FEATURES_IN_WORDS = ", ".join(f"`{name}`" for name in FEATURES)


@dataclass(frozen=True)
class Applies:
    """Which datasets meet the conditions as typed, or why they cannot be read; empty conditions hold everywhere."""

    datasets: tuple[tuple[str, bool], ...]
    fault: str = ""


def kinds() -> dict[str, str]:
    """Kinds of lesson with the words for them."""
    return {kind: KIND_WORDS[kind] for kind in KINDS}


def levels(lesson: Lesson | None, study: Study | None) -> dict[str, str]:
    """Levels a lesson can have: a study's or a dataset's only where there is one to belong to."""
    has_study = lesson.study_id is not None if lesson else study is not None
    has_dataset = lesson.dataset_id is not None if lesson else study is not None
    allowed = {"study": has_study, "dataset": has_dataset, "cognition": True}
    own = lesson.level if lesson else "cognition"
    return {level: words for level, words in LEVEL_WORDS.items() if allowed[level] or level == own}


def backbones() -> dict[str, str]:
    """Every backbone by its name, and any."""
    return {"": "any backbone", **{backbone.name: backbone.title for backbone in BACKBONES.values()}}


def axes(backbone: str) -> list[str]:
    """The knobs a rule can be about; none of them is a choice too."""
    known = [backbone] if backbone in BACKBONES else list(BACKBONES)
    return ["", *dict.fromkeys(name for each in known for name in SearchSpace.of(each).declared)]


def directions(backbone: str, axis: str) -> list[str]:
    """Up and down for a knob with an order, else its options."""
    known = [backbone] if backbone in BACKBONES else list(BACKBONES)
    for each in known:
        if param := SearchSpace.of(each).declared.get(axis):
            ordered = param.kind in ("int", "float") or all(isinstance(o, int) for o in param.options)
            is_ordered = ordered and param.kind != "flag"
            return ["up", "down"] if is_ordered else [str(option) for option in param.options]
    return [""]


def values_of(lesson: Lesson) -> dict[str, str]:
    """A lesson's fields as the form shows them."""
    return {name: str(getattr(lesson, name)) for name in FIELDS}


def changed(lesson: Lesson, entered: Mapping[str, str]) -> dict[str, str]:
    """The fields that differ from the lesson, blanks at the ends left away."""
    tidy = {name: str(value).strip() for name, value in entered.items()}
    return {name: value for name, value in tidy.items() if value != getattr(lesson, name)}


def new_lesson(entered: Mapping[str, str], study: Study | None) -> dict[str, Any]:
    """Values for a lesson written by hand; what is not across datasets belongs to the study in view."""
    values: dict[str, Any] = {**EMPTY, **{name: str(value).strip() for name, value in entered.items()}}
    if study is not None and values["level"] in ("study", "dataset"):
        values |= {"dataset_id": study.dataset_id, "stamp": study.stamp}
        values |= {"study_id": study.id} if values["level"] == "study" else {}
    return values


def applies(conditions: str, datasets: Sequence[Dataset]) -> Applies:
    """How conditions as typed hold on each dataset."""
    if not conditions.strip():
        return Applies(())
    try:
        return Applies(tuple(meets(conditions, datasets)))
    except InvalidInput as problem:
        return Applies((), str(problem))


def saved_meanwhile(revisions: Sequence[LessonRevision], opened: int) -> LessonRevision | None:
    """The newest revision when it is newer than the one the form was opened with."""
    newest = max(revisions, key=lambda each: each.revision)
    return newest if newest.revision > opened else None
