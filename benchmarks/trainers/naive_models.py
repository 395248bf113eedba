"""SASRec and HSTU as published, in plain torch on histories padded to the left: the reference of the speed benchmark.

Weights carry the names of those in `recmodels`, so that one model can be given the other's. Shape letters: B
histories, T events of the padded window, D width, H heads, V items.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Causal softmax attention among the real events."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, allowed: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / (D / self.heads) ** 0.5  # (B, H, T, T)
        weights = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
        mixed = F.dropout(weights, self.dropout, self.training) @ v
        return self.out(mixed.transpose(1, 2).reshape(B, T, D))


class FeedForward(nn.Module):
    def __init__(self, dim: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(dim, ratio * dim)
        self.narrow = nn.Linear(ratio * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.dropout(torch.relu(self.widen(x))))


class SASRecBlock(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        D = config.hidden_dim
        self.attention_norm, self.ffn_norm = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(D, config.num_heads, config.attn_dropout)
        self.ffn = FeedForward(D, config.linear_ratio, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, past: Tensor, real: Tensor) -> Tensor:
        itself = torch.eye(len(past), dtype=torch.bool)  # a pad has something to attend to
        x = x + self.dropout(self.attention(self.attention_norm(x), past & (real | itself)))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))


class HSTUBlock(nn.Module):
    """Pointwise SiLU attention with relative positions, gated."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        D, H, L, A = config.hidden_dim, config.num_heads, config.linear_dim, config.attention_dim
        self.heads, self.widths, self.attn_dropout = H, [H * L, H * L, H * A, H * A], config.attn_dropout
        self.norm = nn.LayerNorm(D, 1e-6, elementwise_affine=False)
        self.project = nn.Linear(D, sum(self.widths), bias=False)
        self.relative = nn.Embedding(config.max_len, H)
        self.mixed_norm = nn.LayerNorm(H * L, 1e-6, elementwise_affine=False)
        self.out = nn.Linear(H * L, D)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, past: Tensor, real: Tensor) -> Tensor:
        B, T, _ = x.shape
        u, v, q, k = F.silu(self.project(self.norm(x))).split(self.widths, dim=-1)
        v, q, k = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in (v, q, k))
        slots = torch.arange(T)
        bias = self.relative((slots[:, None] - slots).clamp(min=0)).permute(2, 0, 1)  # (H, T, T)
        weights = F.silu(q @ k.transpose(-1, -2) + bias) / T * (past & real)
        mixed = F.dropout(weights, self.attn_dropout, self.training) @ v
        mixed = self.mixed_norm(mixed.transpose(1, 2).reshape(B, T, -1))
        return x + self.out(self.dropout(u * mixed))


class Padded(nn.Module):
    """`block` makes the layers, `final` the norm after them. Scores are cosines of states and item vectors."""

    def __init__(self, config: Any, num_items: int, block: Callable[[Any], nn.Module], final: nn.Module | None) -> None:
        super().__init__()
        D = config.hidden_dim
        self.items = nn.Embedding(num_items + 1, D)
        self.positions = nn.Embedding(config.max_len, D)
        self.blocks = nn.ModuleList(block(config) for _ in range(config.num_blocks))
        self.norm = final
        self.dropout = nn.Dropout(config.dropout)
        for table in (self.items, self.positions):
            nn.init.trunc_normal_(table.weight, std=0.02)

    def forward(self, items: Tensor) -> Tensor:
        """States (B, T, D) of ids (B, T), 0 being the pad."""
        T = items.shape[1]
        x = self.items(items) * self.items.embedding_dim**0.5 + self.positions(torch.arange(T).flip(0))
        x = self.dropout(x)
        past, real = torch.ones(T, T, dtype=torch.bool).tril(), (items > 0)[:, None, None, :]
        for block in self.blocks:
            x = block(x, past, real)
        return F.normalize(x if self.norm is None else self.norm(x), dim=-1)

    def table(self) -> Tensor:
        """Vectors (V+1, D) to score with."""
        return F.normalize(self.items.weight, dim=-1)


def build(backbone: str, config: Any, num_items: int) -> Padded:
    """The naive model of that name, for one head or more, learned positions and, in HSTU, relative ones too."""
    if backbone == "sasrec":
        return Padded(config, num_items, SASRecBlock, nn.LayerNorm(config.hidden_dim))
    return Padded(config, num_items, HSTUBlock, None)


def sampled_softmax(states: Tensor, table: Tensor, targets: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Mean cross-entropy of the targets (...), 0 where there is none, with their states (..., D), each against
    `negatives` (..., K) of its own, whose vectors are gathered. A negative that is the target itself does not count."""
    own = (states * F.embedding(targets, table)).sum(-1, keepdim=True)
    rivals = (F.embedding(negatives, table) @ states.unsqueeze(-1)).squeeze(-1)  # (..., K)
    rivals = rivals.masked_fill(negatives == targets.unsqueeze(-1), -torch.inf)
    losses = -F.log_softmax(torch.cat([own, rivals], dim=-1) / temperature, dim=-1)[..., 0]
    real = targets > 0
    return (losses * real).sum() / real.sum()
