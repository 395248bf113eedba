"""The knobs of SASRec. Imports no torch."""

from dataclasses import dataclass

from recmodels.backbones.sequence_config import AttentionConfig
from recmodels.errors import InvalidParams
from recmodels.space import choice


@dataclass(frozen=True)
class SASRecConfig(AttentionConfig):
    """Defaults: SASRec (arXiv 1808.09781)."""

    num_heads: int = choice(1, options=(1, 2, 4, 8), help="attention heads; must divide hidden_dim")
    linear_ratio: int = choice(1, options=(1, 2, 4), help="inner width of the feed-forward layer over hidden_dim")
    ffn: str = choice("relu", options=("relu", "gelu", "swiglu"), help="non-linearity of the feed-forward layer")

    def check_combination(self) -> None:
        if self.hidden_dim % self.num_heads:
            raise InvalidParams(
                f"num_heads={self.num_heads} does not divide hidden_dim={self.hidden_dim}; choose a divisor"
            )
        self.check_rotary(self.hidden_dim // self.num_heads, "hidden_dim/num_heads")

    def count_parameters(self, num_items: int) -> int:
        D, inner = self.hidden_dim, self.hidden_dim * self.linear_ratio
        widened = 2 * inner if self.ffn == "swiglu" else inner
        attention = 4 * D * D + 4 * D
        feed_forward = D * widened + widened + inner * D + D
        norms = 4 * D
        blocks = self.distinct_blocks * (attention + feed_forward + norms)
        return self.count_tables(num_items) + self.count_positions() + blocks + 2 * D
