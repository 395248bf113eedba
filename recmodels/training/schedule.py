"""The learning rate over a run. Imports no torch."""

import math
from dataclasses import dataclass

from recmodels.training.training_config import TrainingConfig

_END = 0.01  # share of the rate that is left when the planned steps are over, and kept


@dataclass(frozen=True)
class Schedule:
    """A rate that depends on nothing but the step, so that a resumed run finds its own. It rises linearly over the
    `warmup` steps, then stays, or falls along half a cosine (arXiv 1608.03983) or a line until the last of
    `steps`."""

    kind: str
    peak: float
    warmup: int
    steps: int

    @classmethod
    def of(cls, config: TrainingConfig, epochs: int, steps_per_epoch: int) -> "Schedule":
        steps = epochs * steps_per_epoch
        return cls(config.schedule, config.lr, round(config.warmup * steps), steps)

    def rate(self, step: int) -> float:
        """The rate of a step, 0 being the first."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        if self.kind == "constant":
            return self.peak
        progress = min((step - self.warmup) / max(self.steps - self.warmup, 1), 1.0)
        left = 0.5 * (1 + math.cos(math.pi * progress)) if self.kind == "cosine" else 1 - progress
        return self.peak * (_END + (1 - _END) * left)
