"""What a study has taught about itself: the race against its controls, axes tried, how far to trust its agent, A/A."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from core.agents.names import agent_word
from core.agents.tried import moved
from core.artifacts import Artifacts
from core.calibration import Point, by_agent, points_of
from core.errors import StorageFailed
from core.figures import param_value
from core.records import Proposal, Run, Study, Trial
from core.space import SearchSpace
from core.states import RunState, TrialState, Verdict
from core.store import Store
from core.verdict import Comparison, SeedNoise, compare
from core.views.edits import Edit, edits_of
from core.views.overview import best_so_far
from core.views.snapshot import snapshot
from core.views.standing import standing

MOST_RACERS = 6
MOST_PAIRS = 10


@dataclass(frozen=True)
class Racer:
    """A study on the same data, model and protocol: the current best after each judged trial, and what that took.

    `minutes` and `values` have one length; `gain` is relative to its own baseline, `per_minute` that gain in percent
    for a minute of training.
    """

    study_id: int
    name: str
    agent: str
    is_this: bool
    minutes: tuple[float, ...]
    values: tuple[float, ...]
    gain: float | None
    per_minute: float | None
    money: float | None  # the language model's bill in dollars; None where a price is not set
    estimate: float | None = None  # of the recommended trial, where no verdict made it the current best

    @property
    def per_dollar(self) -> float | None:
        """The gain in percent for a dollar of that bill; None without a bill."""
        return self.gain * 100 / self.money if self.gain is not None and self.money else None


@dataclass(frozen=True)
class Axis:
    """A searched field: how often it was moved, what came of it, and the values that were tried."""

    name: str
    help: str
    tried: int
    better: int
    not_better: int
    inconclusive: int
    failed: int
    values: str


@dataclass(frozen=True)
class Claim:
    """What a proposal predicted (one standard deviation) and what its trial showed (95 % interval), in units of the
    objective; whether that is inside is said by core/calibration.py."""

    number: int
    predicted: float
    deviation: float
    observed: float
    low: float | None
    high: float | None
    verdict: str
    is_inside: bool
    is_inside_noise: bool


@dataclass(frozen=True)
class Calibration:
    """How far the study's own agent may be trusted: `share` of changes inside the stated 95 % interval; `bias` is
    observed minus predicted as a share, on average; `beside` tells of whoever stepped in for it."""

    claims: tuple[Claim, ...] = ()
    share: float | None = None
    bias: float | None = None
    beside: str = ""


@dataclass(frozen=True)
class Pair:
    """Two seeds of the baseline judged against each other."""

    label: str
    comparison: Comparison


@dataclass(frozen=True)
class Insight:
    """Everything but the landscape (core/views/landscape.py); `problem` tells why no A/A test could be made."""

    study: Study
    racers: tuple[Racer, ...]
    axes: tuple[Axis, ...]
    calibration: Calibration
    pairs: tuple[Pair, ...]
    noise_floor: float | None
    problem: str
    edits: tuple[tuple[float, float, Edit], ...]  # at so many minutes of training, after so many judged trials


def rivals(store: Store, study: Study) -> list[Study]:
    """Every other study that may be compared with it, the newest first: one protocol, one model, one objective."""
    return [
        each
        for each in reversed(store.studies.in_sight())
        if each.id != study.id
        and (each.dataset_id, each.backbone, each.stamp, each.objective)
        == (study.dataset_id, study.backbone, study.stamp, study.objective)
    ]


def racing(store: Store, study: Study) -> list[Study]:
    """The study and the newest of its rivals: as many as are told apart in one chart."""
    return [study, *rivals(store, study)[: MOST_RACERS - 1]]


def insight(store: Store, artifacts: Artifacts, study: Study) -> Insight:
    """All of it for one study."""
    held = snapshot(store, study)
    trials, runs, noise = held.trials, held.runs, held.noise
    proposals = store.listings.proposals([trial.id for trial in trials])
    pairs, problem = _pairs(artifacts, study, trials, runs, noise)
    return Insight(
        study=study,
        racers=tuple(racer(store, each, each.id == study.id) for each in racing(store, study)),
        axes=tuple(axes_of(study, trials, proposals)),
        calibration=calibration(study, trials, proposals),
        pairs=pairs,
        noise_floor=noise.deviation * 2**0.5 if noise.degrees else None,
        problem=problem,
        edits=_edits(store, study, trials),
    )


def calibration(study: Study, trials: Sequence[Trial], proposals: Mapping[int, Proposal]) -> Calibration:
    """The points of the study's own agent, those of anybody who stepped in for it told apart."""
    found = by_agent(points_of(study, trials, proposals))
    own = next((each for each in found if each.agent == study.agent), None)
    beside = ". ".join(f"{agent_word(each.agent)}: {each.sentence}" for each in found if each is not own)
    if own is None:
        return Calibration(beside=beside)
    return Calibration(tuple(_claim(point) for point in own.points), own.hit_rate, own.bias, beside)


def _claim(point: Point) -> Claim:
    scale = point.reference
    low, high = (None if end is None else end * scale for end in (point.low, point.high))
    return Claim(
        number=point.trial,
        predicted=point.predicted * scale,
        deviation=point.sd * scale,
        observed=point.actual * scale,
        low=low,
        high=high,
        verdict=point.verdict,
        is_inside=point.is_inside,
        is_inside_noise=point.is_inside_noise,
    )


def racer(store: Store, study: Study, is_this: bool) -> Racer:
    """A study as a line of the race."""
    held = snapshot(store, study)
    trials, runs = held.trials, held.by_trial
    judged = sorted((t for t in trials if t.is_judged), key=lambda trial: trial.judged_at or 0.0)
    values = best_so_far(trials)
    minutes, spent = [], 0.0
    for trial in judged:
        spent += sum(run.seconds for run in runs.get(trial.id, ()) if run.purpose != "fresh") / 60
        minutes.append(spent)
    minutes = minutes[len(minutes) - len(values) :]  # those before the first value have none
    gain = values[-1] / values[0] - 1 if values and values[0] else None
    per_minute = gain * 100 / spent if gain is not None and spent else None
    name = agent_word(study.agent)
    spent_money = store.calls.spent(study.id)
    money = None if spent_money.unpriced else spent_money.money
    estimate = held.ids.get(study.estimate_id or 0)
    return Racer(
        *(study.id, study.name, name, is_this, tuple(minutes), values, gain, per_minute, money),
        estimate=estimate.value if estimate else None,
    )


def _edits(store: Store, study: Study, trials: Sequence[Trial]) -> tuple[tuple[float, float, Edit], ...]:
    """Where each edit falls on the line of this study."""
    line = racer(store, study, True)
    times = sorted(trial.judged_at or 0.0 for trial in trials if trial.is_judged)
    times = times[len(times) - len(line.values) :]
    found = []
    for edit in edits_of(store, study):
        count = sum(at <= edit.at for at in times)
        found.append((line.minutes[count - 1] if count else 0.0, count + 0.5, edit))
    return tuple(found)


def axes_of(study: Study, trials: Sequence[Trial], proposals: Mapping[int, Proposal]) -> list[Axis]:
    """Every searched field with what these trials made of it, the most tried first."""
    space = SearchSpace.from_json(study.space)
    start = next((trial.params for trial in trials if trial.kind == "baseline"), space.baseline())
    ran = [trial for trial in trials if trial.state is TrialState.APPROVED]
    movers_of: dict[str, list[Trial]] = {}
    for trial in ran:
        for name in moved(trial, proposals.get(trial.id), start):
            movers_of.setdefault(name, []).append(trial)
    found = []
    for name, param in space.searched.items():
        movers = movers_of.get(name, [])
        verdicts = [trial.verdict for trial in movers]
        seen = {trial.params[name] for trial in ran if name in trial.params}
        better, worse, open_ = (verdicts.count(verdict) for verdict in _VERDICTS)
        failed = sum(standing(trial) == "failed" for trial in movers)
        found.append(Axis(name, param.help, len(movers), better, worse, open_, failed, _values(seen)))
    return sorted(found, key=lambda axis: (-axis.tried, axis.name))


_VERDICTS = (Verdict.BETTER, Verdict.NOT_BETTER, Verdict.INCONCLUSIVE)


def _values(seen: set[object]) -> str:
    numbers = [value for value in seen if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(seen) and len(numbers) > 3:
        return f"{param_value(min(numbers))} to {param_value(max(numbers))}"
    return ", ".join(sorted(param_value(value) for value in seen))


def _pairs(
    artifacts: Artifacts, study: Study, trials: Sequence[Trial], runs: Sequence[Run], noise: SeedNoise
) -> tuple[tuple[Pair, ...], str]:
    """Every two seeds of the baseline, by the verdict that judges trials."""
    baseline = next((trial for trial in trials if trial.kind == "baseline"), None)
    seeds = [run for run in runs if baseline and run.trial_id == baseline.id and run.state is RunState.COMPLETE]
    if baseline is None or len(seeds) < 2:
        return (), "it needs two seeds of the baseline that have ended"
    try:
        scores = {run.seed: artifacts.scores(baseline, run, study.objective) for run in seeds}
    except StorageFailed as problem:
        return (), str(problem)
    names = _seed_names(seeds)
    chosen = list(combinations(sorted(scores), 2))[:MOST_PAIRS]
    return tuple(
        Pair(f"{names[a]} – {names[b]}", compare([scores[a]], [scores[b]], noise, study.min_gain)) for a, b in chosen
    ), ""


def _seed_names(runs: Sequence[Run]) -> dict[int, str]:
    """Each seed as people say it: `seed 2`; those of the final figure are counted apart, `fresh 1`."""
    fresh = sorted(run.seed for run in runs if run.purpose == "fresh")
    return {run.seed: f"fresh {fresh.index(run.seed) + 1}" if run.seed in fresh else f"seed {run.seed}" for run in runs}
