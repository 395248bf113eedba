"""The published SASRec in plain padded torch: what the packed model must equal with dropout off."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def padded_states(model: Any, histories: Sequence[Sequence[int]], heads: int) -> Tensor:
    """States (B, T, D) of left-padded histories, by the weights of a SASRec."""
    B, T = len(histories), max(map(len, histories))
    items = torch.tensor([[0] * (T - len(history)) + list(history) for history in histories])
    x = model.items.weight[items] * model.scale
    if model.positions is not None:
        x = x + model.positions.weight[torch.arange(T).flip(0)]
    allowed = torch.ones(T, T).tril().bool() & ((items != 0)[:, None, :] | torch.eye(T).bool())
    for block in model.blocks:
        q, k, v = block.attention.qkv(block.attention_norm(x)).view(B, T, 3, heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).masked_fill(~allowed[:, None], -torch.inf)
        x = x + block.attention.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, -1))
        x = x + block.ffn(block.ffn_norm(x))
    x = model.norm(x)
    return F.normalize(x, dim=-1) if model.unit else x


def padded_loss(model: Any, histories: Sequence[Sequence[int]], heads: int, temperature: float) -> Tensor:
    """Cross-entropy over the whole catalogue at every position of the histories that has a next event."""
    states = padded_states(model, [history[:-1] for history in histories], heads)
    T = states.shape[1]
    table = (model.targets or model.items).weight
    table = F.normalize(table, dim=-1) if model.unit else table
    logits = (states @ table.T / temperature).index_fill(-1, torch.tensor([0]), -torch.inf)
    targets = torch.tensor([[0] * (T + 1 - len(history)) + list(history[1:]) for history in histories])
    return F.cross_entropy(logits[targets > 0], targets[targets > 0])
