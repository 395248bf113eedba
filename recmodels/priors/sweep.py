"""Strengths of priors, chosen on validation after training and cross-fitted: each half of the users is scored with
what was chosen on the other half, so that nobody's own target chose how it is scored.

Every strength of the grid is tried on every case while its scores are in memory. Metrics end at position 20, and no
prior is negative; so beside the target only items matter that a link raises, and the 20 best without links under each
strength of popularity: any other item has 20 better ones before it.

Shape letters: c cases of a chunk, G points of the grid, J priors, U cases, V items, N items that matter.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Cases
from recmodels.packing import Flat
from recmodels.priors.priors import Priors, PriorScorer, scale_of
from recmodels.ranking.evaluation import Fill, Mask, Scorer, chunk_size
from recmodels.ranking.metrics import CUTOFFS, gains
from recmodels.ranking.sampling import halves, sample

GRID = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # standard deviations of the model's scores
_FEWEST_USERS, _MOST_USERS = 5_000, 50_000  # more do not choose better
_SCORES = 5_000_000_000  # which bounds the users where the catalogue is large
_ITEMS = 4096  # items compared at once over the whole grid: they stay in the processor's cache


@dataclass(frozen=True)
class Chosen:
    """Strengths by kind of prior: chosen on all users, and on each half of them. `scale` is that of the model."""

    scale: float
    everyone: Mapping[str, float]
    halves: tuple[Mapping[str, float], Mapping[str, float]]

    def for_anyone(self) -> Tensor:
        """The strengths for new targets: (1, J)."""
        return torch.tensor([list(self.everyone.values())])

    def cross_fitted(self, users: Flat) -> Tensor:
        """For each user the strengths that were chosen on the other half: (U, J)."""
        table = torch.tensor([list(half.values()) for half in self.halves])
        return table[torch.from_numpy(1 - halves(users))]

    def to_json(self) -> dict[str, Any]:
        return {"scale": self.scale, "everyone": dict(self.everyone), "halves": [dict(half) for half in self.halves]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Chosen":
        first, second = data["halves"]
        return cls(data["scale"], data["everyone"], (first, second))


def sweep(
    model: Scorer,
    priors: Priors,
    cases: Cases,
    popularity: Flat,
    masking: str,
    objective: str,
    device: torch.device,
    between: Callable[[], None] = lambda: None,
) -> Chosen:
    """The strengths with the best mean objective; of equal ones the weaker. A tied target stands in the middle of its
    ties, which is enough to choose by. `between` is called between chunks and may raise to stop."""
    width = len(popularity)
    cases = sample(cases, min(max(_SCORES // width, _FEWEST_USERS), _MOST_USERS))
    scale = scale_of(model, cases.histories, width - 1, device)
    grid = torch.tensor(list(itertools.product(GRID, repeat=len(priors.fitted))), device=device)  # (G, J)
    totals, step = np.zeros((2, len(grid))), chunk_size(width)
    side, known = halves(cases.users), popularity[cases.targets] > 0
    with torch.inference_mode():
        chunk = _Chunk(model, priors, cases, masking, width, grid * scale, device)
        for first in range(0, len(cases.users), step):
            between()
            rows = slice(first, min(first + step, len(cases.users)))
            earned = _earned(objective, chunk.positions(rows)) * known[rows, None]
            for half in (0, 1):
                totals[half] += earned[side[rows] == half].sum(0)
    points = [dict(zip(priors.fitted, point, strict=True)) for point in itertools.product(GRID, repeat=grid.shape[1])]
    return Chosen(
        scale,
        points[int(totals.sum(0).argmax())],
        (points[int(totals[0].argmax())], points[int(totals[1].argmax())]),
    )


def crossfitted_scorer(model: Scorer, priors: Priors, chosen: Chosen, users: Flat, masking: str) -> PriorScorer:
    """Scores for each of the users, in their order, by what the others chose."""
    return PriorScorer(model, priors, chosen.cross_fitted(users), chosen.scale, masking)


class _Chunk:
    """Positions of the targets of some cases at every point of the grid."""

    def __init__(
        self, model: Scorer, priors: Priors, cases: Cases, masking: str, width: int, grid: Tensor, device: torch.device
    ) -> None:
        self._cases, self._grid, self._device = cases, grid, device
        self._base, self._mask = model.prepare(cases.histories), Mask(cases.histories, masking, width)
        self._priors: dict[str, Fill] = {kind: prior.prepare(cases.histories) for kind, prior in priors.fitted.items()}
        config = priors.config
        self._top = min(config.rerank_top, width) if config.prior_use == "rerank" else 0
        rows = min(chunk_size(width), len(cases.users))
        self._buffers = [torch.empty(rows, width, device=device) for _ in range(1 + len(self._priors))]

    def positions(self, rows: slice) -> np.ndarray:
        """(c, G), 0 the best; beyond the last cutoff they are only known to be so."""
        scores, *values = (buffer[: rows.stop - rows.start] for buffer in self._buffers)
        self._base(rows, scores)
        self._mask.apply(rows, scores)
        for fill, value in zip(self._priors.values(), values, strict=True):
            fill(rows, value)
        targets = torch.from_numpy(self._cases.targets[rows]).to(self._device)
        matters = self._best_reordered(scores, values) if self._top else self._within_reach(scores, values)
        matters.scatter_(1, targets.unsqueeze(1), True)
        matters &= scores > -torch.inf
        found = self._count(matters, [scores, *values], targets)
        found[scores.gather(1, targets.unsqueeze(1))[:, 0] == -torch.inf] = max(CUTOFFS)
        return found.cpu().numpy()

    def _best_reordered(self, scores: Tensor, values: list[Tensor]) -> Tensor:
        """The model's best, which alone are raised; at least those that metrics see."""
        best = scores.topk(min(max(self._top, max(CUTOFFS)), scores.shape[1])).indices
        raised = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, best[:, : self._top], True)
        for value in values:
            value.mul_(raised)
        return torch.zeros_like(raised).scatter_(1, best, True)

    def _within_reach(self, scores: Tensor, values: list[Tensor]) -> Tensor:
        matters = torch.zeros_like(scores, dtype=torch.bool)
        popularity = values[list(self._priors).index("popularity")] if "popularity" in self._priors else None
        strengths = [0.0] if popularity is None else self._grid[:, 0].unique().tolist()
        for strength in strengths:
            raised = scores if popularity is None else torch.add(scores, popularity, alpha=strength)
            matters.scatter_(1, raised.topk(min(max(CUTOFFS), scores.shape[1])).indices, True)
        for kind, value in zip(self._priors, values, strict=True):
            if kind != "popularity":
                matters |= value > 0
        return matters

    def _count(self, matters: Tensor, planes: list[Tensor], targets: Tensor) -> Tensor:
        """Items above each target, and half of its ties: (c, G)."""
        rows, items = matters.nonzero(as_tuple=True)  # (N,)
        signs = self._grid.new_zeros(len(targets), len(self._grid))
        mixed = torch.cat([self._grid.new_ones(len(self._grid), 1), self._grid], 1).T  # (1 + J, G)
        for first in range(0, len(rows), _ITEMS):
            row, item = rows[first : first + _ITEMS], items[first : first + _ITEMS]
            own = targets[row]
            apart = torch.stack([plane[row, item] - plane[row, own] for plane in planes], 1)  # (n, 1 + J)
            signs.index_add_(0, row, (apart @ mixed).sign_())
        counted = matters.sum(1, keepdim=True)
        return ((counted + signs - 1) / 2).long()


def _earned(objective: str, positions: np.ndarray) -> np.ndarray:
    earned = np.append(gains(objective), 0.0)
    return earned[np.minimum(positions, len(earned) - 1)]
