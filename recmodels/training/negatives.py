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
        return self._at(torch.rand(shape, dtype=torch.float64, device=self.device))

    def draw_evenly(self, *shape: int) -> Tensor:
        """Ids of that shape, each with the chances of `draw` but one from every 1/n-th of them, in random order
        (stratified sampling): together they hold each item as often as is expected, within two."""
        n = math.prod(shape)
        shares = torch.arange(n, dtype=torch.float64, device=self.device)
        uniform = ((shares + torch.rand_like(shares)) / n).clamp_(max=math.nextafter(1.0, 0.0))
        return self._at(uniform)[torch.randperm(n, device=self.device)].view(shape)

    def _at(self, uniform: Tensor) -> Tensor:
        """The ids at these heights, from 0 up to 1, of the cumulated chances."""
        if self._ends is None:
            return (uniform * self.num_items).long().clamp_(max=self.num_items - 1) + 1
        return torch.searchsorted(self._ends, uniform, right=True) + 1

    def log_chances(self, ids: Tensor) -> Tensor:
        """Log of the chance that one draw gives each id."""
        if self._ends is None:
            return torch.full(ids.shape, -math.log(self.num_items), device=self.device)
        return self._log_chances[ids - 1]
