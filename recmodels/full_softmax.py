"""Cross-entropy over the whole catalogue. Shape letters: n targets, D width, V items."""

from typing import Any

import torch
from torch import Tensor

_ROWS, _CELLS = 256, 2**25  # states scored at once, and their scores: at most 128 MiB beyond a huge catalogue


class _FullSoftmax(torch.autograd.Function):
    """Cross-entropy over the catalogue whose gradient is made chunk by chunk in the forward pass, in one reused
    buffer, so that the (n, V) scores never exist at once."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        n, rows_at_once = len(targets), max(1, min(_ROWS, _CELLS // len(table)))
        d_states, d_table = torch.empty_like(states), torch.zeros_like(table)
        buffer, loss = states.new_empty(min(rows_at_once, n), len(table)), states.new_zeros(())
        for start in range(0, n, rows_at_once):
            rows = slice(start, min(start + rows_at_once, n))
            scores = torch.mm(states[rows], table.T, out=buffer[: rows.stop - start])
            scores[:, 0] = -torch.inf  # the pad id is no rival
            picked = targets[rows].unsqueeze(1)
            total = scores.logsumexp(-1, keepdim=True)
            losses = total - scores.gather(1, picked)
            probabilities = scores.sub_(total).exp_()
            probabilities.scatter_add_(1, picked, probabilities.new_full((1, 1), -1.0).expand_as(picked))
            if weights is not None:
                losses = losses * weights[rows].unsqueeze(1)
                probabilities.mul_(weights[rows].unsqueeze(1))
            loss += losses.sum()
            torch.mm(probabilities, table, out=d_states[rows])
            d_table.addmm_(probabilities.T, states[rows])
        whole = n if weights is None else weights.sum()
        ctx.save_for_backward(d_states.div_(whole), d_table.div_(whole))
        return loss / whole

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        d_states, d_table = ctx.saved_tensors
        return d_states * grad, d_table * grad, None, None


def full_softmax(states: Tensor, table: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean exact cross-entropy of the targets (n,) over items 1..V, each counting by its weight; `table` is
    (V+1, D)."""
    loss: Tensor = _FullSoftmax.apply(states, table, targets, weights)
    return loss
