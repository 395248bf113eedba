"""The knobs of HSTU. Imports no torch."""

from dataclasses import dataclass

from recmodels.backbones.sequence_config import POSITION_HELP, POSITIONS, AttentionConfig
from recmodels.space import choice, flag, float_range

TIME_BUCKETS = 64  # half octaves of seconds: the last one is beyond a century


@dataclass(frozen=True)
class HSTUConfig(AttentionConfig):
    """Defaults: the base HSTU of arXiv 2402.17152 on MovieLens, as its authors' code configures it, widths 64 for
    their 50."""

    attn_dropout: float = float_range(0.0, low=0.0, high=0.8, help="share of attention weights dropped")
    position: str = choice("both", options=POSITIONS, help=POSITION_HELP)
    attention_dim: int = choice(64, options=(8, 16, 25, 32, 64, 128), help="width of a head's queries and keys")
    linear_dim: int = choice(64, options=(8, 16, 25, 32, 64, 128), help="width of a head's values and gates")
    time_bias: bool = flag(
        True, help="attention also weighs the time between events; without timestamps there is no such bias"
    )

    def check_combination(self) -> None:
        self.check_rotary(self.attention_dim, "attention_dim")

    def count_parameters(self, num_items: int) -> int:
        D, H = self.hidden_dim, self.num_heads
        projection = 2 * D * H * (self.linear_dim + self.attention_dim)
        output = H * self.linear_dim * D + D
        times = TIME_BUCKETS * H if self.time_bias else 0
        blocks = self.distinct_blocks * (projection + output + times)
        return self.count_tables(num_items) + self.count_positions() + blocks
