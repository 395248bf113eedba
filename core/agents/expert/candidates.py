"""The steps that could be tried next: one axis at a time, from a base config, in smaller steps after failures; and
such steps together, where each axis was tried alone before."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.agents.protocol import Evidence, TrialView
from core.approval import config_hash
from core.records import Params
from core.space import InvalidParams, Param
from core.states import TrialState, Verdict

FACTOR = 2.0  # first step on a log scale; later ones take its root
SHARE = 0.125  # first step on a linear scale, as a share of the declared range
FIRST_STEPS = {"weight_decay": 0.001}  # an eighth of its range would pull rare items' vectors to zero under adam


@dataclass(frozen=True)
class Candidate:
    """One change of one axis of the base config."""

    axis: str
    direction: str
    before: Any
    after: Any
    params: Params
    also: tuple["Candidate", ...] = ()  # further steps taken with it; none for a single one

    @property
    def parts(self) -> tuple["Candidate", ...]:
        """The single steps that it consists of."""
        return (self, *self.also)

    @property
    def change(self) -> tuple[Any, Any]:
        """Value of its own axis before and after."""
        return self.before, self.after

    @property
    def base(self) -> Params:
        """The config before."""
        return {**self.params, **{axis: before for axis, (before, _) in self.changes.items()}}

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Value before and after, by axis."""
        return {part.axis: part.change for part in self.parts}


def candidates(evidence: Evidence, base: Params) -> list[Candidate]:
    """Every single step inside the space that was not run, does not wait and was not vetoed; where the next option in
    order was, the one beyond it."""
    known, found, reached = taken(evidence), [], set[tuple[str, str]]()
    for step in single_steps(evidence, base):
        if config_hash(step.params) not in known and (step.axis, step.direction) not in reached:
            reached.add((step.axis, step.direction))
            found.append(step)
    return found


def single_steps(evidence: Evidence, base: Params) -> list[Candidate]:
    """Every step of one axis inside the space, tried or not, near ones first."""
    found = []
    for axis, param in evidence.space.active_axes(base).items():
        for direction, after in _steps(param, base[axis], failures(evidence, axis)):
            params = _changed(evidence, base, axis, after)
            if params is not None:
                found.append(Candidate(axis, direction, base[axis], after, params))
    return found


def together(evidence: Evidence, base: Params, steps: Sequence[Candidate]) -> list[Candidate]:
    """These steps by twos and threes and all at once, each axis once; new ones only."""
    known, found = taken(evidence), dict[str, Candidate]()
    for count in {2, 3, len(steps)}:
        for parts in itertools.combinations(steps, count):
            params = _all_changed(evidence, base, parts)
            if params is not None and (hash_ := config_hash(params)) not in known:
                first = parts[0]
                made = Candidate(first.axis, first.direction, first.before, first.after, params, parts[1:])
                found.setdefault(hash_, made)
    return list(found.values())


def taken(evidence: Evidence) -> set[str]:
    """Hashes of the configs that were run, wait or were vetoed."""
    seen = {view.trial.config_hash for view in evidence.trials if not _was_dropped(view)}
    return seen | {config_hash(view.proposal.params) for view in evidence.trials if view.proposal and _was_vetoed(view)}


def failures(evidence: Evidence, axis: str) -> int:
    """How many trials with a verdict changed this axis without getting better; pruned ones count."""
    return sum(
        1
        for view in evidence.trials
        if view.proposal and view.proposal.axis == axis and view.trial.verdict not in (None, Verdict.BETTER)
    )


def _steps(param: Param, value: Any, failed: int) -> Iterator[tuple[str, Any]]:
    if param.kind in ("choice", "flag"):
        yield from _option_steps(param, value)
    else:
        for direction, sign in (("up", 1), ("down", -1)):
            after = _number_step(param, value, sign, failed)
            if after is not None and after != value:
                yield direction, after


def _option_steps(param: Param, value: Any) -> Iterator[tuple[str, Any]]:
    if all(isinstance(option, int | float) and not isinstance(option, bool) for option in param.options):
        options = sorted({*param.options, value})
        place = options.index(value)
        yield from (("up", option) for option in options[place + 1 :])
        yield from (("down", option) for option in reversed(options[:place]))
        return
    for option in param.options:
        if option != value:
            yield str(option), option


def _number_step(param: Param, value: float, sign: int, failed: int) -> float | int | None:
    assert param.low is not None and param.high is not None
    after: float
    if param.log:
        after = value * FACTOR ** (sign / (1 + failed))
    else:
        first = FIRST_STEPS.get(param.name, SHARE * (param.high - param.low))
        after = value + sign * first / (1 + failed)
    if param.kind == "int":
        after = max(round(after), value + 1) if sign > 0 else min(round(after), value - 1)
        return int(min(max(after, param.low), param.high))
    return _rounded(min(max(after, param.low), param.high))


def _rounded(value: float) -> float:
    """Three significant digits: nobody believes a fourth, and it reads better."""
    return float(f"{value:.3g}") if math.isfinite(value) else value


def _changed(evidence: Evidence, base: Params, axis: str, after: Any) -> Mapping[str, Any] | None:
    try:
        params = evidence.space.complete({**base, axis: after})
    except InvalidParams:  # values that do not go together, such as heads that do not divide the width
        return None
    return None if params == dict(base) else params


def _all_changed(evidence: Evidence, base: Params, parts: Sequence[Candidate]) -> Mapping[str, Any] | None:
    if len({part.axis for part in parts}) < len(parts) or len(parts) < 2:
        return None
    try:
        return evidence.space.complete({**base, **{part.axis: part.after for part in parts}})
    except InvalidParams:
        return None


def _was_dropped(view: TrialView) -> bool:
    return view.trial.state in (TrialState.EXPIRED, TrialState.CANCELLED)


def _was_vetoed(view: TrialView) -> bool:
    return view.trial.state is TrialState.VETOED or "edit" in view.decisions
