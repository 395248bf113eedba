"""The published models in plain padded torch: what the packed ones must equal with dropout off.

Shape letters: B histories, T the longest of them, D width, H heads.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Lists = Sequence[Sequence[int]]


def padded_states(model: Any, config: Any, histories: Lists, times: Lists | None = None) -> Tensor:
    """States (B, T, D) of left-padded histories, by the weights of a model."""
    items = _padded(histories)
    real = items != 0
    x = model.items.weight[items] * model.items.weight.shape[1] ** 0.5
    if getattr(config, "position", "none") in ("learned", "both"):
        x = x + model.positions.weight[torch.arange(items.shape[1]).flip(0)]
    x = _LAYERS[type(model).__name__](model, config, x, real, times and _padded(times))
    x = _pooled(x, real, config.pooling)
    return F.normalize(x, dim=-1) if config.embedding_norm == "l2" else x


def padded_loss(model: Any, config: Any, histories: Lists, times: Lists | None, temperature: float) -> Tensor:
    """Cross-entropy over the whole catalogue at every position of the histories that has a next event."""
    read = [history[:-1] for history in histories]
    states = padded_states(model, config, read, times and [moments[:-1] for moments in times])
    table = (model.targets or model.items).weight
    table = F.normalize(table, dim=-1) if config.embedding_norm == "l2" else table
    logits = (states @ table.T / temperature).index_fill(-1, torch.tensor([0]), -torch.inf)
    targets = _padded([history[1:] for history in histories])
    return F.cross_entropy(logits[targets > 0], targets[targets > 0])


def _padded(lists: Lists) -> Tensor:
    T = max(map(len, lists))
    return torch.tensor([[0] * (T - len(values)) + list(values) for values in lists])


def _sasrec(model: Any, config: Any, x: Tensor, real: Tensor, times: Tensor | None) -> Tensor:
    B, T, _ = x.shape
    allowed = torch.ones(T, T).tril().bool() & (real[:, None, :] | torch.eye(T).bool())  # (B, T, T)
    for level in range(config.num_blocks):
        block = model.blocks[0 if config.shared_blocks else level]
        qkv = block.attention.qkv(block.attention_norm(x)).view(B, T, 3, config.num_heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if config.position == "rotary":
            q, k = _turned(q), _turned(k)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + _distance_bias(block.attention.relative, T)
        weights = scores.masked_fill(~allowed[:, None], -torch.inf).softmax(-1)
        x = x + block.attention.out((weights @ v).transpose(1, 2).reshape(B, T, -1))
        x = x + block.ffn(block.ffn_norm(x))
    return model.norm(x)


def _hstu(model: Any, config: Any, x: Tensor, real: Tensor, times: Tensor | None) -> Tensor:
    B, T, D = x.shape
    H, L, A = config.num_heads, config.linear_dim, config.attention_dim
    allowed = torch.ones(T, T).tril().bool() & real[:, None, :]
    for level in range(config.num_blocks):
        block = model.blocks[0 if config.shared_blocks else level]
        projected = F.silu(F.layer_norm(x, (D,), eps=1e-6) @ block.project.weight.T)
        u, v, q, k = projected.split([H * L, H * L, H * A, H * A], dim=-1)
        v, q, k = (part.view(B, T, H, -1).transpose(1, 2) for part in (v, q, k))
        if config.position == "rotary":
            q, k = _turned(q), _turned(k)
        scores = q @ k.transpose(-1, -2) + _distance_bias(block.relative, T)
        if config.time_bias and times is not None:
            gaps = (times[:, :, None] - times[:, None, :]).clamp(min=0).double()
            buckets = (2 * torch.log2(gaps + 1)).floor().long().clamp(max=63)
            scores = scores + block.time.weight[buckets].permute(0, 3, 1, 2)
        mixed = (F.silu(scores) * allowed[:, None] / config.max_len) @ v
        mixed = F.layer_norm(mixed.transpose(1, 2).reshape(B, T, -1), (H * L,), eps=1e-6)
        x = x + block.out(u * mixed)
    return x


def _gru4rec(model: Any, config: Any, x: Tensor, real: Tensor, times: Tensor | None) -> Tensor:
    """The gates of arXiv 1412.3555, event by event."""
    D = x.shape[-1]
    for layer in model.layers:
        state, states = torch.zeros(len(x), D), []
        for step in range(x.shape[1]):
            read = x[:, step] @ layer.weight_ih_l0.T + layer.bias_ih_l0
            held = state @ layer.weight_hh_l0.T + layer.bias_hh_l0
            reset = torch.sigmoid(read[:, :D] + held[:, :D])
            keep = torch.sigmoid(read[:, D : 2 * D] + held[:, D : 2 * D])
            fresh = torch.tanh(read[:, 2 * D :] + reset * held[:, 2 * D :])
            state = torch.where(real[:, step, None], keep * state + (1 - keep) * fresh, state)
            states.append(state)
        x = torch.stack(states, dim=1)
    return x


_LAYERS: dict[str, Callable[..., Tensor]] = {"SASRec": _sasrec, "HSTU": _hstu, "GRU4Rec": _gru4rec}


def _turned(x: Tensor) -> Tensor:
    """Feature j and feature j + half as one complex number, times e^(i * position * 10000^(-j / half))."""
    T, half = x.shape[-2], x.shape[-1] // 2
    angles = torch.outer(torch.arange(T), 10_000.0 ** (-torch.arange(half) / half))
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([turned.real, turned.imag], dim=-1)


def _distance_bias(relative: Any, width: int) -> Tensor:
    if relative is None:
        return torch.zeros(())
    rows = [torch.stack([relative.weight[max(i - j, 0)] for j in range(width)]) for i in range(width)]
    return torch.stack(rows).permute(2, 0, 1)


def _pooled(x: Tensor, real: Tensor, latest: int) -> Tensor:
    rows = []
    for states, is_real in zip(x, real, strict=True):
        first = int((~is_real).sum())
        means = [states[max(first, step - latest + 1) : step + 1].mean(0) for step in range(first, len(states))]
        rows.append(torch.cat([states[:first], torch.stack(means)]))
    return torch.stack(rows)
