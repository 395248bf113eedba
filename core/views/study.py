"""A study at one glance: its head, four figures, the stepper's steps and the trials so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.agents.names import agent_word
from core.figures import duration, metric, objective_words, signed_percent
from core.loop.gathering import budget_used
from core.loop.vetoes import standing_vetoes
from core.records import Dataset, Run, Study, Trial
from core.stamp import in_words
from core.states import STUDY_MOVES, Autonomy, RunState, StudyState
from core.store import Store
from core.store.calls import Spent
from core.studies.forecast import Forecast, forecast
from core.verdict import Comparison, SeedNoise
from core.views.limits import cap_words
from core.views.snapshot import Snapshot, snapshot
from core.views.standing import standing
from recmodels.registry import get_backbone

ASKS = {
    Autonomy.EACH: "asks for each trial",
    Autonomy.GATED: "asks when a gate fires",
    Autonomy.WINDOW: "approves at the deadline unless vetoed",
    Autonomy.AUTOPILOT: "decides by itself",
}


@dataclass(frozen=True)
class Head:
    """The first line of the page; `moves` are the states a person may bring the study to."""

    title: str
    state: StudyState
    mode: str
    moves: frozenset[StudyState]
    synthetic: bool
    instructions: str
    vetoed: tuple[str, ...]  # steps that no agent proposes again, such as `hidden_dim (up)`


@dataclass(frozen=True)
class Figure:
    """One of the four figures: `aside` stands small behind the value, `delta` is marked, `context` is grey. A gain is
    green or violet."""

    label: str
    value: str
    aside: str = ""
    delta: str = ""
    context: str = ""
    help: str = ""
    is_gain: bool = False


@dataclass(frozen=True)
class Step:
    """One trial in the stepper; an archived one is stepped over."""

    number: int
    trial_id: int
    standing: str
    is_archived: bool = False


@dataclass(frozen=True)
class Point:
    """A trial in "trials so far": its value with a 95 % interval, where that is known."""

    number: int
    standing: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class StudyView:
    """Everything the page shows of the study as a whole. `noise_floor`: a typical difference of two seeds."""

    study: Study
    version: int
    head: Head
    figures: tuple[Figure, ...]
    steps: tuple[Step, ...]
    points: tuple[Point, ...]
    incumbents: tuple[int, ...]  # numbers, oldest first
    noise_floor: float | None
    protocol: str
    running: str
    estimate: str = ""
    caps: tuple[str, ...] = ()  # each with what is used of it

    @property
    def chosen_by_default(self) -> int | None:
        """The trial worth looking at: one that waits, else one that runs, else the newest."""
        for wanted in ("waiting", "running"):
            for step in self.steps:
                if step.standing == wanted:
                    return step.number
        return self.steps[-1].number if self.steps else None

    def step(self, number: int | None) -> Step | None:
        """The step of a trial number."""
        return next((step for step in self.steps if step.number == number), None)


def study_view(store: Store, study: Study, now: float) -> StudyView:
    """The study as it is now; `now` in seconds since the epoch."""
    dataset = store.datasets.get(study.dataset_id)
    held = snapshot(store, study)
    trials, runs, noise = held.trials, held.runs, held.noise
    floor = noise.deviation * 2**0.5 if noise.degrees else None
    seen = forecast(store, study, now, runs)
    return StudyView(
        study=study,
        version=study.version,
        head=_head(store, study, dataset, trials),
        figures=_figures(study, held, seen, now, store.calls.spent(study.id)),
        steps=tuple(
            Step(trial.number, trial.id, standing(trial, held.of(trial)), trial.archived_at is not None)
            for trial in held.trials
        ),
        points=tuple(_points(store, study, held)),
        incumbents=incumbents(trials),
        noise_floor=floor,
        protocol=protocol_words(study),
        running=_running(study, trials, runs, seen),
        estimate=_estimate(study, held),
        caps=cap_words(store, study),
    )


def protocol_words(study: Study) -> str:
    """What stands small under every chart of the objective."""
    return f"Validation {objective_words(study.objective)} · {in_words(study.stamp)}"


def incumbents(trials: Sequence[Trial]) -> tuple[int, ...]:
    """Numbers of the trials that were the current best, in the order they became it."""
    first = [trial for trial in trials if trial.kind == "baseline" and trial.value is not None]
    won = [trial for trial in trials if trial.comparison and _won(Comparison.from_json(trial.comparison))]
    won.sort(key=lambda trial: trial.judged_at or 0.0)
    return tuple(trial.number for trial in [*first, *won])


def _won(comparison: Comparison) -> bool:
    return comparison.verdict == "better" and not comparison.broken_guards


def _head(store: Store, study: Study, dataset: Dataset, trials: Sequence[Trial]) -> Head:
    title = get_backbone(study.backbone).title
    return Head(
        title=f"{dataset.name} × {title}",
        state=study.state,
        mode=f"{study.name} · {ASKS[study.autonomy]} · {' · '.join((agent_word(study.agent), *study.switched_off))}",
        moves=frozenset(target for origin, target in STUDY_MOVES if origin is study.state),
        synthetic=bool(dataset.card.get("synthetic")),
        instructions=study.instructions,
        vetoed=tuple(veto.words for veto in standing_vetoes(store, study, trials)) if not study.has_ended else (),
    )


def _figures(study: Study, held: Snapshot, seen: Forecast, now: float, spent: Spent) -> tuple[Figure, ...]:
    return (
        _best(study, held),
        _budget(study, held.trials, held.runs),
        _time(study, held.runs, seen, now, spent),
        _noise(study, held.noise),
    )


def _best(study: Study, held: Snapshot) -> Figure:
    """The current best by verdict."""
    label = f"Validation {objective_words(study.objective)}"
    baseline = held.baseline
    best = held.ids.get(study.incumbent_id or 0)
    if best is None or best.value is None or baseline is None or not baseline.value:
        return Figure(label, "–", context="the baseline has no value yet")
    half = held.noise.half_width(_complete(held.of(best)))
    aside = f"± {half:.4f}" if half is not None else ""
    help = f"Trial {best.number}, current best by verdict. ± is the 95 % interval from the noise between seeds."
    if best.id == baseline.id:
        return Figure(label, metric(best.value), aside, context="best: the baseline itself", help=help)
    delta = signed_percent(best.value / baseline.value - 1)
    return Figure(label, metric(best.value), aside, delta, "over baseline", help, is_gain=True)


def _estimate(study: Study, held: Snapshot) -> str:
    """What is recommended where no verdict made it the current best."""
    trial = held.ids.get(study.estimate_id or 0)
    if trial is None or trial.value is None:
        return ""
    return f"estimate {metric(trial.value)}: trial {trial.number} is recommended, though no verdict called it better"


def _budget(study: Study, trials: Sequence[Trial], runs: Sequence[Run]) -> Figure:
    waiting = sum(trial.waits for trial in trials)
    running = sum(run.state is RunState.RUNNING for run in runs)
    queued = sum(run.state is RunState.QUEUED for run in runs)
    delta = f"{waiting} wait{'s' if waiting == 1 else ''} for you" if waiting else ""
    idle = "" if waiting else "none running"
    context = f"{running} running" if running else f"{queued} queued" if queued else idle
    return Figure("Trials", f"{budget_used(trials)} of {study.max_trials}", "", delta, context)


def _time(study: Study, runs: Sequence[Run], seen: Forecast, now: float, spent: Spent) -> Figure:
    trained = sum(run.seconds for run in runs)
    elapsed = duration(max((study.ended_at or now) - study.created_at, 0.0))
    left = f"about {duration(seen.seconds_left)} left" if seen.seconds_left and not study.has_ended else ""
    context = left or f"{duration(trained)} of training"
    help = "Since the study was started. The built-in expert costs no money; a language model's bill stands here."
    bill = f" · models {spent.bill}" if spent.calls else ""
    return Figure("Time", elapsed, "", "", context + bill, help)


def _noise(study: Study, noise: SeedNoise) -> Figure:
    keeps = f"keeps gains above {study.min_gain:.4f}" if study.min_gain else "keeps any sure gain"
    help = "A typical difference between two seeds of one config (standard deviation), pooled over repeated configs."
    value = f"± {noise.deviation * 2**0.5:.4f}" if noise.degrees else "–"
    return Figure("Noise floor", value, context=keeps if noise.degrees else "not measured yet", help=help)


def _points(store: Store, study: Study, held: Snapshot) -> list[Point]:
    points = []
    for trial in (each for each in held.trials if each.archived_at is None):
        own = held.of(trial)
        kind = standing(trial, own)
        if trial.value is not None:
            low, high = _interval(trial, held.noise, _complete(own))
            points.append(Point(trial.number, kind, trial.value, low, high))
        elif kind == "running" and (best := _best_so_far(store, study, own)) is not None:
            points.append(Point(trial.number, kind, best, None, None))
    return points


def _interval(trial: Trial, noise: SeedNoise, seeds: int) -> tuple[float | None, float | None]:
    if trial.comparison:
        seen = Comparison.from_json(trial.comparison)
        if seen.low is None or seen.high is None:
            return None, None
        return seen.reference + seen.low, seen.reference + seen.high
    half = noise.half_width(seeds)
    return (None, None) if half is None or trial.value is None else (trial.value - half, trial.value + half)


def _best_so_far(store: Store, study: Study, runs: Sequence[Run]) -> float | None:
    seen = [v.metrics[study.objective] for run in runs for v in store.runs.values(run.id) if v.metrics]
    return max(seen) if seen else None


def _running(study: Study, trials: Sequence[Trial], runs: Sequence[Run], seen: Forecast) -> str:
    """What happens at this moment, as a sentence."""
    live = [run for run in runs if run.state is RunState.RUNNING]
    if live:
        number = next(trial.number for trial in trials if trial.id == live[0].trial_id)
        left = f"; about {duration(seen.seconds_left)} to the end" if seen.seconds_left else ""
        return f"Trial {number}: seed {live[0].seed}, epoch {live[0].epoch} of at most {study.max_epochs}{left}."
    if study.has_ended or study.state is StudyState.PAUSED:
        return ""
    if any(run.state is RunState.QUEUED for run in runs):
        return "Runs are queued for the worker."
    return "Nothing runs: a trial waits for your decision." if seen.waits else ""


def _complete(runs: Sequence[Run]) -> int:
    return sum(run.state is RunState.COMPLETE and run.purpose != "fresh" for run in runs)
