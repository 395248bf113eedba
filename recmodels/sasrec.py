"""SASRec: self-attentive sequential recommendation (Kang and McAuley, arXiv 1808.09781), on packed tokens.

Shape letters: N tokens, D width, V items.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from recmodels.layers import ByteDropout, ItemTable, PackedAttention, SequenceModel, feed_forward
from recmodels.packing import Packed
from recmodels.sasrec_config import SASRecConfig


class Block(nn.Module):
    """Pre-norm attention and feed-forward layer, each with a residual."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.hidden_dim)
        self.attention = PackedAttention(config.hidden_dim, config.num_heads, config.attn_dropout)
        self.ffn_norm = nn.LayerNorm(config.hidden_dim)
        self.ffn = feed_forward(config.ffn, config.hidden_dim, config.linear_ratio, config.dropout)
        self.dropout = ByteDropout(config.dropout)

    def forward(self, x: Tensor, batch: Packed) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), batch))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))


class SASRec(SequenceModel):
    """Positions count back from the latest event, as in the paper's left-padded histories."""

    def __init__(self, config: SASRecConfig, num_items: int) -> None:
        super().__init__()
        self.num_items = num_items
        self.unit = config.embedding_norm == "l2"
        self.items = ItemTable(num_items, config.hidden_dim, self.unit)
        self.targets = None if config.tied_embeddings else ItemTable(num_items, config.hidden_dim, self.unit)
        self.positions = nn.Embedding(config.max_len, config.hidden_dim) if config.position == "learned" else None
        if self.positions is not None:
            nn.init.trunc_normal_(self.positions.weight, std=0.02)
        self.scale = config.hidden_dim**0.5
        self.dropout = ByteDropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_blocks))
        self.norm = nn.LayerNorm(config.hidden_dim)

    def forward(self, batch: Packed) -> Tensor:
        x = self.items(batch.items) * self.scale  # (N, D)
        if self.positions is not None:
            x = x + self.positions(batch.ages)
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, batch)
        x = self.norm(x)
        return F.normalize(x, dim=-1) if self.unit else x

    def item_vectors(self, ids: Tensor | None = None) -> Tensor:
        return (self.targets or self.items).scoring(ids)
