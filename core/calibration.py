"""How far an agent's predictions may be trusted: predicted against actual, over every study of the home.

A point is a trial that put one claim to the test: proposed with an expected relative change and its standard deviation,
run as proposed, and compared whole with the trial it was planned from. Edited and pruned trials are none.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.records import Proposal, Study, Trial
from core.store import Store
from core.verdict import Comparison

REACH = 1.96  # standard deviations of the stated 95 % interval
STATED = 0.95


@dataclass(frozen=True)
class Point:
    """One prediction with what came of it; all changes are shares of the objective."""

    study_id: int
    study: str
    trial: int
    agent: str
    axis: str
    predicted: float
    sd: float
    actual: float
    error: float  # standard error of `actual`
    verdict: str
    low: float | None = None  # 95 % interval of `actual`
    high: float | None = None
    reference: float = 1.0  # value of the trial it was planned from: what the shares are of

    @property
    def is_inside(self) -> bool:
        """Whether the actual change lies in the stated 95 % interval."""
        return abs(self.actual - self.predicted) <= REACH * self.sd

    @property
    def is_inside_noise(self) -> bool:
        """The same, with the interval widened by the measurement's own error: what can be held against the agent."""
        return abs(self.actual - self.predicted) <= REACH * math.hypot(self.sd, self.error)

    @property
    def has_right_sign(self) -> bool:
        """Whether the change went the way that was predicted."""
        return self.predicted * self.actual > 0


@dataclass(frozen=True)
class Calibration:
    """One agent's predictions, oldest first."""

    agent: str
    points: tuple[Point, ...]

    @property
    def hit_rate(self) -> float:
        """Share of actual changes inside the stated interval; 0.95 is what was stated."""
        return _share(point.is_inside for point in self.points)

    @property
    def hit_interval(self) -> tuple[float, float]:
        """95 % interval of the hit rate, by Wilson (1927), Journal of the American Statistical Association 22:209."""
        return wilson(sum(point.is_inside for point in self.points), len(self.points))

    @property
    def hit_rate_with_noise(self) -> float:
        """The hit rate with each interval widened by the measurement's error."""
        return _share(point.is_inside_noise for point in self.points)

    @property
    def sign_rate(self) -> float:
        """Share of changes that went the way that was predicted."""
        return _share(point.has_right_sign for point in self.points)

    @property
    def bias(self) -> float:
        """Mean of actual minus predicted; below zero the agent promises too much."""
        return sum(point.actual - point.predicted for point in self.points) / len(self.points)

    @property
    def miss(self) -> float:
        """Mean distance between actual and predicted."""
        return sum(abs(point.actual - point.predicted) for point in self.points) / len(self.points)

    @property
    def mean_sd(self) -> float:
        """Mean stated standard deviation."""
        return sum(point.sd for point in self.points) / len(self.points)

    @property
    def sentence(self) -> str:
        """Whether the stated intervals can be believed."""
        low, high = self.hit_interval
        told = f"{sum(point.is_inside for point in self.points)} of {len(self.points)} inside the stated interval"
        if high < STATED:
            return f"{told}: too sure of itself"
        return f"{told}: as stated, as far as can be told" if low <= STATED else f"{told}: more careful than it need be"


def calibrations(store: Store, study_id: int | None = None) -> list[Calibration]:
    """Every agent that ever predicted, the one with most points first; of one study, or of all."""
    studies = [store.studies.get(study_id)] if study_id is not None else store.studies.all()
    found: list[Point] = []
    for study in studies:
        trials = store.trials.of_study(study.id)
        found += points_of(study, trials, store.listings.proposals([trial.id for trial in trials]))
    return by_agent(found)


def by_agent(points: Iterable[Point]) -> list[Calibration]:
    """The points of whoever wrote each proposal, the one with most of them first."""
    authors: dict[str, list[Point]] = {}
    for point in points:
        authors.setdefault(point.agent, []).append(point)
    found = [Calibration(agent, tuple(own)) for agent, own in authors.items()]
    return sorted(found, key=lambda each: (-len(each.points), each.agent))


def points_of(study: Study, trials: Iterable[Trial], proposals: Mapping[int, Proposal]) -> Iterator[Point]:
    """The points of one study; `proposals` by trial."""
    for trial in trials:
        proposal = proposals.get(trial.id)
        if proposal is None or trial.step_comparison is None or dict(trial.params) != dict(proposal.params):
            continue
        if (point := _point(study, trial, proposal, Comparison.from_json(trial.step_comparison))) is not None:
            yield point


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share; (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, REACH**2 / of
    centre = (share + spread / 2) / (1 + spread)
    reach = REACH * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def _point(study: Study, trial: Trial, proposal: Proposal, step: Comparison) -> Point | None:
    predicted, sd = proposal.expected.get("relative"), proposal.expected.get("relative_sd")
    if predicted is None or not sd or step.epoch is not None or not step.reference:
        return None
    return Point(
        study_id=study.id,
        study=study.name,
        trial=trial.number,
        agent=proposal.author,
        axis=proposal.axis,
        predicted=predicted,
        sd=sd,
        actual=step.relative,
        error=step.error / step.reference,
        verdict=str(step.verdict),
        low=None if step.low is None else step.low / step.reference,
        high=None if step.high is None else step.high / step.reference,
        reference=step.reference,
    )


def _share(facts: Iterable[bool]) -> float:
    known = list(facts)
    return sum(known) / len(known) if known else 0.0
