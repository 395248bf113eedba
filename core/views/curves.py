"""Learning curves: several trials overlaid, each averaged over its seeds, with the spread of the seeds as a band."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.records import IntermediateValue, Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.views.snapshot import snapshot
from core.views.study import incumbents

VALIDATION, TRAIN_LOSS = "validation", "train loss"
ROLES = ("chosen", "best", "best before", "baseline", "other")


@dataclass(frozen=True)
class Line:
    """One curve. `low` and `high` span the seeds, empty for a single one. `x` and `minutes` go with `y`."""

    number: int
    role: str
    label: str
    is_live: bool
    epochs: tuple[int, ...]
    minutes: tuple[float, ...]
    validation: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    loss: tuple[float | None, ...]


@dataclass(frozen=True)
class Curves:
    """What the chart shows; `best` is the current best's value, a line with the noise floor around it."""

    lines: tuple[Line, ...]
    best: float | None
    noise_floor: float | None
    untrained: int | None = None  # the chosen trial, where it took over weights and chose its priors alone


def curves(store: Store, study: Study, chosen: int | None, also: Sequence[int], noise_floor: float | None) -> Curves:
    """The chosen trial, the current best, the one before it, the baseline, whatever runs, and `also` by number."""
    held = snapshot(store, study)
    trials = {trial.number: trial for trial in held.trials}
    roles = _roles(study, held.trials, held.runs, chosen, also)
    lines = [
        line
        for number, role in roles.items()
        for line in _lines(store, study, trials[number], role, held.of(trials[number]))
    ]
    known = trials.get(chosen) if chosen else None
    ended = known is not None and any(run.state is RunState.COMPLETE for run in held.of(known))
    best = held.ids.get(study.incumbent_id or 0)
    return Curves(
        lines=tuple(lines),
        best=best.value if best else None,
        noise_floor=noise_floor,
        untrained=chosen if ended and all(line.number != chosen for line in lines) else None,
    )


def only(seen: Curves, numbers: Sequence[int]) -> Curves:
    """The curves of these trials alone."""
    return replace(seen, lines=tuple(line for line in seen.lines if line.number in numbers))


def smoothed(seen: Curves, weight: float) -> Curves:
    """Exponential moving averages from the first epoch on; `weight` in [0, 1) is that of what came before."""
    if not weight:
        return seen
    lines = (replace(line, validation=_average(line.validation, weight), low=(), high=()) for line in seen.lines)
    return replace(seen, lines=tuple(lines))


def _average(values: Sequence[float], weight: float) -> tuple[float, ...]:
    averages: list[float] = []
    for value in values:
        averages.append(weight * averages[-1] + (1 - weight) * value if averages else value)
    return tuple(averages)


def _roles(
    study: Study, trials: Sequence[Trial], runs: Sequence[Run], chosen: int | None, also: Sequence[int]
) -> dict[int, str]:
    """Number -> role, the most telling role first."""
    known = {trial.number: trial for trial in trials}
    was_best = [number for number in incumbents(trials) if known[number].id != study.incumbent_id]
    roles = {known[number].number: "other" for number in also if number in known}
    live = {run.trial_id for run in runs if run.state is RunState.RUNNING}
    roles |= {trial.number: "other" for trial in trials if trial.id in live}
    roles |= {trial.number: "baseline" for trial in trials if trial.kind == "baseline"}
    roles |= {number: "best before" for number in was_best[-1:] if roles.get(number) != "baseline"}
    roles |= {trial.number: "best" for trial in trials if trial.id == study.incumbent_id}
    if chosen in known and roles.get(chosen) != "best":
        roles[chosen] = "chosen"
    return dict(sorted(roles.items(), key=lambda pair: ROLES.index(pair[1])))


def _lines(store: Store, study: Study, trial: Trial, role: str, runs: Sequence[Run]) -> list[Line]:
    """One line for the complete seeds together, one for each run under way or ended without a value."""
    own = [run for run in runs if run.epoch and run.purpose != "fresh"]
    complete = [run for run in own if run.state is RunState.COMPLETE]
    lines = [_averaged(store, study, trial, role, complete)] if complete else []
    for run in own:
        if run.state is RunState.RUNNING or (not complete and run is own[-1]):
            lines.append(_single(store, study, trial, role, run, named=bool(complete) or len(own) > 1))
    return [line for line in lines if line.epochs]


def _averaged(store: Store, study: Study, trial: Trial, role: str, runs: Sequence[Run]) -> Line:
    seen = [values for run in runs if (values := store.runs.values(run.id))]
    length = min((len(values) for values in seen), default=0)
    columns = [[values[index] for values in seen] for index in range(length)]
    scores = [[value.metrics[study.objective] for value in column] for column in columns]
    several = len(seen) > 1
    return Line(
        number=trial.number,
        role=role,
        label=_label(trial, role),
        is_live=False,
        epochs=tuple(column[0].epoch for column in columns),
        minutes=_running_sum([_mean([value.seconds for value in column]) / 60 for column in columns]),
        validation=tuple(_mean(each) for each in scores),
        low=tuple(min(each) for each in scores) if several else (),
        high=tuple(max(each) for each in scores) if several else (),
        loss=tuple(_loss(column) for column in columns),
    )


def _single(store: Store, study: Study, trial: Trial, role: str, run: Run, named: bool) -> Line:
    values = store.runs.values(run.id)
    is_live = run.state is RunState.RUNNING
    word = "running" if is_live else str(run.state)
    seed = f" seed {run.seed}" if named else ""
    return Line(
        number=trial.number,
        role=role,
        label=f"{trial.number} {word}{seed}",
        is_live=is_live,
        epochs=tuple(value.epoch for value in values),
        minutes=_running_sum([value.seconds / 60 for value in values]),
        validation=tuple(value.metrics[study.objective] for value in values),
        low=(),
        high=(),
        loss=tuple(value.train_loss for value in values),
    )


def _label(trial: Trial, role: str) -> str:
    words = {"chosen": "this trial", "best": "current best", "other": ""}
    word = "baseline" if trial.kind == "baseline" and role != "best" else words.get(role, role)
    return f"{trial.number} {word}".strip()


def _loss(column: Sequence[IntermediateValue]) -> float | None:
    losses = [value.train_loss for value in column if value.train_loss is not None]
    return _mean(losses) if losses else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _running_sum(values: Sequence[float]) -> tuple[float, ...]:
    total, sums = 0.0, []
    for value in values:
        total += value
        sums.append(total)
    return tuple(sums)
