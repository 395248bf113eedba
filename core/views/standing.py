"""How a trial stands, in one word that every page, chip and chart shares."""

from collections.abc import Iterable, Sequence

from core.records import Run, Trial
from core.states import RunState, TrialState


def standing(trial: Trial, runs: Sequence[Run] = ()) -> str:
    """waiting, vetoed, expired, cancelled; queued, running; failed, pruned; baseline, better, not better, inconclusive.

    `runs` are those of the trial; without them an approved trial without verdict counts as queued.
    """
    if trial.state is TrialState.PROPOSED:
        return "waiting"
    if trial.state is not TrialState.APPROVED:
        return str(trial.state)
    counted = [run for run in runs if run.purpose != "fresh"]
    if trial.judged_at is None:
        return _unjudged(counted)
    if trial.pruned_at is not None or (counted and all(run.state is RunState.PRUNED for run in counted)):
        return "pruned"
    if trial.verdict is not None:
        return str(trial.verdict)
    return "baseline" if trial.kind == "baseline" and trial.value is not None else "failed"


def _unjudged(runs: Sequence[Run]) -> str:
    if any(run.state is RunState.RUNNING for run in runs):
        return "running"
    if runs and all(run.state is RunState.FAILED for run in runs):
        return "failed"
    return "queued"


def by_trial(runs: Iterable[Run]) -> dict[int, list[Run]]:
    """Runs grouped by the id of their trial."""
    grouped: dict[int, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.trial_id, []).append(run)
    return grouped
