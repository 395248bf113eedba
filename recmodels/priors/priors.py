"""Priors: what counting histories knows of the next item, added to a model's scores or used to reorder its best.

A prior is log(1 + w / m), w being an item's weight after a history (its events, or its links with the history's items)
and m the mean weight (of an item, of a link). The logarithm makes the sum with a model's scores, which are
log-probabilities up to a constant, a product of both opinions, in which a link seen a hundred times counts a few times
one seen once, not a hundred times; the mean makes strengths mean the same under every normalisation. A prior is at
least 0, and exactly 0 for most items. The score is

    score + scale * sum_j strength_j * prior_j

with `scale` the standard deviation of the model's scores over the catalogue, because temperatures and norms differ
between models by orders of magnitude. At strength 0 the scores are the model's own, bit for bit.

Shape letters: c cases of a chunk, J priors, U cases, V items.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Histories
from recmodels.packing import ranges
from recmodels.priors.links import Links, cooccurrence_links, transition_links
from recmodels.priors.prior_config import PriorConfig
from recmodels.ranking.evaluation import Fill, Mask, Scorer, chunk_size

RECENT = 50  # latest events of a history that links start from
_FAINT = 1e-3  # an item that counts less than this beside the latest is left out
_SAMPLE = 1024  # histories the scale is measured on


@dataclass(frozen=True)
class Constant:
    """The same scores (V+1,) after every history."""

    scores: Tensor

    def prepare(self, histories: Histories) -> Fill:
        def fill(cases: slice, scores: Tensor) -> None:
            scores.copy_(self.scores.to(scores.device).expand_as(scores))

        return fill


@dataclass(frozen=True)
class LinkSums:
    """Sums of the links of a history's items, the latest counting one and each before it `recency` times the next."""

    links: Links
    recency: float

    def prepare(self, histories: Histories) -> Fill:
        """What adds the sums of a slice of cases to a buffer."""
        lengths = np.minimum(histories.lengths, self._reach)
        starts = histories.offsets[1:] - lengths

        def add(cases: slice, scores: Tensor) -> None:
            rows = np.repeat(np.arange(len(scores)), lengths[cases])
            events = ranges(starts[cases], lengths[cases])
            ages = np.repeat(histories.offsets[1:][cases], lengths[cases]) - 1 - events
            self.links.add_to(scores, rows, histories.items[events], self.recency**ages)

        return add

    @property
    def _reach(self) -> int:
        fading = self.recency ** np.arange(RECENT, dtype=np.float64)
        return int((fading >= _FAINT).sum())


@dataclass(frozen=True)
class LinkPrior:
    """log(1 + sum of links / mean link) of each item after a history."""

    sums: LinkSums

    def prepare(self, histories: Histories) -> Fill:
        add, links = self.sums.prepare(histories), self.sums.links
        unit = 1 / float(links.weights.mean()) if len(links.weights) else 1.0

        def fill(cases: slice, scores: Tensor) -> None:
            add(cases, scores.zero_())
            scores.mul_(unit).log1p_()

        return fill


@dataclass(frozen=True)
class Priors:
    """The priors of a config, fitted, by kind."""

    config: PriorConfig
    fitted: Mapping[str, Scorer]

    @classmethod
    def fit(cls, config: PriorConfig, train: Histories, num_items: int) -> "Priors":
        """Counts the events of `train` and nothing else."""
        return cls(config, {kind: _fit(kind, config, train, num_items) for kind in config.kinds})


def _fit(kind: str, config: PriorConfig, train: Histories, num_items: int) -> Scorer:
    if kind == "popularity":
        counts = np.bincount(train.items, minlength=num_items + 1).astype(np.float32)
        return Constant(torch.from_numpy(np.log1p(counts * (num_items / counts.sum()))))
    count = transition_links if kind == "transition" else cooccurrence_links
    links = count(train, num_items, config.prior_window, config.prior_normalisation, config.prior_neighbours)
    return LinkPrior(LinkSums(links, config.prior_recency))


class PriorScorer:
    """A model's scores with priors. `strengths` (U, J) may differ between cases; (1, J) holds for all. With rerank
    only the best `rerank_top` candidates of the model gain; as no prior is negative, they stay the best."""

    def __init__(self, model: Scorer, priors: Priors, strengths: Tensor, scale: float, masking: str) -> None:
        self.model, self.priors, self.masking = model, priors, masking
        self.strengths = strengths * scale

    def prepare(self, histories: Histories) -> Fill:
        base = self.model.prepare(histories)
        acting = [
            (column, prior.prepare(histories))
            for column, prior in zip(self.strengths.T, self.priors.fitted.values(), strict=True)
            if bool(column.any())
        ]
        if not acting:
            return base
        add = _Gains(acting)
        if self.priors.config.prior_use == "rerank":
            return _reranked(base, add, self.priors.config.rerank_top, histories, self.masking)

        def fill(cases: slice, scores: Tensor) -> None:
            base(cases, scores)
            scores.add_(add(cases, scores))

        return fill


class _Gains:
    """What the priors add to the scores of a chunk, in reused buffers."""

    def __init__(self, acting: list[tuple[Tensor, Fill]]) -> None:
        self._acting = acting
        self._buffers: list[Tensor] = []

    def __call__(self, cases: slice, like: Tensor) -> Tensor:
        if not self._buffers or len(self._buffers[0]) < len(like):
            self._buffers = [torch.empty_like(like) for _ in range(2)]
        gains, values = (buffer[: len(like)] for buffer in self._buffers)
        gains.zero_()
        for strengths, fill in self._acting:
            fill(cases, values)
            weights = strengths if len(strengths) == 1 else strengths[cases]
            gains.addcmul_(values, weights.to(like.device).unsqueeze(1))
        return gains


def _reranked(base: Fill, add: _Gains, k: int, histories: Histories, masking: str) -> Fill:
    mask: Mask | None = None

    def fill(cases: slice, scores: Tensor) -> None:
        nonlocal mask
        base(cases, scores)
        mask = mask or Mask(histories, masking, scores.shape[1])
        mask.apply(cases, scores)
        best = scores.topk(min(k, scores.shape[1]), sorted=False).indices
        scores.scatter_add_(1, best, add(cases, scores).gather(1, best))

    return fill


def scale_of(model: Scorer, histories: Histories, num_items: int, device: torch.device) -> float:
    """The mean standard deviation of a history's scores over the catalogue, on the first histories; 1 where all
    scores are equal."""
    some = histories.of(np.arange(min(_SAMPLE, len(histories.lengths))))
    if not len(some.lengths):
        return 1.0
    total, chunk = 0.0, chunk_size(num_items + 1)
    with torch.inference_mode():
        fill = model.prepare(some)
        for first in range(0, len(some.lengths), chunk):
            cases = slice(first, min(first + chunk, len(some.lengths)))
            scores = torch.empty(cases.stop - first, num_items + 1, device=device)
            fill(cases, scores)
            total += float(scores[:, 1:].std(1, correction=0).sum())
    return total / len(some.lengths) or 1.0
