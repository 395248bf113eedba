"""What the Overview shows: what waits for a person, every study in a row, what runs, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.figures import duration
from core.loop.gathering import budget_used, seed_noise
from core.records import Run, Study, Trial
from core.states import RunState, Verdict
from core.store import Store
from core.store.calls import Spent
from core.views.happening import Happening, happenings
from core.views.inbox import Waiting, waiting_cards
from core.views.snapshot import snapshot
from core.views.standing import by_trial

WEEK = 7 * 86_400.0
HAPPENINGS = 6
MOST_WAITING = 5


@dataclass(frozen=True)
class StudyRow:
    """A line of the table; `curve` is the current best's value after each judged trial, `gain` is relative."""

    id: int
    name: str
    state: str
    curve: tuple[float, ...]
    objective: str
    best: float | None
    spread: float | None  # half the 95 % interval from the noise between seeds
    gain: float | None
    trials: str
    time: str
    money: str  # empty where no language model was asked
    stamp: str


@dataclass(frozen=True)
class Running:
    """A run under way; `share` of its most epochs is in [0, 1]."""

    study_id: int
    number: int
    label: str
    share: float


@dataclass(frozen=True)
class Overview:
    """`trials_this_week` were judged in the last seven days, `seconds_this_week` were spent on runs ended in them."""

    waiting: tuple[Waiting, ...]  # the oldest
    waiting_count: int
    studies: tuple[StudyRow, ...]
    running: tuple[Running, ...]
    happened: tuple[Happening, ...]
    trials_this_week: int
    better_this_week: int
    seconds_this_week: float
    bill_this_week: str


def version(store: Store) -> tuple[object, ...]:
    """Moves with everything the Overview shows but the passing of time."""
    newest = store.events.newest(1)
    return (newest[0].id if newest else 0, tuple(study.version for study in store.studies.all()))


def overview(store: Store, now: float) -> Overview:
    """Everything at once; `now` in seconds since the epoch."""
    studies = list(reversed(store.studies.all()))
    held = {study.id: snapshot(store, study) for study in studies}
    trials = {id: each.trials for id, each in held.items()}
    runs = {id: each.runs for id, each in held.items()}
    judged = [trial for each in trials.values() for trial in each if trial.is_judged]
    judged = [trial for trial in judged if (trial.judged_at or 0.0) > now - WEEK]
    ended = [run for each in runs.values() for run in each if (run.ended_at or 0.0) > now - WEEK]
    return Overview(
        waiting=waiting_cards(store, MOST_WAITING),
        waiting_count=store.listings.count_waiting(),
        studies=tuple(_row(study, trials[study.id], runs[study.id], store.calls.spent(study.id)) for study in studies),
        running=tuple(_running(studies, trials, runs)),
        happened=happenings(store, HAPPENINGS),
        trials_this_week=len(judged),
        better_this_week=sum(trial.verdict is Verdict.BETTER for trial in judged),
        seconds_this_week=sum(run.seconds for run in ended),
        bill_this_week=store.calls.spent(since=now - WEEK).bill,
    )


def _row(study: Study, trials: Sequence[Trial], runs: Sequence[Run], spent: Spent) -> StudyRow:
    baseline = next((trial.value for trial in trials if trial.kind == "baseline"), None)
    best = next((trial.value for trial in trials if trial.id == study.best_id), None)
    return StudyRow(
        id=study.id,
        name=study.name,
        state=str(study.state),
        curve=best_so_far(trials),
        objective=study.objective,
        best=best,
        spread=_spread(study, runs),
        gain=None if best is None or not baseline else best / baseline - 1,
        trials=f"{budget_used(trials)} of {study.max_trials}",
        time=duration(sum(run.seconds for run in runs)),
        money=spent.bill if spent.calls else "",
        stamp=study.stamp,
    )


def _spread(study: Study, runs: Sequence[Run]) -> float | None:
    seeds = [r for r in runs if r.trial_id == study.best_id and r.state is RunState.COMPLETE]
    return seed_noise(runs).half_width(sum(run.purpose != "fresh" for run in seeds))


def best_so_far(trials: Sequence[Trial]) -> tuple[float, ...]:
    """The current best's value after each judged trial, in the order of judgement."""
    values: list[float] = []
    for trial in sorted((t for t in trials if t.is_judged), key=lambda t: t.judged_at or 0.0):
        if trial.value is not None and (not values or leads(trial)):
            values.append(trial.value)
        elif values:
            values.append(values[-1])
    return tuple(values)


def leads(trial: Trial) -> bool:
    """Whether its verdict made it the current best."""
    broken = bool((trial.comparison or {}).get("broken_guards"))
    return trial.verdict is Verdict.BETTER and not broken


def _running(
    studies: Sequence[Study], trials: Mapping[int, Sequence[Trial]], runs: Mapping[int, Sequence[Run]]
) -> list[Running]:
    found = []
    for study in studies:
        grouped = by_trial(run for run in runs[study.id] if run.state is RunState.RUNNING)
        for trial in trials[study.id]:
            for run in grouped.get(trial.id, ()):
                label = (
                    f"{study.name} · trial {trial.number} · seed {run.seed} · epoch {run.epoch} of {study.max_epochs}"
                )
                found.append(Running(study.id, trial.number, label, min(run.epoch / study.max_epochs, 1.0)))
    return found
