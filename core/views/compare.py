"""Side by side: two to six trials of a study by what differs, and two studies at equal training time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from core.agents.names import agent_word
from core.artifacts import Artifacts
from core.errors import InvalidInput
from core.figures import change, duration, metric, param_value
from core.loop.gathering import seed_noise
from core.records import Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.verdict import Comparison, compare
from core.views.insight import Racer, racer
from core.views.overview import leads
from core.views.snapshot import Snapshot, snapshot
from core.views.standing import standing

FEWEST, MOST = 2, 6


@dataclass(frozen=True)
class Column:
    """One trial of the table."""

    number: int
    standing: str
    value: str
    seeds: str
    time: str


@dataclass(frozen=True)
class Field:
    """One field with a value for each column; `differs` tells whether they are not all the same."""

    name: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Beside:
    """A trial against the reference, over the same users; `problem` where no interval can be had."""

    number: int
    comparison: Comparison | None
    problem: str = ""


@dataclass(frozen=True)
class Trials:
    """Everything of the first tab."""

    study: Study
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    reference: int
    beside: tuple[Beside, ...]
    noise_floor: float | None

    @property
    def labels(self) -> dict[int, str]:
        """Each trial with what sets it apart from the reference: `5 · lr 0.007`, `5 · lr 0.007 +2`."""
        own = [column.number for column in self.columns]
        at = own.index(self.reference)
        return {number: _label(number, index, at, self.fields) for index, number in enumerate(own)}


@dataclass(frozen=True)
class Standing:
    """A study at one moment of training time: its current best then, after so many judged trials."""

    study: Study
    agent: str
    trials: int
    best: Trial
    value: float


@dataclass(frozen=True)
class Race:
    """Two studies at the training time that both have reached; the comparison is of their bests of that moment."""

    minutes: float
    racers: tuple[Racer, Racer]
    ours: Standing
    theirs: Standing
    comparison: Comparison


def comparable(store: Store, study: Study) -> list[Trial]:
    """The study's trials with a value, by number."""
    return [trial for trial in snapshot(store, study).trials if trial.value is not None]


def in_sight(trials: Sequence[Trial], asked: Collection[int]) -> list[Trial]:
    """Those out of the archive, and those in it that are asked for by number."""
    return [trial for trial in trials if trial.archived_at is None or trial.number in asked]


def usual(study: Study, trials: Sequence[Trial]) -> list[int]:
    """The trials to begin with: the baseline, the current best and the newest."""
    wanted = [trial.number for trial in trials if trial.kind == "baseline" or trial.id == study.incumbent_id]
    newest = [trial.number for trial in trials[-2:] if trial.number not in wanted]
    return sorted((wanted + newest[::-1])[: max(FEWEST, 3)])


def side_by_side(store: Store, artifacts: Artifacts, study: Study, numbers: Sequence[int], reference: int) -> Trials:
    """Trials by number, each against the reference. Raises InvalidInput for fewer than two or more than six."""
    if not FEWEST <= len(numbers) <= MOST:
        raise InvalidInput(f"{len(numbers)} trials cannot be compared; choose {FEWEST} to {MOST}")
    trials = [store.trials.by_number(study.id, number) for number in numbers]
    held = snapshot(store, study)
    grouped, noise = held.by_trial, held.noise
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    base = next((trial for trial in trials if trial.number == reference), trials[0])
    others = [trial for trial in trials if trial.id != base.id]
    return Trials(
        study=study,
        columns=tuple(_column(trial, grouped.get(trial.id, [])) for trial in trials),
        fields=tuple(_field(name, trials) for name in names),
        reference=base.number,
        beside=tuple(_beside(artifacts, study, trial, base, held) for trial in others),
        noise_floor=noise.deviation * 2**0.5 if noise.degrees else None,
    )


def race(store: Store, artifacts: Artifacts, ours: Study, theirs: Study) -> Race:
    """Two studies at equal training time.

    Raises InvalidInput when they have no protocol in common, or one has no value yet; StorageFailed for lost files.
    """
    if (ours.stamp, ours.objective) != (theirs.stamp, theirs.objective):
        raise InvalidInput(
            f"{ours.name} is measured under {ours.stamp}, {theirs.name} under {theirs.stamp}; figures under different "
            "protocols are never compared: choose a study of the same data, split and masking"
        )
    first, second = racer(store, ours, True), racer(store, theirs, False)
    for each in (first, second):
        if not each.values:
            raise InvalidInput(f"{each.name} has no value yet; wait for its baseline")
    minutes = min(first.minutes[-1], second.minutes[-1])
    a, b = _at(store, ours, minutes), _at(store, theirs, minutes)
    runs = [*snapshot(store, ours).runs, *snapshot(store, theirs).runs]
    scores = [_scores(artifacts, ours, each.best, runs) for each in (a, b)]
    return Race(minutes, (first, second), a, b, compare(scores[0], scores[1], seed_noise(runs), ours.min_gain))


def _column(trial: Trial, runs: Sequence[Run]) -> Column:
    counted = [run for run in runs if run.purpose != "fresh"]
    return Column(
        number=trial.number,
        standing=standing(trial, runs),
        value=metric(trial.value),
        seeds=str(sum(run.state is RunState.COMPLETE for run in counted)),
        time=duration(sum(run.seconds for run in counted)),
    )


def _field(name: str, trials: Sequence[Trial]) -> Field:
    values = [trial.params.get(name) for trial in trials]
    return Field(name, tuple(map(param_value, values)), len(set(values)) > 1)


def _label(number: int, index: int, at: int, fields: Sequence[Field]) -> str:
    if index == at:
        return f"{number} reference"
    differing = [f"{field.name} {field.values[index]}" for field in fields if field.values[index] != field.values[at]]
    more = f" +{len(differing) - 1}" if len(differing) > 1 else ""
    return f"{number} · {differing[0]}{more}" if differing else f"{number} · other seeds"


def reading(seen: Trials) -> str:
    """The intervals in one sentence: `Against trial 1, trial 5 is ahead by 0.0191 ± 0.0102.`"""
    known = [each for each in seen.beside if each.comparison is not None]
    if not known:
        return ""
    said_of = [f"trial {each.number} {_told(each.comparison)}" for each in known if each.comparison is not None]
    return f"Against trial {seen.reference}, {'; '.join(said_of)}."


def _told(seen: Comparison) -> str:
    if seen.verdict == "inconclusive":
        return f"is not told apart ({change(seen.difference, seen.low, seen.high)})"
    by = change(abs(seen.difference), seen.low, seen.high).removeprefix("+")
    return f"is {'ahead' if seen.verdict == 'better' else 'behind'} by {by}"


def _beside(artifacts: Artifacts, study: Study, trial: Trial, base: Trial, held: Snapshot) -> Beside:
    ours, theirs = (_scores(artifacts, study, each, held.of(each)) for each in (trial, base))
    if not ours or not theirs:
        return Beside(trial.number, None, "no seed of it has ended whole")
    return Beside(trial.number, compare(ours, theirs, held.noise, study.min_gain))


def _scores(artifacts: Artifacts, study: Study, trial: Trial, runs: Sequence[Run]) -> list[np.ndarray]:
    ended = [r for r in runs if r.trial_id == trial.id and r.state is RunState.COMPLETE and r.purpose != "fresh"]
    return [artifacts.scores(trial, run, study.objective) for run in ended]


def _at(store: Store, study: Study, minutes: float) -> Standing:
    """The current best after so much training; a trial counts once its training is paid for."""
    trials, runs = snapshot(store, study).trials, snapshot(store, study).by_trial
    judged = sorted((t for t in trials if t.is_judged), key=lambda trial: trial.judged_at or 0.0)
    spent, best, count = 0.0, None, 0
    for trial in judged:
        spent += sum(run.seconds for run in runs.get(trial.id, ()) if run.purpose != "fresh") / 60
        if spent > minutes + 1e-9 and best is not None:
            break
        count += 1
        if trial.value is not None and (best is None or leads(trial)):
            best = trial
    assert best is not None and best.value is not None  # a racer with values has a first one
    return Standing(study, agent_word(study.agent), count, best, best.value)
