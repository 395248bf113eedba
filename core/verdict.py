"""The verdict: is a config better than the incumbent, or is it noise?

The difference of two configs is taken per user, each user's score averaged over the config's seeds. Its variance has
two sources: which users were drawn (paired, so shared difficulty cancels) and which seed was drawn, pooled over every
config of the study that was run with several seeds. The interval is Student's t at 95 %, two-sided, with degrees of
freedom by Welch and Satterthwaite (Satterthwaite 1946, Biometrics Bulletin 2:110).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from core.states import Verdict

CONFIDENCE = 0.95
POWER = 0.80


@dataclass(frozen=True)
class SeedNoise:
    """Variance of the objective between seeds of one config, pooled; `degrees` = sum of (seeds - 1)."""

    variance: float
    degrees: int

    @property
    def deviation(self) -> float:
        """Standard deviation between two seeds of one config, in units of the metric."""
        return float(np.sqrt(self.variance))

    def half_width(self, seeds: int) -> float | None:
        """Half the 95 % interval of a mean over so many seeds; None while the noise is unknown."""
        if not self.degrees or not seeds:
            return None
        return float(stdtrit(self.degrees, (1 + CONFIDENCE) / 2)) * self.deviation / seeds**0.5


@dataclass(frozen=True)
class Comparison:
    """A config against another one; every figure in units of the metric, per user mean."""

    verdict: Verdict
    difference: float
    low: float | None  # None: the noise between seeds is unknown, so is the interval
    high: float | None
    error: float
    user_error: float
    seed_error: float
    degrees: float
    smallest_detectable: float | None  # at 80 % power
    min_gain: float
    users: int
    seeds: tuple[int, int]
    reference: float
    broken_guards: tuple[str, ...] = ()
    against: int | None = None  # number of the trial it was compared with
    epoch: int | None = None  # of a pruned trial: both as they were after this epoch, not at their end

    def to_json(self) -> dict[str, Any]:
        """Plain data for SQL."""
        return {**asdict(self), "verdict": str(self.verdict)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Comparison":
        """The inverse of `to_json`."""
        tuples = {"seeds": tuple(data["seeds"]), "broken_guards": tuple(data["broken_guards"])}
        return cls(**{**data, **tuples, "verdict": Verdict(data["verdict"])})

    @property
    def relative(self) -> float:
        """The difference as a share of the reference's mean."""
        return self.difference / self.reference if self.reference else 0.0


def pool_seed_noise(values_by_config: Iterable[Sequence[float]]) -> SeedNoise:
    """Pooled within-config variance; zero degrees when no config was repeated."""
    squares, degrees = 0.0, 0
    for values in values_by_config:
        if len(values) > 1:
            squares += float(np.var(values, ddof=1)) * (len(values) - 1)
            degrees += len(values) - 1
    return SeedNoise(squares / degrees if degrees else 0.0, degrees)


def compare(
    challenger: Sequence[np.ndarray], incumbent: Sequence[np.ndarray], noise: SeedNoise, min_gain: float = 0.0
) -> Comparison:
    """Judge per-user scores, one array (U,) for each seed, same users in the same order.

    Without any repeated config the seed noise is unknown: inconclusive, without an interval.
    """
    ours, theirs = np.mean(challenger, axis=0), np.mean(incumbent, axis=0)
    gains = ours - theirs
    users = len(gains)
    user_part = float(np.var(gains, ddof=1)) / users if users > 1 else 0.0
    means = float(gains.mean()), float(theirs.mean())
    return _judged(means, user_part, users, noise, (len(challenger), len(incumbent)), min_gain)


def compare_at(
    ours: float,
    theirs: float,
    user_variance: float | None,
    users: int,
    noise: SeedNoise,
    seeds: tuple[int, int],
    epoch: int,
    min_gain: float = 0.0,
) -> Comparison:
    """Judge a run that was stopped after an epoch by the means of both configs up to it; it is never `better`.

    The users' scores of an epoch are not kept, so their variance of a mean difference is given, as the study's earlier
    comparisons had it; None, where there were none, leaves it inconclusive without an interval.
    """
    known = noise if user_variance is not None else SeedNoise(noise.variance, 0)
    seen = _judged((ours - theirs, theirs), user_variance or 0.0, users, known, seeds, min_gain)
    verdict = Verdict.INCONCLUSIVE if seen.verdict is Verdict.BETTER else seen.verdict
    return replace(seen, verdict=verdict, epoch=epoch)


def _judged(
    means: tuple[float, float],
    user_part: float,
    users: int,
    noise: SeedNoise,
    seeds: tuple[int, int],
    min_gain: float,
) -> Comparison:
    """`means` are of the difference and of the reference, `user_part` is the users' variance of the difference."""
    difference, reference = means
    seed_part = noise.variance * (1 / seeds[0] + 1 / seeds[1])
    error = float(np.sqrt(user_part + seed_part))
    degrees = _satterthwaite(user_part, users - 1, seed_part, noise.degrees)
    reach = float(stdtrit(degrees, (1 + CONFIDENCE) / 2)) * error if degrees else None
    return Comparison(
        verdict=_verdict(difference, reach, min_gain),
        difference=difference,
        low=None if reach is None else difference - reach,
        high=None if reach is None else difference + reach,
        error=error,
        user_error=float(np.sqrt(user_part)),
        seed_error=float(np.sqrt(seed_part)),
        degrees=degrees,
        smallest_detectable=None if reach is None else reach + float(stdtrit(degrees, POWER)) * error,
        min_gain=min_gain,
        users=users,
        seeds=seeds,
        reference=reference,
    )


def _satterthwaite(user_part: float, user_degrees: int, seed_part: float, seed_degrees: int) -> float:
    if seed_degrees == 0 or user_degrees < 1:
        return 0.0
    bottom = user_part**2 / user_degrees + seed_part**2 / seed_degrees
    return float((user_part + seed_part) ** 2 / bottom) if bottom > 0 else float(user_degrees)


def _verdict(difference: float, reach: float | None, min_gain: float) -> Verdict:
    if reach is None:
        return Verdict.INCONCLUSIVE
    if difference - reach > min_gain:
        return Verdict.BETTER
    return Verdict.NOT_BETTER if difference + reach < min_gain else Verdict.INCONCLUSIVE
