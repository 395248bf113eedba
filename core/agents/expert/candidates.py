"""The steps that could be tried next: one axis at a time, from a base config, in smaller steps after failures."""

import math
from collections.abc import Iterator, Mapping
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


def candidates(evidence: Evidence, base: Params) -> list[Candidate]:
    """Every single step inside the space that was not run, does not wait and was not vetoed."""
    known, found = taken(evidence), []
    for axis, param in evidence.space.active_axes(base).items():
        for direction, after in _steps(param, base[axis], failures(evidence, axis)):
            params = _changed(evidence, base, axis, after)
            if params is not None and config_hash(params) not in known:
                found.append(Candidate(axis, direction, base[axis], after, params))
    return found


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
        if place + 1 < len(options):
            yield "up", options[place + 1]
        if place > 0:
            yield "down", options[place - 1]
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


def _was_dropped(view: TrialView) -> bool:
    return view.trial.state in (TrialState.EXPIRED, TrialState.CANCELLED)


def _was_vetoed(view: TrialView) -> bool:
    return view.trial.state is TrialState.VETOED or "edit" in view.decisions
