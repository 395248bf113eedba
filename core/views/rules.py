"""Which rule of a backbone helped where: axis and direction by dataset, from evidence and inconclusive trials.

One backbone at a time: a step that helps one and hurts another is two rules, whose mean would be of neither.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.figures import signed_percent
from core.memory.records import Evidence, ForeignEvidence, Lesson
from core.records import Dataset, Study, Trial
from core.states import Verdict
from core.store import Store
from core.views.lessons import rule_words
from core.views.snapshot import snapshot

Rule = tuple[str, str]  # axis, direction
Seen = Evidence | ForeignEvidence


@dataclass(frozen=True)
class Mark:
    """What a rule did on a dataset: helped, hurt, both, inconclusive or untested; `words` tell it with figures.

    `effect` is the mean change over `trials`, None where no trial was clear.
    """

    state: str
    words: str
    effect: float | None = None
    trials: int = 0


@dataclass(frozen=True)
class Matrix:
    """Rules of a backbone (rows) by datasets (columns), `foreign` ones from memory packs last; a lesson of each rule,
    to link to. `backbones` are those that have rules."""

    backbone: str
    backbones: tuple[str, ...]
    rules: tuple[str, ...]
    lessons: tuple[int, ...]
    datasets: tuple[str, ...]
    marks: tuple[tuple[Mark, ...], ...]
    foreign: frozenset[int] = frozenset()  # places of columns whose trials were not of this home

    def first(self, rules: int, datasets: int) -> "Matrix":
        """Its beginning: so many rows and columns at most."""
        return replace(
            self,
            rules=self.rules[:rules],
            lessons=self.lessons[:rules],
            datasets=self.datasets[:datasets],
            marks=tuple(marks[:datasets] for marks in self.marks[:rules]),
            foreign=frozenset(place for place in self.foreign if place < datasets),
        )


def matrix(store: Store, backbone: str) -> Matrix:
    """Rules that any lesson in use states of a backbone, or of any: those with most evidence first, over the datasets
    with studies, those where a rule was tried first."""
    stated = [each for each in store.lessons.all(("active", "muted")) if each.axis and each.kind != "fact"]
    lessons = [each for each in stated if each.backbone in (backbone, "")]
    studies = {study.id: study for study in store.studies.all() if study.backbone == backbone}
    trials = {trial.id: trial for study in studies.values() for trial in snapshot(store, study).trials}
    effects = _effects(store, lessons, trials, studies)
    open_ends = _inconclusive(store, trials.values(), studies)
    named = _named(lessons)
    brought = _brought(store, lessons, effects)
    order = sorted(named, key=lambda rule: (-len(effects[rule]), -sum(map(len, effects[rule].values())), rule))
    tried = {key for rule in order for key in (*effects[rule], *open_ends[rule])}
    ours = [(each.id, each.name) for each in _columns(store.datasets.all(), studies, tried)]
    columns = ours + [(key, name) for key, name in sorted(brought.items(), key=lambda pair: pair[1])]
    return Matrix(
        backbone=backbone,
        backbones=tuple(sorted({each.backbone for each in stated if each.backbone})),
        rules=tuple(rule_words(*rule) for rule in order),
        lessons=tuple(named[rule].id for rule in order),
        datasets=tuple(name for _, name in columns),
        marks=tuple(
            tuple(_mark(effects[rule].get(key, ()), open_ends[rule].get(key, 0)) for key, _ in columns)
            for rule in order
        ),
        foreign=frozenset(place for place, (key, _) in enumerate(columns) if key in brought),
    )


def _named(lessons: Sequence[Lesson]) -> dict[Rule, Lesson]:
    """The widest lesson that states each rule."""
    width = {"cognition": 0, "dataset": 1, "study": 2}
    named: dict[Rule, Lesson] = {}
    for lesson in sorted(lessons, key=lambda each: (width[each.level], -each.id)):
        named.setdefault((lesson.axis, lesson.direction), lesson)
    return named


def _effects(
    store: Store, lessons: Sequence[Lesson], trials: Mapping[int, Trial], studies: Mapping[int, Study]
) -> dict[Rule, dict[str, list[Seen]]]:
    """Evidence by rule and dataset; a trial that several levels rest on counts once."""
    seen: set[tuple[Rule, int]] = set()
    found: dict[Rule, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    evidence = store.listings.evidence(lesson.id for lesson in lessons)
    for lesson in lessons:
        rule = (lesson.axis, lesson.direction)
        for each in evidence.get(lesson.id, ()):
            if each.trial_id in trials and (rule, each.trial_id) not in seen:
                seen.add((rule, each.trial_id))
                found[rule][studies[trials[each.trial_id].study_id].dataset_id].append(each)
    return found


def _brought(store: Store, lessons: Sequence[Lesson], effects: dict[Rule, dict[str, list[Seen]]]) -> dict[str, str]:
    """Add what packs brought to the effects; the columns it makes, by key, with their names."""
    seen: set[tuple[Rule, str]] = set()
    columns: dict[str, str] = {}
    evidence = store.listings.brought(lesson.id for lesson in lessons)
    for lesson in lessons:
        rule = (lesson.axis, lesson.direction)
        for each in evidence.get(lesson.id, ()):
            if (rule, each.origin) not in seen:
                seen.add((rule, each.origin))
                key = f"brought {each.dataset}"
                columns[key] = each.dataset
                effects[rule][key].append(each)
    return columns


def _inconclusive(store: Store, trials: Iterable[Trial], studies: Mapping[int, Study]) -> dict[Rule, dict[str, int]]:
    """How many inconclusive trials took each step, by dataset."""
    found: dict[Rule, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    open_ended = {trial.id: trial for trial in trials if trial.verdict is Verdict.INCONCLUSIVE}
    for id, step in store.listings.steps(open_ended).items():
        found[step][studies[open_ended[id].study_id].dataset_id] += 1
    return found


def _columns(datasets: Sequence[Dataset], studies: Mapping[int, Study], tried: Collection[str]) -> list[Dataset]:
    """Datasets where a rule was tried, the newest study first, then the others."""
    newest = {study.dataset_id: id for id, study in sorted(studies.items())}
    return sorted(datasets, key=lambda each: (each.id not in tried, -newest.get(each.id, 0), each.name))


def _mark(effects: Sequence[Seen], inconclusive: int) -> Mark:
    if effects:
        gains = [each.effect > 0 for each in effects]
        state = "helped" if all(gains) else "both" if any(gains) else "hurt"
        mean = sum(each.effect for each in effects) / len(effects)
        return Mark(state, f"{signed_percent(mean)} over {_trials(len(effects))}", mean, len(effects))
    if inconclusive:
        return Mark("inconclusive", f"no clear change in {_trials(inconclusive)}", trials=inconclusive)
    return Mark("untested", "not tried")


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"
