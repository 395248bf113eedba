"""SASRec: self-attentive sequential recommendation (Kang and McAuley, arXiv 1808.09781), on packed tokens.

Shape letters: N tokens, D width, V items.
"""

from torch import Tensor, nn

from recmodels.backbones.layers import ByteDropout, ItemModel, PackedAttention, feed_forward
from recmodels.backbones.positions import position_table
from recmodels.backbones.sasrec_config import SASRecConfig
from recmodels.packing import Packed


class Block(nn.Module):
    """Pre-norm attention and feed-forward layer, each with a residual."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        D = config.hidden_dim
        self.attention_norm = nn.LayerNorm(D)
        self.attention = PackedAttention(D, config.num_heads, config.attn_dropout, config.position, config.max_len)
        self.ffn_norm = nn.LayerNorm(D)
        self.ffn = feed_forward(config.ffn, D, config.linear_ratio, config.dropout)
        self.dropout = ByteDropout(config.dropout)

    def forward(self, x: Tensor, batch: Packed) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), batch))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))


class SASRec(ItemModel):
    """Learned positions count back from the latest event, as in the paper's left-padded histories."""

    def __init__(self, config: SASRecConfig, num_items: int) -> None:
        super().__init__(config, num_items)
        self.positions = position_table(config.position, config.max_len, config.hidden_dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.distinct_blocks))
        self.depth, self.heads = config.num_blocks, config.num_heads
        self.norm = nn.LayerNorm(config.hidden_dim)

    def forward(self, batch: Packed) -> Tensor:
        x = self.items(batch.items) * self.scale  # (N, D)
        if self.positions is not None:
            x = x + self.positions(batch.ages)
        x = self.dropout(x)
        for level in range(self.depth):
            x = self.blocks[level % len(self.blocks)](x, batch)
        return self.finish(self.norm(x), batch)
