"""Which runs are hopeless: so far below the current best at the same epoch that waiting is not worth it.

A run is screened at the first rung, a third of the epochs that the current best needed, and again after every later
epoch; one that passes goes on to its end. It falls only where its lag is beyond both the noise between seeds and what
a slower learner makes up later. Comparing at equal epochs is the median rule's idea (Golovin et al. 2017, Vizier,
section 3.2.2) with the current best in the median's place; rungs are those of successive halving (arXiv 1810.05934).
"""

import math
from collections.abc import Sequence

FIRST_RUNG = 1 / 3  # of the best epoch of the current best's curve
FEWEST_EPOCHS = 3
CATCH_UP = 0.2  # standard deviation, as a share, of what a run at its very start may still gain on the current best
DOUBT = 1.64  # standard deviations: one in twenty at most is stopped wrongly, if the lag is normal
RECENT = 3  # epochs over which a run past the current best's best epoch must still rise to be let on


def first_rung(rival: Sequence[float]) -> int:
    """The epoch of the first look, given the current best's objective by epoch. Raises ValueError without any."""
    return max(FEWEST_EPOCHS, math.ceil(FIRST_RUNG * _best_epoch(rival)))


def is_hopeless(curve: Sequence[float], rival: Sequence[float], deviation: float) -> bool:
    """Whether a run should stop after its last epoch so far.

    `curve` and `rival` hold the objective by epoch, of the run and of the current best; `deviation` is the standard
    deviation, in units of the metric, of a difference that only seeds and chance made.
    """
    if not rival or len(curve) < first_rung(rival):
        return False
    ours, theirs = max(curve), max(rival[: len(curve)])
    if ours >= theirs or theirs <= 0:
        return False
    progress = min(1.0, len(curve) / _best_epoch(rival))
    if progress == 1.0 and len(curve) > RECENT and curve[-1] > max(curve[: -RECENT + 1]):
        return False  # still rising, and past the point where the current best had its peak
    spread = math.hypot(deviation / theirs, CATCH_UP * (1.0 - progress))
    return ours / theirs - 1.0 < -DOUBT * spread


def _best_epoch(curve: Sequence[float]) -> int:
    """Counted from 1."""
    if not curve:
        raise ValueError("a curve needs an epoch")
    return max(range(len(curve)), key=lambda epoch: curve[epoch]) + 1
