"""What past runs show and what they cannot: fields never touched, gaps that one seed cannot carry, draft lessons."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from scipy.special import stdtrit

from core.figures import percent, signed_percent
from core.history.runs import History, PastRun
from core.space import Param, SearchSpace
from core.verdict import SeedNoise, pool_seed_noise

UNMEASURED = 0.055  # two seeds of one config differed by 5.5 % of NDCG@10 on Amazon Beauty: a yardstick, no measurement
CONFIDENCE = 0.95
REACH = 1.96 * 2**0.5  # standard deviations of a difference of two single runs that chance leaves in one of twenty
Step = tuple[str, str, str]  # a field, the option before, the option after; for numbers "" and "up"


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
        drafts=(*_drafts(history, groups, gap, noise), *_told(history)),
    )


def _groups(runs: Iterable[PastRun]) -> dict[str, list[PastRun]]:
    """Runs of one config on one dataset together."""
    groups: dict[str, list[PastRun]] = {}
    for run in runs:
        groups.setdefault(_key(run), []).append(run)
    return groups


def _key(run: PastRun, but: str = "") -> str:
    params = {name: value for name, value in run.params.items() if name != but}
    return json.dumps([run.of, params], sort_keys=True, default=str)


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
    near = [run for run in tops if _key(run) != _key(best)]
    near = [run for run in near if (best.value or 0.0) - (run.value or 0.0) < gap]
    return tuple(sorted(near, key=lambda run: -(run.value or 0.0)))


def _drafts(history: History, groups: Mapping[str, list[PastRun]], gap: float, noise: SeedNoise) -> list[DraftLesson]:
    """A draft for each step whose mean effect, over pairs of runs that differ in it alone, is beyond what noise would
    do to any of the steps that were looked at (Bonferroni)."""
    seen = _effects(history, groups)
    if not seen:
        return []
    reach = float(stdtrit(noise.degrees or math.inf, 1 - (1 - CONFIDENCE) / 2 / len(seen)))
    beyond = gap * reach * 2**0.5 / REACH
    drafts = []
    for step, effects in seen.items():
        mean = sum(effects) / len(effects)
        if abs(mean) > beyond / len(effects) ** 0.5:
            drafts.append(_draft(history, step, mean, len(effects)))
    return sorted(drafts, key=lambda draft: -abs(draft.effect or 0.0))


def _effects(history: History, groups: Mapping[str, list[PastRun]]) -> dict[Step, list[float]]:
    """The relative effects of every step, one for each pair of configs that it alone tells apart."""
    means = [(group[0], sum(run.value or 0.0 for run in group) / len(group)) for group in groups.values()]
    effects: dict[Step, list[float]] = {}
    for axis, param in SearchSpace.of(history.backbone).declared.items():
        families: dict[str, list[tuple[Any, float]]] = {}
        for run, value in means:
            if axis in run.params:
                families.setdefault(_key(run, but=axis), []).append((run.params[axis], value))
        for family in families.values():
            for before, after, effect in _steps(param, family):
                effects.setdefault((axis, before, after), []).append(effect)
    return effects


def _steps(param: Param, family: Sequence[tuple[Any, float]]) -> list[tuple[str, str, float]]:
    """Neighbouring numbers as steps up, and every two options as a step from the one to the other in a fixed order,
    whichever is better; relative effects."""
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value, _ in family)
    if is_number and param.kind != "flag":
        steps = [("", "up", a, b) for (_, a), (_, b) in pairwise(sorted(family))]
    else:
        ordered = sorted(family, key=lambda pair: str(pair[0]))
        steps = [(str(before), str(after), a, b) for (before, a), (after, b) in combinations(ordered, 2)]
    return [(before, after, (b - a) / abs(a)) for before, after, a, b in steps if a]


def _draft(history: History, step: Step, mean: float, pairs: int) -> DraftLesson:
    axis, before, after = step
    if not before:
        direction = "up" if mean > 0 else "down"
        did = f"{'Raising' if mean > 0 else 'Lowering'} {axis}"
    else:
        direction, other = (after, before) if mean > 0 else (before, after)
        did = f"{axis} = {direction} instead of {other}"
    plural = "pair" if pairs == 1 else "pairs"
    claim = (
        f"{did} helped {history.backbone} in imported runs ({history.metric} {signed_percent(abs(mean))}, "
        f"{pairs} {plural} of runs that differ in it alone; no stamp)."
    )
    return DraftLesson(axis, direction, "do", claim, pairs, abs(mean))


def _told(history: History) -> list[DraftLesson]:
    """Rules that the history's owner wrote beside their runs, each once."""
    declared = SearchSpace.of(history.backbone).declared
    rules = {run.rule: run.changed for run in history.runs if run.rule}
    return [
        DraftLesson(axis if axis in declared else "", "", "fact", rule[:1000], 0, None) for rule, axis in rules.items()
    ]
