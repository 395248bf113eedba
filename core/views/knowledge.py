"""What an agent knew when it planned a trial: everything as of that moment, verdicts that came later left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.figures import param_changes
from core.loop.gathering import seed_noise
from core.records import Event, Proposal, Run, Study, Trial
from core.states import RunState, TrialState, Verdict
from core.store import Store
from core.views.cited import CitedLesson, cited_lessons
from core.views.insight import Axis, axes_of
from core.views.standing import by_trial, standing

MOST = 12  # trials told one by one
JUDGED = "trial judged"
_STATES = {
    "trial approved": TrialState.APPROVED,
    "trial edited and approved": TrialState.APPROVED,
    "trial vetoed": TrialState.VETOED,
    "trial expired": TrialState.EXPIRED,
    "trial cancelled": TrialState.CANCELLED,
}


@dataclass(frozen=True)
class Known:
    """A trial as it stood then; `value` is None while it had none."""

    number: int
    standing: str
    value: float | None
    changes: str


@dataclass(frozen=True)
class Knowledge:
    """As of `at`. `best` is the current best of then, `budget` the trials left of `max_trials` as they were then."""

    number: int
    at: float
    author: str
    judged: int
    under_way: int
    best: int | None
    best_value: float | None
    noise_floor: float | None
    budget: int
    max_trials: int
    space_version: int
    instructions: str
    known: tuple[Known, ...]
    older: int  # further ones, not told one by one
    lessons: tuple[CitedLesson, ...]
    axes: tuple[Axis, ...]
    claim: str
    changes: str
    outcome: str


def knowledge(store: Store, study: Study, number: int) -> Knowledge:
    """Of the trial with that number. Raises NotFound."""
    trial = store.trials.by_number(study.id, number)
    proposal = store.proposals.proposal(trial.id)
    at = trial.created_at
    before = [each for each in store.trials.of_study(study.id) if each.number < number]
    runs = [_run_then(run, at) for run in store.runs.of_study(study.id) if run.created_at <= at]
    then = _as_of(before, store.events.until(study.id, (*_STATES, JUDGED), at))
    proposals = store.listings.proposals([each.id for each in before])
    best = _best(store.events.until(study.id, ("incumbent changed",), at), before)
    body = _settings(store, study, at)
    noise = seed_noise(runs)
    grouped = by_trial(runs)
    return Knowledge(
        number=number,
        at=at,
        author=proposal.author if proposal else trial.kind,
        judged=sum(each.judged_at is not None for each in then),
        under_way=sum(each.judged_at is None and each.state is TrialState.APPROVED for each in then),
        best=best.number if best else None,
        best_value=next((each.value for each in then if best and each.id == best.id), None),
        noise_floor=noise.deviation * 2**0.5 if noise.degrees else None,
        budget=int(body["max_trials"]) - sum(_counts(each) for each in then),
        max_trials=int(body["max_trials"]),
        space_version=trial.space_version,
        instructions=str(body["instructions"]),
        known=tuple(_known(each, grouped.get(each.id, []), proposals.get(each.id)) for each in reversed(then))[:MOST],
        older=max(len(then) - MOST, 0),
        lessons=cited_lessons(store, trial),
        axes=tuple(axes_of(replace(study, space=body["space"]), then, proposals)),
        claim=proposal.claim if proposal else "",
        changes=param_changes(proposal.changes) if proposal else "",
        outcome=standing(trial, store.runs.of_trial(trial.id)),
    )


def _as_of(trials: Sequence[Trial], events: Sequence[Event]) -> list[Trial]:
    """Trials with the state and the verdict they had then; later decisions and further seeds have changed some."""
    states = {event.trial_id: _STATES[event.kind] for event in events if event.kind in _STATES}  # the last one stays
    judged = {event.trial_id: event for event in events if event.kind == JUDGED}
    return [_then(trial, states.get(trial.id, TrialState.PROPOSED), judged.get(trial.id)) for trial in trials]


def _then(trial: Trial, state: TrialState, event: Event | None) -> Trial:
    if event is None:
        return replace(trial, state=state, value=None, verdict=None, comparison=None, judged_at=None)
    if event.at == trial.judged_at:
        return replace(trial, state=state)
    verdict, value = event.detail.get("verdict"), event.detail.get("value")
    told = Verdict(verdict) if verdict else None
    return replace(trial, state=state, value=value, verdict=told, comparison=None, judged_at=event.at)


def _run_then(run: Run, at: float) -> Run:
    """A run as it was: not ended yet, or not begun."""
    if run.ended_at is not None and run.ended_at <= at:
        return run
    has_begun = run.started_at is not None and run.started_at <= at
    return replace(run, state=RunState.RUNNING if has_begun else RunState.QUEUED, value=None)


def _best(changes: Sequence[Event], trials: Sequence[Trial]) -> Trial | None:
    known = {trial.id: trial for trial in trials}
    return known.get(changes[-1].trial_id or 0) if changes else None


def _settings(store: Store, study: Study, at: float) -> Mapping[str, Any]:
    """The study's settings of then: those of the newest revision that was written."""
    bodies = [each["body"] for each in store.studies.revisions(study.id) if each["at"] <= at]
    return dict(bodies[-1]) if bodies else {"max_trials": study.max_trials, "instructions": "", "space": study.space}


def _counts(trial: Trial) -> bool:
    return trial.state in (TrialState.PROPOSED, TrialState.APPROVED)


def _known(trial: Trial, runs: Sequence[Run], proposal: Proposal | None) -> Known:
    changes = param_changes(proposal.changes) if proposal else ""
    return Known(trial.number, standing(trial, runs), trial.value, changes)
