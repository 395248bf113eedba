"""Losses over the states of tokens and the ids of their targets. Shape letters: n targets, D width, V items, K
negatives, G blocks that share their negatives, m targets of a block."""

from typing import Any

import torch
from torch import Tensor

from recmodels.layers import SequenceModel
from recmodels.training_config import TrainingConfig

_SHARING = 48  # targets that share negatives: a few dozen learn as fast per epoch as each with its own
_ROWS = 256  # states a full softmax scores at once: bounds its memory to 256 x V floats


def next_item_loss(
    config: TrainingConfig, temperature: float, model: SequenceModel, states: Tensor, targets: Tensor
) -> Tensor:
    """Mean loss over the states (n, D) and targets (n,)."""
    states = states / temperature
    if config.loss == "full_softmax":
        return full_softmax(states, model.item_vectors(), targets)
    shape = (-(-len(targets) // _SHARING), config.negatives)
    negatives = torch.randint(1, model.num_items + 1, shape, device=states.device)
    return sampled_softmax(model, states, targets, negatives)


def sampled_softmax(model: SequenceModel, states: Tensor, targets: Tensor, negatives: Tensor) -> Tensor:
    """Cross-entropy of the target against `negatives` (G, K), each row shared by one block of consecutive targets.
    A negative that is the target itself does not count. Uncorrected, as the reference trains: a constant log(V/K)
    on the target's side, which acts as a margin."""
    G, n = len(negatives), len(targets)
    m = -(-n // G)
    blocks = torch.arange(G * m, device=states.device).clamp_(max=n - 1)  # the last block repeats its last target
    grouped = states.index_select(0, blocks).view(G, m, -1)
    rivals = grouped @ model.item_vectors(negatives).transpose(1, 2)  # (G, m, K)
    itself = targets.index_select(0, blocks).view(G, m, 1) == negatives.unsqueeze(1)
    rivals = rivals.masked_fill_(itself, -torch.inf).view(G * m, -1)[:n]
    own = (states * model.item_vectors(targets)).sum(-1)  # (n,)
    return (torch.logaddexp(rivals.logsumexp(-1), own) - own).mean()


class _FullSoftmax(torch.autograd.Function):
    """Cross-entropy over the catalogue whose gradient is made chunk by chunk in the forward pass, in one reused
    buffer, so that the (n, V) scores never exist at once."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, targets: Tensor) -> Tensor:
        n = len(targets)
        d_states, d_table = torch.empty_like(states), torch.zeros_like(table)
        buffer, loss = states.new_empty(min(_ROWS, n), len(table)), states.new_zeros(())
        for start in range(0, n, _ROWS):
            rows = slice(start, min(start + _ROWS, n))
            scores = torch.mm(states[rows], table.T, out=buffer[: rows.stop - start])
            scores[:, 0] = -torch.inf  # the pad id is no rival
            picked = targets[rows].unsqueeze(1)
            total = scores.logsumexp(-1, keepdim=True)
            loss += (total - scores.gather(1, picked)).sum()
            probabilities = scores.sub_(total).exp_()
            probabilities.scatter_add_(1, picked, probabilities.new_full((1, 1), -1.0).expand_as(picked))
            torch.mm(probabilities, table, out=d_states[rows])
            d_table.addmm_(probabilities.T, states[rows])
        ctx.save_for_backward(d_states.div_(n), d_table.div_(n))
        return loss / n

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        d_states, d_table = ctx.saved_tensors
        return d_states * grad, d_table * grad, None


def full_softmax(states: Tensor, table: Tensor, targets: Tensor) -> Tensor:
    """Exact cross-entropy of the targets (n,) over items 1..V; `table` is (V+1, D)."""
    loss: Tensor = _FullSoftmax.apply(states, table, targets)
    return loss
