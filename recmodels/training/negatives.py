"""Items drawn as rivals of a target."""

import math

import numpy as np
import torch
from torch import Tensor


class NegativeSampler:
    """Draws items 1..V with chances proportional to popularity^power; all alike for power 0, as also where no item
    was ever seen. `popularity` is (V+1,)."""

    def __init__(self, popularity: np.ndarray, power: float, device: torch.device) -> None:
        self.num_items, self.device = len(popularity) - 1, device
        self._ends: Tensor | None = None
        chances = np.where(popularity[1:] > 0, popularity[1:].astype(np.float64) ** power, 0.0)
        if power > 0 and chances.any():
            chances /= chances.sum()
            self._ends = torch.from_numpy(np.cumsum(chances)).to(device)
            self._ends[int(np.flatnonzero(chances)[-1]) :] = 1.0  # whatever the sum lost to rounding
            with np.errstate(divide="ignore"):
                self._log_chances = torch.from_numpy(np.log(chances)).to(device, torch.float32)

    def draw(self, *shape: int) -> Tensor:
        """Ids of that shape, with replacement."""
        if self._ends is None:
            return torch.randint(1, self.num_items + 1, shape, device=self.device)
        uniform = torch.rand(shape, dtype=torch.float64, device=self.device)
        return torch.searchsorted(self._ends, uniform, right=True) + 1

    def log_chances(self, ids: Tensor) -> Tensor:
        """Log of the chance that one draw gives each id."""
        if self._ends is None:
            return torch.full(ids.shape, -math.log(self.num_items), device=self.device)
        return self._log_chances[ids - 1]
