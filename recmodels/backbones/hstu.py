"""HSTU: hierarchical sequential transduction units (Zhai et al., arXiv 2402.17152), on packed tokens.

Shape letters: N tokens, D width, H heads, A and L widths of a head's queries and values, b and t as in `packing`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recmodels.backbones.hstu_config import HSTUConfig
from recmodels.backbones.layers import ByteDropout, ItemModel
from recmodels.backbones.positions import TimeBias, position_table, relative_bias, rotary, time_buckets
from recmodels.packing import Group, Packed

_EPSILON = 1e-6  # of the norms, which have no weights, as in the authors' code


class Block(nn.Module):
    """Pointwise attention, divided by the window's length; what it mixes is normed and gated, with a residual."""

    def __init__(self, config: HSTUConfig) -> None:
        super().__init__()
        D, H, L, A = config.hidden_dim, config.num_heads, config.linear_dim, config.attention_dim
        self.heads, self.widths, self.length = H, (H * L, H * A, H * A), config.max_len
        self.norm = nn.LayerNorm(D, _EPSILON, elementwise_affine=False)
        self.project = nn.Linear(D, 2 * H * (L + A), bias=False)
        self.relative = relative_bias(config.position, config.max_len, H)
        self.rotary = rotary(config.position, config.max_len, A)
        self.time = TimeBias(H) if config.time_bias else None
        self.mixed_norm = nn.LayerNorm(H * L, _EPSILON, elementwise_affine=False)
        self.out = nn.Linear(H * L, D)
        self.dropout, self.attn_dropout = ByteDropout(config.dropout), ByteDropout(config.attn_dropout)
        nn.init.normal_(self.project.weight, std=0.02)
        nn.init.xavier_uniform_(self.out.weight)

    def forward(self, x: Tensor, batch: Packed, buckets: list[Tensor | None]) -> Tensor:
        gate, vqk = F.silu(self.project(self.norm(x))).tensor_split([self.widths[0]], dim=-1)
        groups = zip(batch.groups, buckets, strict=True)
        mixed = torch.cat([self._attend(vqk, group, times) for group, times in groups])  # (N, H*L)
        return x + self.out(self.dropout(gate * self.mixed_norm(mixed)))

    def _attend(self, vqk: Tensor, group: Group, buckets: Tensor | None) -> Tensor:
        b, t, H = group.b, group.t, self.heads
        slots = vqk.index_select(0, group.gather).view(b, t, -1).split(self.widths, dim=-1)
        v, q, k = (slot.view(b, t, H, -1).transpose(1, 2) for slot in slots)  # (b, H, t, L), 2 x (b, H, t, A)
        if self.rotary is not None:
            q, k = self.rotary(q), self.rotary(k)
        logits = q @ k.transpose(-1, -2)  # (b, H, t, t)
        if self.relative is not None:
            logits = logits + self.relative(t)
        if self.time is not None and buckets is not None:
            logits = logits + self.time(buckets)
        past = logits.new_ones(t, t).tril_().div_(self.length)
        weights = self.attn_dropout(F.silu(logits) * past)  # no softmax: keeps how often an interest recurs
        return (weights.to(v.dtype) @ v).transpose(1, 2).reshape(b * t, -1).index_select(0, group.keep)


class HSTU(ItemModel):
    """Learned positions count back from the latest event."""

    def __init__(self, config: HSTUConfig, num_items: int) -> None:
        super().__init__(config, num_items)
        self.positions = position_table(config.position, config.max_len, config.hidden_dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.distinct_blocks))
        self.depth, self.heads, self.reads_time = config.num_blocks, config.num_heads, config.time_bias

    def forward(self, batch: Packed) -> Tensor:
        x = self.items(batch.items) * self.scale  # (N, D)
        if self.positions is not None:
            x = x + self.positions(batch.ages)
        x, buckets = self.dropout(x), self._time_buckets(batch)
        for level in range(self.depth):
            x = self.blocks[level % len(self.blocks)](x, batch, buckets)
        return self.finish(x, batch)

    def _time_buckets(self, batch: Packed) -> list[Tensor | None]:
        times = batch.times if self.reads_time else None
        return [None if times is None else time_buckets(times, group) for group in batch.groups]
