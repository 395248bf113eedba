"""Layers that backbones share. Shape letters: N tokens, D width, H heads, b and t as in `packing`."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recmodels.backbones.positions import relative_bias, rotary
from recmodels.backbones.sequence_config import SequenceConfig
from recmodels.packing import Group, Packed


class ByteDropout(nn.Module):
    """Dropout whose mask costs one random byte a value; the rate is rounded to 1/256. A CPU draws these several
    times faster than torch's own Bernoulli mask."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropped = round(rate * 256)  # of 256 byte values

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.dropped == 0:
            return x
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device)
        words.random_(-(2**63), None)  # the full 64 bits; the default leaves the sign bit at zero
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(256 / (256 - self.dropped))


class PackedAttention(nn.Module):
    """Causal multi-head self-attention over flat tokens, which may know distances (`position` as in the config)."""

    def __init__(self, dim: int, heads: int, dropout: float, position: str = "none", max_len: int = 1) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.dropout = ByteDropout(dropout)
        self.relative = relative_bias(position, max_len, heads)
        self.rotary = rotary(position, max_len, dim // heads)

    def forward(self, x: Tensor, batch: Packed) -> Tensor:
        qkv = self.qkv(x)  # (N, 3D)
        return self.out(torch.cat([self._attend(qkv, group) for group in batch.groups]))  # (N, D)

    def _attend(self, qkv: Tensor, group: Group) -> Tensor:
        b, t, H = group.b, group.t, self.heads
        slots = qkv.index_select(0, group.gather).view(b, t, 3, H, -1).permute(2, 0, 3, 1, 4)
        q, k, v = slots.unbind()  # 3 x (b, H, t, D/H)
        if self.rotary is not None:
            q, k = self.rotary(q), self.rotary(k)
        bias = None if self.relative is None else self.relative(t).to(q.dtype)  # (H, t, t)
        rate = self.dropout.dropped / 256 if self.training else 0.0
        mixed = self._mix(q, k, v, bias, rate) if q.is_cuda or not rate else self._mix_dropped(q, k, v, bias)
        return mixed.transpose(1, 2).reshape(b * t, -1).index_select(0, group.keep)  # (n, D)

    @staticmethod
    def _mix(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, rate: float = 0.0) -> Tensor:
        if bias is None:
            return F.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=True)
        mask = bias.masked_fill(_future(q), -torch.inf).expand(len(q), -1, -1, -1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate)

    def _mix_dropped(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
        """On a CPU, whose own attention does not drop and whose byte masks are cheap."""
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # (b, H, t, t)
        if bias is not None:
            logits = logits + bias
        return self.dropout(logits.masked_fill_(_future(q), -torch.inf).softmax(-1)) @ v


def _future(q: Tensor) -> Tensor:
    """(t, t): true where the column's event comes after the row's."""
    t = q.shape[-2]
    return torch.ones(t, t, dtype=torch.bool, device=q.device).triu_(1)


class FeedForward(nn.Module):
    """One hidden layer of width ratio * dim with ReLU or GELU."""

    def __init__(self, dim: int, ratio: int, activation: nn.Module, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(dim, ratio * dim)
        self.narrow = nn.Linear(ratio * dim, dim)
        self.activation = activation
        self.dropout = ByteDropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.dropout(self.activation(self.widen(x))))


class SwiGLU(nn.Module):
    """A hidden layer gated by a SiLU of another (arXiv 2002.05202)."""

    def __init__(self, dim: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(dim, 2 * ratio * dim)
        self.narrow = nn.Linear(ratio * dim, dim)
        self.dropout = ByteDropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.widen(x).chunk(2, dim=-1)
        return self.narrow(self.dropout(F.silu(gate) * value))


def feed_forward(kind: str, dim: int, ratio: int, dropout: float) -> nn.Module:
    """The feed-forward layer a config names: relu, gelu or swiglu."""
    if kind == "swiglu":
        return SwiGLU(dim, ratio, dropout)
    return FeedForward(dim, ratio, nn.ReLU() if kind == "relu" else nn.GELU(), dropout)


class _Rows(torch.autograd.Function):
    """Rows of a table. The gradient is added straight into the table's `.grad`: autograd would make a table of zeros
    for each look-up, which on a small batch costs more than the model."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, unit: bool) -> Tensor:
        rows = table.detach().index_select(0, ids.view(-1))  # (n, D)
        norms = rows.norm(dim=-1, keepdim=True).clamp_min_(1e-12) if unit else None
        rows = rows if norms is None else rows.div_(norms)
        ctx.table, ctx.unit = table, unit
        ctx.save_for_backward(ids, *((rows, norms) if norms is not None else ()))
        return rows.view(*ids.shape, -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, None, None]:
        ids, *unit = ctx.saved_tensors
        grad = grad.reshape(-1, grad.shape[-1])
        if unit:
            rows, norms = unit
            along = torch.linalg.vecdot(grad, rows).unsqueeze(-1)
            grad = torch.addcmul(grad, rows, along, value=-1).div_(norms)
        if ctx.table.grad is None:
            ctx.table.grad = torch.zeros_like(ctx.table)
        ctx.table.grad.index_add_(0, ids.view(-1), grad)
        return None, None, None


class ItemTable(nn.Module):
    """Vectors of items 1..V, row 0 being the pad id. `unit` gives them length one, for scores by cosine."""

    def __init__(self, num_items: int, dim: int, unit: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_items + 1, dim))
        self.unit = unit
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        rows: Tensor = _Rows.apply(self.weight, ids, False)
        return rows

    def scoring(self, ids: Tensor | None = None) -> Tensor:
        """Vectors to score with: of `ids`, or of the whole table (V+1, D)."""
        if ids is None:
            return F.normalize(self.weight, dim=-1) if self.unit else self.weight
        rows: Tensor = _Rows.apply(self.weight, ids, self.unit)
        return rows


class SequenceModel(nn.Module):
    """What every backbone offers: a score is the inner product of a token's state and an item's vector."""

    num_items: int
    heads = 1  # of attention
    takes_bfloat16 = True  # whether training may run it in mixed precision on a GPU

    def forward(self, batch: Packed) -> Tensor:
        """States (N, D) to score the item that follows each token."""
        raise NotImplementedError

    def item_vectors(self, ids: Tensor | None = None) -> Tensor:
        """Vectors of `ids` (..., D), or of all ids 0..V (V+1, D)."""
        raise NotImplementedError


class ItemModel(SequenceModel):
    """The ends that backbones share: item vectors in, pooled states out, to be scored against item vectors."""

    def __init__(self, config: SequenceConfig, num_items: int) -> None:
        super().__init__()
        self.num_items = num_items
        self.unit = config.embedding_norm == "l2"
        self.items = ItemTable(num_items, config.hidden_dim, self.unit)
        self.targets = None if config.tied_embeddings else ItemTable(num_items, config.hidden_dim, self.unit)
        self.scale = config.hidden_dim**0.5
        self.dropout = ByteDropout(config.dropout)
        self.pooled = config.pooling

    def finish(self, x: Tensor, batch: Packed) -> Tensor:
        """States (N, D) to score with."""
        x = pool(x, batch.ages, self.pooled)
        return F.normalize(x, dim=-1) if self.unit else x

    def item_vectors(self, ids: Tensor | None = None) -> Tensor:
        return (self.targets or self.items).scoring(ids)


def pool(x: Tensor, ages: Tensor, latest: int) -> Tensor:
    """The mean of each token's own and earlier values in its sequence, `latest` of them or as many as there are."""
    if latest == 1:
        return x
    total, count = x, torch.ones_like(ages)
    for back in range(1, min(latest, len(x))):
        same = ages[:-back] == ages[back:] + back  # the token `back` places before is of the same sequence
        earlier = F.pad(x[:-back] * same.unsqueeze(-1), (0, 0, back, 0))
        total, count = total + earlier, count + F.pad(same.long(), (back, 0))
    return total / count.unsqueeze(-1)
