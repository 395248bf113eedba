"""A study's trials and runs, kept by the study's version: what every page reads is read once for all sessions.

When the version has moved, only what an event names since, and the runs that train, are read again; epochs leave no
event. The rows are shared between sessions: nothing may change them.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from core.loop.gathering import seed_noise
from core.records import Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.verdict import SeedNoise
from core.views.standing import by_trial

MOST_TRIALS = 20_000  # kept at a time, about 5 KB each
MOST_EVENTS = 500  # more than these since the last look: everything is read again


@dataclass(frozen=True)
class Snapshot:
    """Trials by number and runs in the order they were queued, as of one version; `event` is the newest one seen."""

    version: int
    event: int
    trials: tuple[Trial, ...]
    runs: tuple[Run, ...]

    @cached_property
    def by_trial(self) -> dict[int, list[Run]]:
        """The runs of each trial, by its id."""
        return by_trial(self.runs)

    @cached_property
    def noise(self) -> SeedNoise:
        """Variance between seeds, pooled."""
        return seed_noise(self.runs)

    @cached_property
    def baseline(self) -> Trial | None:
        """The first trial of the study."""
        return next((trial for trial in self.trials if trial.kind == "baseline"), None)

    @cached_property
    def ids(self) -> dict[int, Trial]:
        """Trials by id."""
        return {trial.id: trial for trial in self.trials}

    def of(self, trial: Trial) -> list[Run]:
        """The runs of a trial."""
        return self.by_trial.get(trial.id, [])


def snapshot(store: Store, study: Study) -> Snapshot:
    """The study as it is now."""
    kept = _kept.setdefault(store, _Kept())
    with kept.lock:
        version = store.studies.version(study.id)
        held = kept.studies.get(study.id)
        if held is None or held.version != version:
            held = _renewed(store, study.id, version, held)
            kept.studies[study.id] = held
        kept.studies.move_to_end(study.id)
        _make_room(kept.studies)
        return held


class _Kept:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.studies: OrderedDict[int, Snapshot] = OrderedDict()


_kept: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()


def _renewed(store: Store, study_id: int, version: int, held: Snapshot | None) -> Snapshot:
    """Events are read before rows: a row may be newer than they say, never older."""
    newest = next((event.id for event in store.events.newest(1, study_id=study_id)), 0)
    since = store.events.after(held.event, study_id, MOST_EVENTS) if held else []
    if held is None or len(since) == MOST_EVENTS or newest < held.event:
        trials, runs = store.trials.of_study(study_id), store.runs.of_study(study_id)
        return Snapshot(version, newest, tuple(trials), tuple(runs))
    touched = {event.trial_id for event in since if event.trial_id is not None}
    live = {run.trial_id for run in held.runs if run.state is RunState.RUNNING}
    trials_now = {trial.number: trial for trial in (*held.trials, *store.listings.trials(touched))}
    runs_now = {run.id: run for run in (*held.runs, *store.listings.runs_of(touched | live))}
    return Snapshot(
        version,
        max([held.event, *(event.id for event in since)]),
        tuple(trials_now[number] for number in sorted(trials_now)),
        tuple(runs_now[id] for id in sorted(runs_now)),
    )


def _make_room(studies: "OrderedDict[int, Snapshot]") -> None:
    while len(studies) > 1 and sum(len(each.trials) for each in studies.values()) > MOST_TRIALS:
        studies.popitem(last=False)
