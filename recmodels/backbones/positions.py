"""Ways to tell a model the order and the times of events. Shape letters: D width, H heads, b and t as in `packing`."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recmodels.backbones.hstu_config import TIME_BUCKETS
from recmodels.packing import Group

_BASE = 10_000  # of the rotary frequencies, as published


class RelativeBias(nn.Module):
    """A learned number for each head and each distance between two events (T5, arXiv 1910.10683, one bucket for each
    distance)."""

    def __init__(self, max_len: int, heads: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_len, heads))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, t: int) -> Tensor:
        """(H, t, t): row i, column j is the bias of event i towards event j."""
        slots = torch.arange(t, device=self.weight.device)
        distances = (slots[:, None] - slots).clamp_(min=0)
        return F.embedding(distances, self.weight).permute(2, 0, 1)


class Rotary(nn.Module):
    """Turns queries and keys by angles that grow with the position, so that their product depends on the distance
    (RoFormer, arXiv 2104.09864)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, max_len: int, dim: int) -> None:
        super().__init__()
        half = dim // 2
        angles = torch.outer(torch.arange(max_len), float(_BASE) ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, H, t, dim) turned."""
        t = x.shape[-2]
        cos, sin = self.cos[:t].to(x.dtype), self.sin[:t].to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class _Lookup(torch.autograd.Function):
    """Numbers (b, H, t, t) of a small table (rows, H) for ids (b, t, t). The gradient is counted into the rows, which
    a CPU does several times faster than the gradient of an embedding."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor) -> Tensor:
        ctx.rows = len(table)
        ctx.save_for_backward(ids)
        return table.T.index_select(1, ids.view(-1)).view(-1, *ids.shape).transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (ids,) = ctx.saved_tensors
        heads = [torch.bincount(ids.view(-1), head.reshape(-1), ctx.rows) for head in grad.unbind(1)]
        return torch.stack(heads, dim=1).to(grad.dtype), None


class TimeBias(nn.Module):
    """A learned number for each head and each bucket of the time between two events (arXiv 2402.17152)."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(TIME_BUCKETS, heads))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, buckets: Tensor) -> Tensor:
        """(b, H, t, t) from buckets (b, t, t)."""
        biases: Tensor = _Lookup.apply(self.weight, buckets)
        return biases


def time_buckets(times: Tensor, group: Group) -> Tensor:
    """Buckets (b, t, t) of the time from event j to event i: 0 below half an octave of one second, then two for each
    doubling."""
    slots = times.index_select(0, group.gather).view(group.b, group.t)
    gaps = (slots[:, :, None] - slots[:, None, :]).clamp_(min=0)
    return (gaps + 1).float().log2_().mul_(2).long().clamp_(max=TIME_BUCKETS - 1)


def position_table(position: str, max_len: int, dim: int) -> nn.Embedding | None:
    """A vector (D,) for each distance to now, where the config's `position` asks for it."""
    if position not in ("learned", "both"):
        return None
    table = nn.Embedding(max_len, dim)
    nn.init.trunc_normal_(table.weight, std=0.02)
    return table


def relative_bias(position: str, max_len: int, heads: int) -> RelativeBias | None:
    """The bias of distances, where the config's `position` asks for it."""
    return RelativeBias(max_len, heads) if position in ("relative", "both") else None


def rotary(position: str, max_len: int, dim: int) -> Rotary | None:
    """The turning of queries and keys of width `dim`, where the config's `position` asks for it."""
    return Rotary(max_len, dim) if position == "rotary" else None
