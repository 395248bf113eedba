"""What the Overview shows: what waits for a person, a page of the studies, what runs, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.figures import objective_words
from core.records import Run, Study, Trial
from core.stamp import are_alike, method_in_words
from core.states import STUDY_ENDED, RunState, StudyState, Verdict
from core.store import Store
from core.store.calls import Spent
from core.store.study_lines import StudyLine
from core.views.happening import Happening, happenings
from core.views.inbox import Waiting, waiting_cards
from core.views.snapshot import snapshot

WEEK = 7 * 86_400.0
HAPPENINGS = 6
MOST_WAITING = 5
PAGE = 10
ORDERS: Mapping[str, str] = {
    "newest": "newest first",
    "name": "by name",
    "state": "by state",
    "gain": "largest gain first",
    "trials": "most trials first",
    "time": "most training first",
}


@dataclass(frozen=True)
class StudyRow:
    """A line of the table; `curve` is the current best's value after each judged trial, `best` its value now, `gain`
    relative to the baseline. `estimate` is of the trial recommended without a verdict."""

    id: int
    name: str
    state: str
    curve: tuple[float, ...]
    metric: str
    best: float | None
    spread: float | None  # half the 95 % interval from the noise between seeds
    gain: float | None
    estimate: float | None
    trials: int
    max_trials: int
    seconds: float
    bill: float | None  # in dollars; None where no language model was asked or a price is not known
    stamp: str


@dataclass(frozen=True)
class Listed:
    """What is asked of the studies; `order` is one of ORDERS, `page` counts from 0; `archived`: those instead."""

    contains: str = ""
    order: str = "newest"
    page: int = 0
    archived: bool = False


@dataclass(frozen=True)
class StudyTable:
    """A page of studies out of `total`, and how many are archived; `unpriced` tells that a bill is left out for want of
    a price."""

    rows: tuple[StudyRow, ...]
    total: int
    page: int
    pages: int
    unpriced: bool
    archived: int

    @property
    def shelvable(self) -> dict[int, str]:
        """Names of the page's studies that have ended, by id: those that may go to the archive or come back."""
        return {row.id: row.name for row in self.rows if StudyState(row.state) in STUDY_ENDED}

    @property
    def measured(self) -> str | None:
        """The metric and the way in which all of the page, not an empty one, were measured; None when they differ."""
        first, *others = self.rows
        if any(row.metric != first.metric or not are_alike(row.stamp, first.stamp) for row in others):
            return None
        return f"{first.metric}, {method_in_words(first.stamp)}"


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
    running: tuple[Running, ...]
    happened: tuple[Happening, ...]
    trials_this_week: int
    better_this_week: int
    seconds_this_week: float
    bill_this_week: str


def version(store: Store) -> tuple[object, ...]:
    """Moves with everything the Overview shows but the passing of time."""
    newest = store.events.newest(1)
    return (newest[0].id if newest else 0, store.study_lines.versions())


def overview(store: Store, now: float) -> Overview:
    """Everything but the studies; `now` in seconds since the epoch."""
    judged, better = store.study_lines.judged_since(now - WEEK)
    return Overview(
        waiting=waiting_cards(store, MOST_WAITING),
        waiting_count=store.listings.count_waiting(),
        running=tuple(_running(store)),
        happened=happenings(store, HAPPENINGS),
        trials_this_week=judged,
        better_this_week=better,
        seconds_this_week=store.study_lines.seconds_since(now - WEEK),
        bill_this_week=store.calls.spent(since=now - WEEK).bill,
    )


def study_table(store: Store, asked: Listed) -> StudyTable:
    """The page asked for, or the last one there is; only its own studies' trials are read."""
    total = store.study_lines.count(asked.contains, asked.archived)
    pages = max(1, -(-total // PAGE))
    page = min(asked.page, pages - 1)
    lines = store.study_lines.page(PAGE, page * PAGE, asked.contains, asked.order, asked.archived)
    spent = {line.id: store.calls.spent(line.id) for line in lines}
    rows = tuple(_row(store, line, spent[line.id]) for line in lines)
    unpriced = any(each.unpriced for each in spent.values())
    return StudyTable(rows, total, page, pages, unpriced, store.shelf.count())


def _row(store: Store, line: StudyLine, spent: Spent) -> StudyRow:
    study = store.studies.get(line.id)
    held = snapshot(store, study)
    seeds = [r for r in held.by_trial.get(study.incumbent_id or 0, ()) if r.state is RunState.COMPLETE]
    return StudyRow(
        id=study.id,
        name=study.name,
        state=str(study.state),
        curve=best_so_far(held.trials),
        metric=f"validation {objective_words(study.objective)}",
        best=line.best,
        spread=held.noise.half_width(sum(run.purpose != "fresh" for run in seeds)),
        gain=None if line.best is None or not line.baseline else line.best / line.baseline - 1,
        estimate=line.estimate,
        trials=line.trials,
        max_trials=study.max_trials,
        seconds=line.seconds,
        bill=spent.money if spent.calls and not spent.unpriced else None,
        stamp=study.stamp,
    )


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


def _running(store: Store) -> list[Running]:
    runs = store.study_lines.running()
    numbers = {trial.id: trial.number for trial in store.listings.trials(run.trial_id for run in runs)}
    studies = {id: store.studies.get(id) for id in {run.study_id for run in runs}}
    return [_at_work(studies[run.study_id], numbers[run.trial_id], run) for run in runs]


def _at_work(study: Study, number: int, run: Run) -> Running:
    label = f"{study.name} · trial {number} · seed {run.seed} · epoch {run.epoch} of {study.max_epochs}"
    return Running(study.id, number, label, min(run.epoch / study.max_epochs, 1.0))
