"""From a workspace to the facts of a report. Reads; writes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from core.artifacts import Artifacts
from core.data.card import Card
from core.data.profile import Profile
from core.data.profile_words import words
from core.errors import StorageFailed
from core.loop.closing import final_comparison
from core.loop.gathering import seed_noise
from core.memory.records import Lesson
from core.records import Event, Proposal, Run, Study, Trial
from core.report.facts import Cost, Curve, Facts, TrialFacts, differing
from core.states import RunState
from core.store import Store
from core.verdict import Comparison

PAGE = 1000  # events read at a time


def collect(store: Store, artifacts: Artifacts, study: Study, now: float) -> Facts:
    """Everything the report tells of a study, at whatever state it is."""
    dataset = store.datasets.get(study.dataset_id)
    trials = store.trials.of_study(study.id)
    runs = store.runs.of_study(study.id)
    against, incumbents, why = _history(store, study)
    final, problem = _final(store, artifacts, study)
    return Facts(
        study=study,
        dataset=dataset,
        card=Card.from_json(dataset.card),
        words=tuple(words(Profile.from_json(dataset.profile)).values()),
        trials=_trials(store, trials, runs, against),
        incumbents=incumbents,
        curves=_curves(store, study, trials, runs),
        noise=seed_noise(runs),
        final=final,
        final_problem=problem,
        recommended_why=why,
        reveal=store.reveals.of_study(study.id),
        lessons=tuple(_lessons(store, study, trials)),
        cost=_cost(store, study, runs, now),
        written_at=now,
    )


def _trials(
    store: Store, trials: Sequence[Trial], runs: Sequence[Run], against: Mapping[int, int]
) -> tuple[TrialFacts, ...]:
    by_id = {trial.id: trial for trial in trials}
    plain = next((trial for trial in trials if trial.kind == "baseline"), None)
    runs_of: dict[int, list[Run]] = {trial.id: [] for trial in trials}
    for run in runs:
        runs_of[run.trial_id].append(run)
    told = []
    for trial in trials:
        proposal = store.proposals.proposal(trial.id)
        base = by_id.get(proposal.base_trial_id or 0) if proposal else None
        opponent = by_id.get(against.get(trial.id, 0))
        told.append(_trial(store, trial, proposal, base or plain or trial, opponent, runs_of[trial.id]))
    return tuple(told)


def _trial(
    store: Store, trial: Trial, proposal: Proposal | None, base: Trial, against: Trial | None, runs: Sequence[Run]
) -> TrialFacts:
    return TrialFacts(
        trial=trial,
        changes=differing(base.params, trial.params),
        against=against.number if against else None,
        comparison=Comparison.from_json(trial.comparison) if trial.comparison else None,
        proposal=proposal,
        reflection=store.proposals.reflection(trial.id),
        decisions=tuple(store.trials.decisions(trial.id)),
        runs=tuple(runs),
    )


def _history(store: Store, study: Study) -> tuple[dict[int, int], tuple[int, ...], str]:
    """From the log: the incumbent each trial was judged against, all incumbents, why the recommended one is."""
    against: dict[int, int] = {}
    incumbents: list[int] = []
    why = ""
    for event in _events(store, study):
        if event.trial_id is None:
            continue
        if event.kind == "trial judged" and incumbents and incumbents[-1] != event.trial_id:
            against[event.trial_id] = incumbents[-1]
        elif event.kind == "incumbent changed":
            incumbents.append(event.trial_id)
        elif event.kind == "trial recommended":
            why = str(event.detail.get("why", ""))
    return against, tuple(incumbents), why


def _events(store: Store, study: Study) -> Iterator[Event]:
    page = store.events.after(0, study.id, PAGE)
    while page:
        yield from page
        page = store.events.after(page[-1].id, study.id, PAGE)


def _final(store: Store, artifacts: Artifacts, study: Study) -> tuple[Comparison | None, str]:
    """The comparison on fresh seeds once all of them ended, and why there is none when files are gone."""
    if not study.has_ended:
        return None, ""
    try:
        return final_comparison(store, artifacts, study), ""
    except StorageFailed as problem:
        return None, str(problem)


def _curves(store: Store, study: Study, trials: Sequence[Trial], runs: Sequence[Run]) -> dict[int, tuple[Curve, ...]]:
    best = study.best_id
    wanted = [trial.id for trial in trials if trial.kind == "baseline" or trial.id == best]
    return {id: tuple(_of_run(store, run) for run in runs if run.trial_id == id and _has_value(run)) for id in wanted}


def _of_run(store: Store, run: Run) -> Curve:
    return tuple(store.runs.values(run.id))


def _has_value(run: Run) -> bool:
    return run.state is RunState.COMPLETE and run.value is not None


def _lessons(store: Store, study: Study, trials: Sequence[Trial]) -> Iterator[Lesson]:
    """Those of the study and those at wider levels that rest on one of its trials."""
    own = {trial.id for trial in trials}
    for lesson in store.lessons.all(("active", "muted")):
        is_ours = lesson.study_id == study.id
        if is_ours or (lesson.level != "study" and any(e.trial_id in own for e in store.lessons.evidence(lesson.id))):
            yield lesson


def _cost(store: Store, study: Study, runs: Sequence[Run], now: float) -> Cost:
    seconds = {run.id: _seconds(store, run) for run in runs}
    return Cost(
        training_seconds=sum(seconds.values()),
        fresh_seconds=sum(seconds[run.id] for run in runs if run.purpose == "fresh"),
        wall_seconds=max((study.ended_at or now) - study.created_at, 0.0),
        trials=len({run.trial_id for run in runs if run.started_at is not None}),
        runs=Counter(run.state for run in runs),
        model=store.calls.spent(study.id),
    )


def _seconds(store: Store, run: Run) -> float:
    """Training time; a run that has not ended tells it by its epochs."""
    return run.seconds if run.has_ended else sum(value.seconds for value in store.runs.values(run.id))
