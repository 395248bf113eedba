"""Scores of a few items of the catalogue for each state, by way of all of them. Shape letters: n states, D width, V
items, K items picked for each state."""

from typing import Any

import torch
from torch import Tensor

_ROWS = 128  # states scored at once, in one reused buffer of 128 x V floats


class _PickedScores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, ids: Tensor) -> Tensor:
        picked, buffer = states.new_empty(ids.shape), _buffer(states, table)
        for rows in _chunks(len(states)):
            scores = torch.mm(states[rows], table.T, out=buffer[: rows.stop - rows.start])
            torch.gather(scores, 1, ids[rows], out=picked[rows])
        ctx.save_for_backward(states, table, ids)
        return picked

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        states, table, ids = ctx.saved_tensors
        d_states, d_table, buffer = torch.empty_like(states), torch.zeros_like(table), _buffer(states, table)
        for rows in _chunks(len(states)):
            spread = buffer[: rows.stop - rows.start].zero_().scatter_add_(1, ids[rows], grad[rows])
            torch.mm(spread, table, out=d_states[rows])
            d_table.addmm_(spread.T, states[rows])
        return d_states, d_table, None


def picked_scores(states: Tensor, table: Tensor, ids: Tensor) -> Tensor:
    """Inner products (n, K) of states (n, D) with the rows `ids` (n, K) of the table (V+1, D). Products of whole
    matrices are quicker than gathering n x K vectors until the catalogue is many times K."""
    scores: Tensor = _PickedScores.apply(states, table, ids)
    return scores


def _buffer(states: Tensor, table: Tensor) -> Tensor:
    return states.new_empty(min(_ROWS, len(states)), len(table))


def _chunks(n: int) -> list[slice]:
    return [slice(first, min(first + _ROWS, n)) for first in range(0, n, _ROWS)]
