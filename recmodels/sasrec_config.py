"""The knobs of SASRec. Imports no torch."""

from dataclasses import dataclass

from recmodels.errors import InvalidParams
from recmodels.space import Architecture, choice, flag, float_range, int_range


@dataclass(frozen=True)
class SASRecConfig(Architecture):
    """Defaults: SASRec (arXiv 1808.09781), width 64 for its 50; cosine scores from the sampled-softmax SASRec that
    accompanies HSTU (arXiv 2402.17152)."""

    hidden_dim: int = choice(64, options=(16, 32, 50, 64, 128, 256), help="width of item vectors and blocks")
    num_blocks: int = int_range(2, low=1, high=6, help="self-attention blocks on top of each other")
    num_heads: int = choice(1, options=(1, 2, 4, 8), help="attention heads; must divide hidden_dim")
    linear_ratio: int = choice(1, options=(1, 2, 4), help="inner width of the feed-forward layer over hidden_dim")
    ffn: str = choice("relu", options=("relu", "gelu", "swiglu"), help="non-linearity of the feed-forward layer")
    dropout: float = float_range(0.2, low=0.0, high=0.8, help="share of values dropped after embedding and layers")
    attn_dropout: float = float_range(0.2, low=0.0, high=0.8, help="share of attention weights dropped")
    position: str = choice("learned", options=("learned", "none"), help="whether the distance to now has a vector")
    max_len: int = int_range(50, low=5, high=500, log=True, help="most recent events the model reads")
    embedding_norm: str = choice("l2", options=("l2", "none"), help="l2 scores by cosine, none by inner product")
    tied_embeddings: bool = flag(True, help="one table of item vectors for reading and for scoring")

    def check_combination(self) -> None:
        if self.hidden_dim % self.num_heads:
            raise InvalidParams(
                f"num_heads={self.num_heads} does not divide hidden_dim={self.hidden_dim}; choose a divisor"
            )

    def count_parameters(self, num_items: int) -> int:
        D, inner = self.hidden_dim, self.hidden_dim * self.linear_ratio
        tables = (num_items + 1) * D * (1 if self.tied_embeddings else 2)
        positions = self.max_len * D if self.position == "learned" else 0
        widened = 2 * inner if self.ffn == "swiglu" else inner
        attention = 4 * D * D + 4 * D
        feed_forward = D * widened + widened + inner * D + D
        norms = 4 * D
        return tables + positions + self.num_blocks * (attention + feed_forward + norms) + 2 * D
