"""Cross-entropy over the whole catalogue. Shape letters: n targets, D width, V items, c targets of a chunk."""

import math
from typing import Any

import torch
from torch import Tensor

_ROWS, _CELLS = 256, 2**25  # states scored at once, and their scores: at most 128 MiB beyond a huge catalogue
_LINE = 16  # floats of a cache line: products into rows that start on one are 1.4 times faster on a CPU
_BITS = 1 / math.log(2)  # scores in base two, since exp2 takes half as long as exp


class _FullSoftmax(torch.autograd.Function):
    """Cross-entropy over the catalogue whose gradient is made chunk by chunk in the forward pass, in one reused
    buffer, so that the (n, V) scores never exist at once. Probabilities are never divided by their sum: the states
    are, which are narrow."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        n, V = len(targets), len(table)
        d_states, d_table, loss = torch.empty_like(states), torch.empty_like(table), states.new_zeros(())
        shares = states.new_full((n,), 1 / n) if weights is None else weights / weights.sum()
        rows_at_once = min(max(1, min(_ROWS, _CELLS // V)), n)
        buffer = states.new_empty(rows_at_once, -(-V // _LINE) * _LINE)[:, :V]
        for start in range(0, n, rows_at_once):
            rows = slice(start, min(start + rows_at_once, n))
            part, picked, share = states[rows], targets[rows], shares[rows].unsqueeze(1)
            powers, sums, losses = _powers(part, table, picked, buffer[: len(part)])
            loss += (losses * share).sum()
            torch.mm(powers, table, out=d_states[rows])
            d_states[rows].div_(sums).sub_(table.index_select(0, picked)).mul_(share)
            torch.addmm(d_table, powers.T, part * (share / sums), beta=float(start > 0), out=d_table)
        d_table.index_add_(0, targets, states * shares.unsqueeze(1), alpha=-1)
        ctx.save_for_backward(d_states, d_table)
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        d_states, d_table = ctx.saved_tensors
        if grad.device.type == "cpu" and grad.item() == 1:
            return d_states, d_table, None, None
        return d_states * grad, d_table * grad, None, None


def _powers(states: Tensor, table: Tensor, targets: Tensor, out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities up to a factor (c, V), written to `out`, their sums (c, 1) and the targets' losses (c, 1)."""
    bits = torch.mm(states * _BITS, table.T, out=out)
    bits[:, 0] = -torch.inf  # the pad id is no rival
    highest = bits.amax(-1, keepdim=True)
    own = bits.gather(1, targets.unsqueeze(1)) - highest
    powers = bits.sub_(highest).exp2_()
    sums = powers.sum(-1, keepdim=True)
    return powers, sums, (sums.log2() - own) / _BITS


def full_softmax(states: Tensor, table: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean exact cross-entropy of the targets (n,) over items 1..V, each counting by its weight; `table` is
    (V+1, D)."""
    loss: Tensor = _FullSoftmax.apply(states, table, targets, weights)
    return loss
