"""Losses over the states of tokens and the ids of their targets. Shape letters: n targets, D width, V items, K
negatives, G blocks that share their negatives, m targets of a block."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from recmodels.backbones.layers import SequenceModel
from recmodels.training.full_softmax import full_softmax
from recmodels.training.negatives import NegativeSampler
from recmodels.training.picked_scores import picked_scores
from recmodels.training.training_config import TrainingConfig

# Targets that share negatives: mixed over the batch, and with negatives drawn evenly, Beauty's validation NDCG@10 after
# three epochs is that of negatives for each (SASRec, three seeds); with neither, 48 consecutive targets lose 3 %.
_SHARING = 32
_DENSE = 64  # items for each negative up to which the whole catalogue is scored instead
_CELLS = 2**25  # vectors and scores of negatives that exist at once: 128 MiB, a few times over

Criterion = Callable[[Tensor, Tensor], Tensor]  # losses (n,) from scores of targets (n,) and of rivals (n, K)


class NextItemLoss:
    """The loss that a config names. `popularity` (V+1,) counts each item's training events."""

    def __init__(
        self, config: TrainingConfig, temperature: float, popularity: np.ndarray, device: torch.device
    ) -> None:
        self.config, self.temperature = config, temperature
        self.sampler = NegativeSampler(popularity, config.negative_sampling, device)
        self.criterion = _criterion(config, len(popularity) - 1)

    def __call__(self, model: SequenceModel, states: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Mean loss over the states (n, D) and targets (n,), each counting by its weight."""
        states = states / self.temperature
        if self.config.loss == "full_softmax":
            return full_softmax(states, model.item_vectors(), targets, weights)
        sharing = self.config.negative_sharing
        if sharing == "block":  # targets of many users each, whose states differ
            order = torch.randperm(len(targets), device=targets.device)
            states, targets = states.index_select(0, order), targets.index_select(0, order)
            weights = None if weights is None else weights.index_select(0, order)
        draw = self.sampler.draw if sharing == "position" else self.sampler.draw_evenly
        negatives = draw(self._blocks(len(targets)), self.config.negatives)
        excess = self._excess(negatives) if self.config.logq else None
        return sampled_loss(self.criterion, model, states, targets, negatives, weights, excess)

    def _blocks(self, n: int) -> int:
        """How many sets of negatives serve n targets."""
        return {"position": n, "block": -(-n // _SHARING), "batch": 1}[self.config.negative_sharing]

    def _excess(self, negatives: Tensor) -> Tensor:
        """Log of how often each negative is expected in its sample: with it taken off the scores, a sample stands
        for all rivals (Bengio and Senecal 2008). Targets are certain and need none."""
        return math.log(negatives.shape[1]) + self.sampler.log_chances(negatives)


def softmax_loss(own: Tensor, rivals: Tensor) -> Tensor:
    """Cross-entropy of the target against its rivals. Without logq a constant log(V/K) stands on the target's side,
    which acts as a margin."""
    return torch.logaddexp(rivals.logsumexp(-1), own) - own


def binary_loss(beta: float) -> Criterion:
    """Each item is judged alone (arXiv 1808.09781), the target's probability to the power `beta` (gBCE, arXiv
    2308.07192). Unlike in both papers an item's probability is the sigmoid of its score less log(K / beta), the log
    odds against being the target (a start that arXiv 1708.02002 gives its bias): without that, learning that nearly all
    items are wrong drives the item vectors into one direction before they mean anything. Ranks do not see the shift;
    what is learned does, so that results are not those of the papers' losses."""

    def losses(own: Tensor, rivals: Tensor) -> Tensor:
        rarity = math.log(rivals.shape[1] / beta)
        return (beta * F.softplus(rarity - own) + F.softplus(rivals - rarity).sum(-1)) / (rivals.shape[1] + 1)

    return losses


def gbce_beta(negatives: int, num_items: int, t: float) -> float:
    """The power that undoes a share t of the over-confidence due to sampling (arXiv 2308.07192, equation 10)."""
    rate = min(1.0, negatives / max(num_items - 1, 1))
    return rate * (t * (1 - 1 / rate) + 1 / rate)


def _criterion(config: TrainingConfig, num_items: int) -> Criterion:
    if config.loss == "sampled_softmax":
        return softmax_loss
    return binary_loss(gbce_beta(config.negatives, num_items, config.gbce_t) if config.loss == "gbce" else 1.0)


def sampled_loss(
    criterion: Criterion,
    model: SequenceModel,
    states: Tensor,
    targets: Tensor,
    negatives: Tensor,
    weights: Tensor | None = None,
    excess: Tensor | None = None,
) -> Tensor:
    """The criterion's mean over targets against `negatives` (G, K), each row shared by one block of consecutive
    targets; `excess` (G, K) is taken off their scores. A negative that is the target itself does not count. What is
    too large to exist at once is made piece by piece, and again in the backward pass."""
    pieces, m = list(_pieces(model, states, negatives)), -(-len(targets) // len(negatives))
    if len(pieces) == 1:
        losses = _losses(criterion, model, states, targets, negatives, m, excess)
        return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()
    whole = float(len(targets)) if weights is None else weights.sum()
    total = states.new_zeros(())
    for rows, blocks in pieces:

        def summed(part: Tensor, rows: slice = rows, blocks: slice = blocks) -> Tensor:
            shift = None if excess is None else excess[blocks]
            losses = _losses(criterion, model, part, targets[rows], negatives[blocks], m, shift)
            return losses.sum() if weights is None else (losses * weights[rows]).sum()

        total = total + _Recomputed.apply(states[rows], summed)
    return total / whole


def _losses(
    criterion: Criterion,
    model: SequenceModel,
    states: Tensor,
    targets: Tensor,
    negatives: Tensor,
    m: int,
    excess: Tensor | None,
) -> Tensor:
    G, n = len(negatives), len(targets)
    m = min(m, n)
    blocks = torch.arange(G * m, device=states.device).clamp_(max=n - 1)  # the last block repeats its last target
    if _is_dense(model, negatives, m):
        rivals = picked_scores(states, model.item_vectors(), negatives).unsqueeze(1)  # (G, 1, K)
    else:
        grouped = states.index_select(0, blocks).view(G, m, -1)
        rivals = grouped @ model.item_vectors(negatives).transpose(1, 2)  # (G, m, K)
    if excess is not None:
        rivals = rivals - excess.unsqueeze(1)
    itself = targets.index_select(0, blocks).view(G, m, 1) == negatives.unsqueeze(1)
    rivals = rivals.masked_fill_(itself, -torch.inf).view(G * m, -1)[:n]
    own = (states * model.item_vectors(targets)).sum(-1)  # (n,)
    return criterion(own, rivals)


def _is_dense(model: SequenceModel, negatives: Tensor, m: int) -> bool:
    """Whether to score the whole catalogue and pick: with negatives of one's own, a product of matrices is quicker
    than gathering so many vectors until the catalogue is large."""
    return m == 1 and model.num_items <= _DENSE * negatives.shape[1]


def _pieces(model: SequenceModel, states: Tensor, negatives: Tensor) -> Iterator[tuple[slice, slice]]:
    """Targets and the blocks of negatives that serve them, as few pieces as memory allows."""
    (n, D), (G, K) = states.shape, negatives.shape
    if G == 1:
        rows = max(1, (_CELLS - K * D) // (K + D))
        yield from ((slice(first, min(first + rows, n)), slice(0, 1)) for first in range(0, n, rows))
        return
    m = -(-n // G)
    cells = K if _is_dense(model, negatives, m) else K * D + m * (K + D)
    blocks = max(1, _CELLS // cells)
    for first in range(0, -(-n // m), blocks):
        yield slice(first * m, min((first + blocks) * m, n)), slice(first, first + blocks)


class _Recomputed(torch.autograd.Function):
    """`piece(states)`, of which nothing is kept for the backward pass but the states."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, piece: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.piece = piece
        ctx.save_for_backward(states)
        return piece(states)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None]:
        states = ctx.saved_tensors[0].detach().requires_grad_()
        with torch.enable_grad():
            value = ctx.piece(states)
        torch.autograd.backward(value, grad)  # reaches the item vectors too
        return states.grad, None
