"""How far a study is and how long it will take, from the runs it had."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.figures import metric, objective_words
from core.loop.closing import FRESH_SEEDS
from core.records import Run, Study
from core.states import RunState
from core.store import Store
from core.studies.starting import BASELINE_SEEDS

TYPICAL_SHARE = 0.5  # a run usually stops early at about this share of its most epochs


@dataclass(frozen=True)
class Forecast:
    """`share` in [0, 1]; `seconds_left` is None before the first epoch has been timed."""

    share: float
    seconds_left: float | None
    doing: str
    waits: bool


def forecast(store: Store, study: Study, now: float, runs: Sequence[Run] | None = None) -> Forecast:
    """Work done and work left, counted in runs; a run under way counts by its epochs. `runs` are all of the study's,
    where they are known."""
    runs = store.runs.of_study(study.id) if runs is None else runs
    expected = max(BASELINE_SEEDS + study.max_trials - 1 + 2 * FRESH_SEEDS, len(runs))
    ended = [run for run in runs if run.has_ended]
    running = [run for run in runs if run.state is RunState.RUNNING]
    typical = _typical_epochs(ended, study)
    done = len(ended) + sum(min(run.epoch / typical, 0.95) for run in running)
    waits = bool(store.trials.waiting(study.id)) and not running
    if study.has_ended:
        return Forecast(1.0, None, str(study.state), waits=False)
    seconds = _seconds_per_run(store, ended, running, typical)
    left = None if seconds is None else seconds * max(expected - done, 0.0)
    return Forecast(done / expected, left, _doing(store, study, running), waits)


def _typical_epochs(ended: list[Run], study: Study) -> float:
    seen = [run.epoch for run in ended if run.state is RunState.COMPLETE and run.epoch]
    return sum(seen) / len(seen) if seen else max(study.max_epochs * TYPICAL_SHARE, 1.0)


def _seconds_per_run(store: Store, ended: list[Run], running: list[Run], typical: float) -> float | None:
    seen = [run.seconds for run in ended if run.state is RunState.COMPLETE]
    if seen:
        return sum(seen) / len(seen)
    values = store.runs.values(running[0].id) if running else []
    return sum(value.seconds for value in values) / len(values) * typical if values else None


def _doing(store: Store, study: Study, running: list[Run]) -> str:
    if not running:
        return f"{study.name}: {study.state}"
    run = running[0]
    number = store.trials.get(run.trial_id).number
    values = store.runs.values(run.id)
    best = max((value.metrics.get(study.objective, 0.0) for value in values), default=None)
    told = f" · {objective_words(study.objective)} {metric(best)}" if best is not None else ""
    return f"trial {number} · seed {run.seed} · epoch {run.epoch}{told}"
