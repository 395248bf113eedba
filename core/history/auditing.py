"""What past runs show and what they cannot: fields never touched, gaps that one seed cannot carry, draft lessons."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.figures import percent, signed_percent
from core.history.runs import History, PastRun
from core.space import Param, SearchSpace
from core.verdict import SeedNoise, pool_seed_noise

UNMEASURED = 0.055  # two seeds of one config differed by 5.5 % of NDCG@10 on Amazon Beauty: a yardstick, no measurement
REACH = 1.96 * 2**0.5  # standard deviations of a difference of two single runs that chance leaves in one of twenty


@dataclass(frozen=True)
class Touched:
    """A field that was changed: its different values, and how many runs had each."""

    axis: str
    values: tuple[tuple[Any, int], ...]


@dataclass(frozen=True)
class DraftLesson:
    """What the runs suggest, for a person to accept or drop; `pairs` of runs differ in this field alone."""

    axis: str
    direction: str
    kind: str  # do, avoid, fact
    claim: str
    pairs: int
    effect: float | None


@dataclass(frozen=True)
class Audit:
    """The findings; `gap` is the smallest relative gap between two single runs that seeds do not explain."""

    history: History
    touched: tuple[Touched, ...]
    untouched: tuple[str, ...]
    noise: SeedNoise
    gap: float
    is_gap_measured: bool
    best: PastRun | None
    rivals: tuple[PastRun, ...]  # other configs, too near to the best to be told from it
    repeated: int  # configs with several seeds
    drafts: tuple[DraftLesson, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The findings in words."""
        valued = len(self.history.valued)
        told = [f"{len(self.history.runs)} runs, {valued} with a value; {len(self.touched)} fields were changed."]
        if self.untouched:
            told.append(f"Never touched: {', '.join(self.untouched)}.")
        if self.is_gap_measured:
            told.append(
                f"{self.repeated} configs were run again: two single runs must differ by {percent(self.gap)} before "
                "seeds alone do not explain it."
            )
        else:
            told.append(
                "No config was run twice, so the noise between seeds is unknown. Two seeds of one config have differed "
                f"by {percent(self.gap)} on Amazon Beauty: trust no smaller gap without further seeds."
            )
        if self.best is not None and self.rivals:
            told.append(
                f"{len(self.rivals)} other configs lie so near to the best ({self.best.name}) that they may be as good."
            )
        return tuple(told)


def audit(history: History) -> Audit:
    """Look through a history; nothing is written, and no number of it becomes a trial."""
    valued = history.valued
    groups = _groups(valued)
    noise = pool_seed_noise([[run.value or 0.0 for run in group] for group in groups.values()])
    best = max(valued, key=lambda run: run.value or 0.0, default=None)
    scale = abs(best.value) if best and best.value else 1.0
    gap = REACH * noise.deviation / scale if noise.degrees else UNMEASURED
    touched, untouched = _axes(history)
    return Audit(
        history=history,
        touched=touched,
        untouched=untouched,
        noise=noise,
        gap=gap,
        is_gap_measured=noise.degrees > 0,
        best=best,
        rivals=_rivals(best, groups, gap * scale),
        repeated=sum(len(group) > 1 for group in groups.values()),
        drafts=(*_drafts(history, groups, gap), *_told(history)),
    )


def _groups(runs: Iterable[PastRun]) -> dict[str, list[PastRun]]:
    """Runs of one config together, by its hash."""
    groups: dict[str, list[PastRun]] = {}
    for run in runs:
        groups.setdefault(_key(run.params), []).append(run)
    return groups


def _key(params: Mapping[str, Any], but: str = "") -> str:
    return json.dumps({name: value for name, value in params.items() if name != but}, sort_keys=True, default=str)


def _axes(history: History) -> tuple[tuple[Touched, ...], tuple[str, ...]]:
    """What had more than one value, and every declared field that had not."""
    touched, untouched = [], []
    for axis in SearchSpace.of(history.backbone).declared:
        counts: dict[Any, int] = {}
        for run in history.runs:
            if axis in run.params:
                counts[run.params[axis]] = counts.get(run.params[axis], 0) + 1
        if len(counts) > 1:
            touched.append(Touched(axis, tuple(sorted(counts.items(), key=lambda pair: str(pair[0])))))
        else:
            untouched.append(axis)
    return tuple(touched), tuple(untouched)


def _rivals(best: PastRun | None, groups: Mapping[str, list[PastRun]], gap: float) -> tuple[PastRun, ...]:
    """The best run of every other config within the gap, best first."""
    if best is None:
        return ()
    tops = [max(group, key=lambda run: run.value or 0.0) for group in groups.values()]
    near = [run for run in tops if _key(run.params) != _key(best.params)]
    near = [run for run in near if (best.value or 0.0) - (run.value or 0.0) < gap]
    return tuple(sorted(near, key=lambda run: -(run.value or 0.0)))


def _drafts(history: History, groups: Mapping[str, list[PastRun]], gap: float) -> list[DraftLesson]:
    """A draft for each field and direction whose mean effect, over pairs that differ in it alone, is beyond noise."""
    means = [(group[0].params, sum(run.value or 0.0 for run in group) / len(group)) for group in groups.values()]
    drafts = []
    for axis, param in SearchSpace.of(history.backbone).declared.items():
        families: dict[str, list[tuple[Any, float]]] = {}
        for params, value in means:
            if axis in params:
                families.setdefault(_key(params, but=axis), []).append((params[axis], value))
        effects: dict[str, list[float]] = {}
        for family in families.values():
            for direction, effect in _steps(param, family):
                effects.setdefault(direction, []).append(effect)
        for direction, seen in effects.items():
            mean = sum(seen) / len(seen)
            if abs(mean) > gap / len(seen) ** 0.5:
                drafts.append(_draft(history, axis, direction, mean, len(seen)))
    return sorted(drafts, key=lambda draft: -abs(draft.effect or 0.0))


def _steps(param: Param, family: Sequence[tuple[Any, float]]) -> list[tuple[str, float]]:
    """Neighbouring values as steps up, options as steps to the better one; relative effects."""
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value, _ in family)
    if is_number and param.kind != "flag":
        ordered = sorted(family)
        return [("up", after / before - 1) for (_, before), (_, after) in pairwise(ordered) if before > 0]
    ranked = sorted(family, key=lambda pair: pair[1])
    return [(str(option), after / before - 1) for (_, before), (option, after) in pairwise(ranked) if before > 0]


def _draft(history: History, axis: str, direction: str, mean: float, pairs: int) -> DraftLesson:
    if direction == "up" and mean < 0:
        direction, mean_down = "down", -mean
    else:
        mean_down = mean
    step = {"up": f"Raising {axis}", "down": f"Lowering {axis}"}.get(direction, f"{axis} = {direction}")
    plural = "pair" if pairs == 1 else "pairs"
    claim = (
        f"{step} helped {history.backbone} in imported runs ({history.metric} {signed_percent(mean_down)}, "
        f"{pairs} {plural} of runs that differ in it alone; no stamp)."
    )
    return DraftLesson(axis, direction, "do", claim, pairs, mean_down)


def _told(history: History) -> list[DraftLesson]:
    """Rules that the history's owner wrote beside their runs, each once."""
    declared = SearchSpace.of(history.backbone).declared
    rules = {run.rule: run.changed for run in history.runs if run.rule}
    return [
        DraftLesson(axis if axis in declared else "", "", "fact", rule[:1000], 0, None) for rule, axis in rules.items()
    ]
