"""A trial while it is queued or runs: how far each seed is, and how far ahead of the current best at the same epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.figures import duration
from core.records import Run, Study
from core.states import RunState
from core.store import Store
from core.views.curves import Line, curves
from core.views.snapshot import snapshot


@dataclass(frozen=True)
class SeedLine:
    """One seed of a trial: its state, the epochs it trained, its best value so far, and the time left in words."""

    seed: int
    state: str
    epoch: int
    value: float | None
    left: str = ""


@dataclass(frozen=True)
class Lead:
    """What a running seed has more than the current best, trial `against`, at each epoch that both have."""

    against: int
    epochs: tuple[int, ...]
    differences: tuple[float, ...]


@dataclass(frozen=True)
class UnderWay:
    """`in_line`: runs of the study that come before its own next one."""

    seeds: tuple[SeedLine, ...]
    most_epochs: int
    lead: Lead | None
    in_line: int

    @property
    def running(self) -> tuple[SeedLine, ...]:
        """The seeds that train now."""
        return tuple(line for line in self.seeds if line.state == RunState.RUNNING)

    @property
    def queued(self) -> tuple[SeedLine, ...]:
        """The seeds that wait for the worker."""
        return tuple(line for line in self.seeds if line.state == RunState.QUEUED)

    @property
    def ended(self) -> tuple[SeedLine, ...]:
        """The seeds that need no worker any more."""
        return tuple(line for line in self.seeds if line not in (*self.running, *self.queued))


def under_way(store: Store, study: Study, number: int) -> UnderWay | None:
    """Where the trial of that number is; None when none of its runs is queued or running."""
    held = snapshot(store, study)
    trial = next(each for each in held.trials if each.number == number)
    own = [run for run in held.of(trial) if run.purpose != "fresh"]
    unfinished = [run for run in own if not run.has_ended]
    if not unfinished:
        return None
    usual = _usual_end(held.runs)
    return UnderWay(
        seeds=tuple(_seed_line(store, study, run, usual) for run in own),
        most_epochs=study.max_epochs,
        lead=_lead(curves(store, study, number, (), None).lines, number),
        in_line=sum(not run.has_ended and run.id < unfinished[0].id for run in held.runs),
    )


def _seed_line(store: Store, study: Study, run: Run, usual: float | None) -> SeedLine:
    values = store.runs.values(run.id)
    best = max((value.metrics[study.objective] for value in values), default=None)
    left = ""
    if run.state is RunState.RUNNING and values:
        left = _left(study, run.epoch, usual, sum(value.seconds for value in values) / len(values))
    return SeedLine(run.seed, str(run.state), run.epoch, best, left)


def _usual_end(runs: Sequence[Run]) -> float | None:
    """The epoch at which runs of the study end on average."""
    ends = [run.epoch for run in runs if run.state is RunState.COMPLETE and run.epoch]
    return sum(ends) / len(ends) if ends else None


def _left(study: Study, epoch: int, usual: float | None, seconds: float) -> str:
    """As long as the others took; before one has ended, or past their usual end, what the budget allows."""
    if usual is not None and epoch < usual:
        return f"about {duration((usual - epoch) * seconds)} left"
    return f"at most {duration((study.max_epochs - epoch) * seconds)} left"


def _lead(lines: Sequence[Line], number: int) -> Lead | None:
    live = next((line for line in lines if line.number == number and line.is_live), None)
    best = next((line for line in lines if line.role == "best" and line.number != number), None)
    if live is None or best is None:
        return None
    theirs = dict(zip(best.epochs, best.validation, strict=True))
    ours = {epoch: value for epoch, value in zip(live.epochs, live.validation, strict=True) if epoch in theirs}
    if not ours:
        return None
    return Lead(best.number, tuple(ours), tuple(value - theirs[epoch] for epoch, value in ours.items()))
