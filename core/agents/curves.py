"""What a learning curve says, in a handful of numbers and one word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.figures import percent, signed_percent
from core.records import IntermediateValue

Diagnosis = Literal["over-fit", "under-fit", "unstable", "plateau", "too short"]
SWING = 0.05  # swings between epochs beyond this share of the best value count as unstable
SLOPE = 0.005  # a rise per epoch beyond this share of the best value counts as still learning


@dataclass(frozen=True)
class CurveSummary:
    """A run's validation objective over epochs, compactly. `slope` and `swing` are shares of the best value."""

    epochs: int
    best_epoch: int
    best: float
    last: float
    slope: float  # change per epoch over the last quarter
    swing: float  # spread of the last half around its own trend
    loss_first: float | None
    loss_last: float | None
    diagnosis: Diagnosis

    @property
    def sentence(self) -> str:
        """The diagnosis with its figures, for a reflection."""
        figures = f"best {self.best:.4f} at epoch {self.best_epoch} of {self.epochs}"
        return {
            "over-fit": f"it over-fits: {figures}, then down to {self.last:.4f} while the training loss still falls",
            "under-fit": f"it still learns when it ends: {figures}, rising {signed_percent(self.slope)} an epoch",
            "unstable": f"it swings by {percent(self.swing)} between epochs: {figures}",
            "plateau": f"it levels off: {figures}",
            "too short": f"too few epochs to tell: {figures}",
        }[self.diagnosis]


def summarise(values: Sequence[IntermediateValue], objective: str) -> CurveSummary | None:
    """The summary of a run's intermediate values; None without any."""
    if not values:
        return None
    curve = np.array([value.metrics[objective] for value in values])
    losses = [value.train_loss for value in values if value.train_loss is not None]
    best = int(curve.argmax())
    scale = max(float(curve[best]), 1e-12)
    tail = curve[-max(2, len(curve) // 4) :]
    slope = float(np.polyfit(range(len(tail)), tail, 1)[0]) / scale if len(tail) > 1 else 0.0
    return CurveSummary(
        epochs=len(curve),
        best_epoch=values[best].epoch,
        best=float(curve[best]),
        last=float(curve[-1]),
        slope=slope,
        swing=_swing(curve) / scale,
        loss_first=losses[0] if losses else None,
        loss_last=losses[-1] if losses else None,
        diagnosis=_diagnose(curve, best, slope, _swing(curve) / scale, losses),
    )


def _swing(curve: np.ndarray) -> float:
    half = curve[len(curve) // 2 :]
    if len(half) < 4:
        return 0.0
    trend = np.polyval(np.polyfit(range(len(half)), half, 1), range(len(half)))
    return float(np.std(half - trend))


def _diagnose(curve: np.ndarray, best: int, slope: float, swing: float, losses: Sequence[float]) -> Diagnosis:
    if len(curve) < 4:
        return "too short"
    if swing > SWING:
        return "unstable"
    if slope > SLOPE and best >= len(curve) - 2:
        return "under-fit"
    falling = len(losses) > 1 and losses[-1] < losses[best]
    if falling and curve[-1] < curve[best] * (1 - SWING / 2) and best < 0.8 * len(curve):
        return "over-fit"
    return "plateau"
