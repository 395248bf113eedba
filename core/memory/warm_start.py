"""What a new dataset begins with: whole configs to try first, and where each axis did well, every part with its source.

Verbal: the rules across datasets whose conditions all hold, put together into one config. Numeric: the recommended
configs of the nearest datasets. A new version of a dataset begins with the last one's. All of it is a proposal like
any other: a person decides it, a trial tests it, and evidence of this study overturns it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.approval import config_hash
from core.data.profile import Profile
from core.memory.carried import Carried
from core.memory.hits import Hit
from core.memory.neighbours import Neighbour, measured
from core.memory.records import Lesson
from core.records import Dataset, Params, Study
from core.space import InvalidParams, Param, SearchSpace
from core.store import Store

STEP = 0.125  # of a linear range, where a rule names a direction and no values
FACTOR = 2.0  # the same on a logarithmic scale
NEAREST = 3
FARTHEST = 1.0  # scales; beyond that two datasets are not alike
VERSION, RULES, NEIGHBOUR = "version", "rules", "neighbour"


@dataclass(frozen=True)
class Transferred:
    """A config to try after the baseline; `lessons` says which lesson set which field, `source` where it comes from."""

    kind: str  # version, rules, neighbour
    params: Params
    changes: Mapping[str, tuple[Any, Any]]  # field -> (baseline's value, this config's)
    lessons: Mapping[str, int]
    source: str
    likeness: float

    @property
    def sentence(self) -> str:
        """For a proposal's mechanism: where each field comes from."""
        named = [f"{axis} from lesson {id}" for axis, id in self.lessons.items()]
        return f"{self.source}{': ' if named else ''}{', '.join(named)}."


@dataclass(frozen=True)
class SoftRange:
    """Where an axis did well on datasets whose lessons hold here; a limit that evidence may overturn."""

    low: float
    high: float
    lessons: tuple[int, ...]


class WarmStart:
    """Reads studies and lessons; writes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def configs(
        self,
        study: Study,
        dataset: Dataset,
        hits: Sequence[Hit],
        neighbours: Iterable[Neighbour],
        together: Iterable[Carried] = (),
    ) -> tuple[Transferred, ...]:
        """What is worth trying first, in this order: the last version's best, the rules, the nearest datasets' best."""
        space = SearchSpace.from_json(study.space)
        found = [] if study.without_lineage else self._versions(study, dataset, space)
        found += [rules] if (rules := from_rules(space, hits, together)) is not None else []
        near = [each for each in neighbours if each.distance <= FARTHEST and each.dataset.lineage != dataset.lineage]
        for neighbour in near[:NEAREST]:
            source = f"the config to use on {neighbour.dataset.name}, likeness {neighbour.likeness:.2f}"
            found += self._best_of(study, neighbour.dataset, space, NEIGHBOUR, source, neighbour.likeness)
        return _distinct(found)

    def _versions(self, study: Study, dataset: Dataset, space: SearchSpace) -> list[Transferred]:
        """The best config of the newest version before this one that has any."""
        for before in earlier_versions(self._store, dataset):
            source = f"the config to use on {before.dataset.name}, an earlier version of this data"
            if found := self._best_of(study, before.dataset, space, VERSION, source, before.likeness):
                return found
        return []

    def _best_of(
        self, study: Study, dataset: Dataset, space: SearchSpace, kind: str, source: str, likeness: float
    ) -> list[Transferred]:
        """What the newest study there recommends, unless that is its baseline; fields outside the space stay."""
        for other in reversed(self._store.studies.all()):
            if other.id == study.id or (other.dataset_id, other.backbone) != (dataset.id, study.backbone):
                continue
            best = self._winner(other)
            made = _fitted(space, best) if best is not None else None
            if made is not None:
                changes = _changes(space.baseline(), made)
                return [Transferred(kind, made, changes, {}, f"{source} (study {other.name})", likeness)]
        return []

    def _winner(self, study: Study) -> Params | None:
        chosen = study.best_id
        trial = self._store.trials.get(chosen) if chosen is not None else None
        return None if trial is None or trial.kind == "baseline" or trial.value is None else trial.params


def from_rules(space: SearchSpace, hits: Iterable[Hit], together: Iterable[Carried] = ()) -> Transferred | None:
    """The baseline with one step for every rule that holds here and is believed to help; None where nothing does.

    Two rules on one axis: the better hit speaks. Two rules that contradict one another: neither. Nor a rule of a step
    that hurt on the other datasets taken `together`.
    """
    baseline, params, used = space.baseline(), dict(space.baseline()), dict[str, int]()
    rules = [hit for hit in hits if hit.applies and hit.lesson.level != "study" and hit.lesson.axis in space.searched]
    warned = {(hit.lesson.axis, hit.lesson.direction) for hit in rules if hit.lesson.kind == "avoid"}
    warned |= {(each.axis, each.direction) for each in together if each.effect <= 0}
    directions = _directions(rules)
    for hit in sorted(rules, key=lambda each: -each.score):
        lesson = hit.lesson
        if lesson.kind != "do" or lesson.axis in used or (lesson.axis, lesson.direction) in warned:
            continue
        if len(directions.get(lesson.axis, ())) != 1 or (lesson.effect is not None and lesson.effect <= 0):
            continue
        after = value_of(space.searched[lesson.axis], baseline[lesson.axis], lesson)
        made = _tried(space, {**params, lesson.axis: after}) if after is not None else None
        if made is not None and made[lesson.axis] != baseline[lesson.axis]:
            params, used[lesson.axis] = made, lesson.id
    if not used:
        return None
    source = "Rules across datasets whose conditions hold here"
    return Transferred(RULES, params, _changes(baseline, params), used, source, 1.0)


def soft_ranges(space: SearchSpace, hits: Iterable[Hit]) -> dict[str, SoftRange]:
    """For each axis the span of values that did well where the rules that hold here were learned."""
    found: dict[str, SoftRange] = {}
    for hit in hits:
        lesson = hit.lesson
        if not hit.applies or lesson.kind != "do" or lesson.axis not in space.searched:
            continue
        if lesson.low is None or lesson.high is None:
            continue
        known = found.get(lesson.axis, SoftRange(lesson.low, lesson.high, ()))
        low, high = min(known.low, lesson.low), max(known.high, lesson.high)
        found[lesson.axis] = SoftRange(low, high, (*known.lessons, lesson.id))
    return found


def value_of(param: Param, before: Any, lesson: Lesson) -> Any:
    """The value a rule asks for: the middle of what did well, the option it names, or one step; None without one."""
    if param.kind in ("choice", "flag"):
        return _option(param, before, lesson.direction)
    assert param.low is not None and param.high is not None
    if lesson.low is not None and lesson.high is not None:
        after = (lesson.low * lesson.high) ** 0.5 if param.log and lesson.low > 0 else (lesson.low + lesson.high) / 2
    else:
        sign = {"up": 1, "down": -1}.get(lesson.direction)
        if sign is None:
            return None
        after = before * FACTOR**sign if param.log else before + sign * STEP * (param.high - param.low)
    after = min(max(after, param.low), param.high)
    return round(after) if param.kind == "int" else float(f"{after:.3g}")


def _option(param: Param, before: Any, direction: str) -> Any:
    options = (False, True) if param.kind == "flag" else param.options
    named = next((option for option in options if str(option) == direction), None)
    if named is not None or direction not in ("up", "down"):
        return named
    place = list(options).index(before) + (1 if direction == "up" else -1) if before in options else -1
    return options[place] if 0 <= place < len(options) else None


def _directions(rules: Iterable[Hit]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for hit in rules:
        if hit.lesson.kind == "do" and (hit.lesson.effect is None or hit.lesson.effect > 0):
            found.setdefault(hit.lesson.axis, set()).add(hit.lesson.direction)
    return found


def _fitted(space: SearchSpace, params: Params) -> dict[str, Any] | None:
    """A config of another study inside this space: what is fixed or out of range here stays at the baseline."""
    made = space.baseline()
    for name, value in params.items():
        if name in space.searched:
            made = _tried(space, {**made, name: value}) or made
    return made if made != space.baseline() else None


def _tried(space: SearchSpace, params: Params) -> dict[str, Any] | None:
    try:
        return space.complete(params)
    except InvalidParams:
        return None


def _changes(before: Params, after: Params) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], value) for name, value in after.items() if before[name] != value}


def _distinct(found: Iterable[Transferred]) -> tuple[Transferred, ...]:
    by_hash: dict[str, Transferred] = {}
    for each in found:
        by_hash.setdefault(config_hash(each.params), each)
    return tuple(by_hash.values())


def earlier_versions(store: Store, dataset: Dataset) -> Iterator[Neighbour]:
    """The other versions of the same data that came before, the newest first, with the drift of their profiles."""
    before = [
        each
        for each in store.datasets.all(archived=True)
        if each.lineage == dataset.lineage and each.id != dataset.id and each.created_at <= dataset.created_at
    ]
    profile = Profile.from_json(dataset.profile)
    return (measured(profile, each) for each in reversed(before))


def knows_lineage(store: Store, study: Study, dataset: Dataset) -> int:
    """How many lessons in use were learned on this lineage by other studies: memory that already knows the answer."""
    learned = store.lessons.all(("active",), lineage=dataset.lineage)
    return sum(
        lesson.study_id != study.id and lesson.backbone in (study.backbone, "") and lesson.level != "study"
        for lesson in learned
    )
