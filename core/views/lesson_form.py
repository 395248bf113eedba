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
from core.views.lessons import KIND_WORDS, LEVEL_WORDS, backbone_words
from recmodels.registry import BACKBONES

TEXTS = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")
NUMBERS = ("low", "high", "effect")  # the effect in percent, as it is read and typed
FIELDS = (*TEXTS, *NUMBERS)
EMPTY: Mapping[str, Any] = {**dict.fromkeys(TEXTS, ""), **dict.fromkeys(NUMBERS), "kind": "do", "level": "cognition"}
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
    return {name: backbone_words(name) for name in ("", *BACKBONES)}


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


def range_of(backbone: str, axis: str) -> tuple[float, float] | None:
    """Between which values a knob can be; None for one with options, which has no range that did well."""
    known = [backbone] if backbone in BACKBONES else list(BACKBONES)
    for each in known:
        if param := SearchSpace.of(each).declared.get(axis):
            return None if param.low is None or param.high is None else (param.low, param.high)
    return None


def values_of(lesson: Lesson) -> dict[str, Any]:
    """A lesson's fields as the form shows them."""
    texts = {name: str(getattr(lesson, name)) for name in TEXTS}
    strength = None if lesson.effect is None else round(lesson.effect * 100, 2)
    return {**texts, "low": lesson.low, "high": lesson.high, "effect": strength}


def changed(lesson: Lesson, entered: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ from the lesson as it is shown, blanks at the ends left away."""
    before = values_of(lesson)
    differing = {name: value for name, value in entered.items() if _tidy(value) != before[name]}
    return _values(differing)


def new_lesson(entered: Mapping[str, Any], study: Study | None) -> dict[str, Any]:
    """Values for a lesson written by hand; what is not across datasets belongs to the study in view."""
    values: dict[str, Any] = {**EMPTY, **_values(entered)}
    if study is not None and values["level"] in ("study", "dataset"):
        values |= {"dataset_id": study.dataset_id, "stamp": study.stamp}
        values |= {"study_id": study.id} if values["level"] == "study" else {}
    return values


def _values(entered: Mapping[str, Any]) -> dict[str, Any]:
    """As a lesson holds them: texts without blanks at the ends, the effect as a share."""
    tidy = {name: _tidy(value) for name, value in entered.items()}
    if tidy.get("effect") is not None:
        tidy["effect"] = round(tidy["effect"] / 100, 6)
    return tidy


def _tidy(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def moves(lesson: Lesson) -> list[tuple[str, str]]:
    """The levels one step wider and narrower, where the lesson can have them: (promote or demote, level)."""
    order, allowed = list(LEVEL_WORDS), levels(lesson, None)
    place = order.index(lesson.level)
    steps = [("promote", level) for level in order[place + 1 : place + 2]]
    steps += [("demote", level) for level in order[max(place - 1, 0) : place]]
    return [(verb, level) for verb, level in steps if level in allowed]


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
