"""What would be retrieved for a dataset and a backbone, in which order, and why each lesson is in or out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.memory.conditions import Clause
from core.memory.hits import Hit
from core.memory.preview import Preview, imagined, preview
from core.memory.records import Lesson
from core.memory.retrieval import MOST, PIN, WEIGHTS
from core.records import Dataset
from core.space import SearchSpace
from core.views.lesson_titles import titles
from core.views.lessons import LEVEL_WORDS, backbone_words
from core.views.versions import version_words
from core.workspace import Workspace

PARTS = {"text": "words", "profile": "like data", "conditions": "conditions", "confidence": "trust"}
PINNED = "pin"
MOST_OUT = 40  # lessons named that are not shown


@dataclass(frozen=True)
class Part:
    """One part of a score: `share` in [0, 1] of its `weight`."""

    name: str
    words: str
    share: float
    weight: float

    @property
    def value(self) -> float:
        """What it adds to the score."""
        return self.share * self.weight


@dataclass(frozen=True)
class Ranked:
    """A lesson that was found; `place` is its rank by score, `sets` the field of the first config it decides."""

    lesson: Lesson
    title: str
    level: str
    score: float
    parts: tuple[Part, ...]
    clauses: tuple[Clause, ...]
    phrase: str
    place: int
    why: str
    sets: str = ""


@dataclass(frozen=True)
class Outside:
    """A lesson that was not looked at for this dataset and backbone, and why."""

    lesson: Lesson
    title: str
    why: str


@dataclass(frozen=True)
class Asked:
    """The answer: what an agent would be shown, what was found and not shown, what is out of scope."""

    dataset: Dataset
    backbone: str
    shown: tuple[Ranked, ...]
    passed_over: tuple[Ranked, ...]
    outside: tuple[Outside, ...]
    more_outside: int
    preview: Preview
    version: str = ""


def asked(workspace: Workspace, dataset: Dataset, backbone: str, without_lineage: bool = False) -> Asked:
    """The real retrieval for a study that is not started. Raises UnknownBackbone."""
    seen = preview(workspace.store, workspace.retrieval, dataset, backbone, without_lineage)
    study = replace(imagined(dataset, SearchSpace.of(backbone)), without_lineage=without_lineage)
    found = workspace.retrieval.ranked(study, dataset)
    places = {hit.lesson.id: place for place, hit in enumerate(found, 1)}
    first = next((each for each in seen.transferred if each.kind == "rules"), None)
    sets = {id: axis for axis, id in first.lessons.items()} if first else {}
    outside = _outside(workspace, dataset, backbone, set(places), without_lineage)
    named = titles(workspace.store, [*(hit.lesson for hit in (*seen.hits, *found)), *(each for each, _ in outside)])
    shown = tuple(_ranked(hit, named, places, _why_in(hit, places, len(found)), sets) for hit in seen.hits)
    held = {hit.lesson.id for hit in seen.hits}
    passed = [hit for hit in found if hit.lesson.id not in held]
    last = max((places[id] for id in held), default=0)
    return Asked(
        dataset=dataset,
        backbone=backbone,
        shown=shown,
        passed_over=tuple(_ranked(hit, named, places, _why_out(hit, places, last), sets) for hit in passed[:MOST_OUT]),
        outside=tuple(Outside(each, named[each.id], why) for each, why in outside[:MOST_OUT]),
        more_outside=max(len(outside) - MOST_OUT, 0) + max(len(passed) - MOST_OUT, 0),
        preview=seen,
        version=version_words(seen.earlier),
    )


def parts_of(hit: Hit) -> tuple[Part, ...]:
    """The score of a hit, part by part; they add up to it."""
    parts = [Part(name, words, float(getattr(hit, name)), WEIGHTS[name]) for name, words in PARTS.items()]
    return (*parts, Part(PINNED, "pinned", 1.0, PIN)) if hit.lesson.pinned else tuple(parts)


def _ranked(hit: Hit, named: Mapping[int, str], places: Mapping[int, int], why: str, sets: Mapping[int, str]) -> Ranked:
    lesson = hit.lesson
    return Ranked(
        lesson=lesson,
        title=named[lesson.id],
        level=LEVEL_WORDS[lesson.level],
        score=hit.score,
        parts=parts_of(hit),
        clauses=hit.clauses,
        phrase=hit.phrase,
        place=places[lesson.id],
        why=why,
        sets=sets.get(lesson.id, ""),
    )


def _why_in(hit: Hit, places: Mapping[int, int], count: int) -> str:
    place = places[hit.lesson.id]
    if hit.lesson.pinned:
        return "pinned: shown wherever it is in scope"
    if place > MOST:
        return f"{_ordinal(place)} by score, and it says what those above it do not"
    return f"{_ordinal(place)} of {count} by score"


def _why_out(hit: Hit, places: Mapping[int, int], last: int) -> str:
    place = places[hit.lesson.id]
    if place < last:
        return f"{_ordinal(place)} by score, but it says nearly what a shown one says"
    return f"{_ordinal(place)} by score: {MOST} are shown"


def _outside(
    workspace: Workspace, dataset: Dataset, backbone: str, found: set[int], without_lineage: bool
) -> Sequence[tuple[Lesson, str]]:
    """Lessons that no study on this dataset and backbone is shown; those muted by a person first."""
    names = {each.id: each.name for each in workspace.store.datasets.all(archived=True)}
    lessons = workspace.store.lessons.all(("active", "muted"))
    told = [
        (each, _why_outside(each, dataset, backbone, names, without_lineage))
        for each in lessons
        if each.id not in found
    ]
    return sorted(told, key=lambda pair: (pair[0].status == "active", pair[0].level != "cognition", -pair[0].id))


def _why_outside(
    lesson: Lesson, dataset: Dataset, backbone: str, names: Mapping[str, str], without_lineage: bool
) -> str:
    if lesson.status == "muted":
        return "muted by a person"
    if lesson.backbone not in (backbone, ""):
        return f"about {backbone_words(lesson.backbone)}, not {backbone_words(backbone)}"
    if without_lineage and lesson.lineage == dataset.lineage:
        return f"learned on {dataset.name} itself, which was left out"
    if lesson.level == "study":
        return "of one study alone"
    if lesson.level == "dataset" and lesson.lineage == dataset.lineage:
        return f"measured under another protocol ({lesson.stamp})"
    if lesson.level == "dataset" and lesson.dataset_id != dataset.id:
        return f"of {names.get(lesson.dataset_id or '', 'another dataset')} alone"
    return "no facet of the profile finds it"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
