"""Where a study has really looked: the fields its trials moved when they ran, and the trials a config lies close to."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.agents.protocol import Evidence
from core.records import Params, Proposal, Trial
from core.states import TrialState

CLOSE = 0.1  # of a number, by which two configs may differ to count as near
CLOSE_TO = "close to trial"  # how a proposal's novelty says so
NEVER_RAN = (TrialState.EXPIRED, TrialState.CANCELLED)


def moved(trial: Trial, proposal: Proposal | None, start: Mapping[str, object]) -> frozenset[str]:
    """The fields a trial moved as it ran, against what it was planned from; a person's own config against `start`."""
    if trial.kind == "baseline":
        return frozenset()
    if proposal is not None and dict(proposal.params) == dict(trial.params):
        return frozenset(proposal.changes)
    base = {**proposal.params, **{axis: pair[0] for axis, pair in proposal.changes.items()}} if proposal else start
    return frozenset(name for name, value in trial.params.items() if base.get(name) != value)


def axes_tried(evidence: Evidence) -> dict[str, list[int]]:
    """Which fields were moved by trials that were let run, and in which; what was vetoed or expired tried nothing."""
    start = evidence.baseline.trial.params if evidence.baseline else evidence.space.baseline()
    tried: dict[str, list[int]] = {}
    for view in evidence.trials:
        if view.trial.state is TrialState.APPROVED:
            for axis in sorted(moved(view.trial, view.proposal, start)):
                tried.setdefault(axis, []).append(view.trial.number)
    return tried


def near(trials: Iterable[Trial], params: Params) -> int | None:
    """The first trial that differs in one number alone, by less than a tenth of it."""
    for trial in trials:
        differ = [name for name in params if trial.params.get(name) != params[name]]
        if trial.state in NEVER_RAN or len(differ) != 1:
            continue
        if _is_close(params[differ[0]], trial.params.get(differ[0])):
            return trial.number
    return None


def _is_close(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool) or not isinstance(a, int | float) or not isinstance(b, int | float):
        return False
    return abs(a - b) < CLOSE * max(abs(a), abs(b))
