"""The knobs that backbones share. Imports no torch."""

from dataclasses import dataclass

from recmodels.errors import InvalidParams
from recmodels.space import Architecture, choice, flag, float_range, int_range

POSITIONS = ("learned", "relative", "both", "rotary", "none")
POSITION_HELP = "how order is told: a vector for each distance to now, a bias for each distance, both, rotary or not"


@dataclass(frozen=True)
class SequenceConfig(Architecture):
    """Item vectors, what is read and how it becomes a state. Defaults: SASRec (arXiv 1808.09781), width 64 for its 50;
    cosine scores from the sampled-softmax SASRec that accompanies HSTU (arXiv 2402.17152)."""

    hidden_dim: int = choice(64, options=(16, 32, 50, 64, 128, 256), help="width of item vectors and blocks")
    num_blocks: int = int_range(2, low=1, high=6, help="blocks on top of each other")
    dropout: float = float_range(0.2, low=0.0, high=0.8, help="share of values dropped after embedding and layers")
    max_len: int = int_range(50, low=5, high=500, log=True, help="most recent events the model reads")
    embedding_norm: str = choice("l2", options=("l2", "none"), help="l2 scores by cosine, none by inner product")
    tied_embeddings: bool = flag(True, help="one table of item vectors for reading and for scoring")
    pooling: int = int_range(1, low=1, high=10, help="a state is the mean of this many latest ones; 1 takes the last")

    def count_tables(self, num_items: int) -> int:
        """Weights of the item vectors."""
        return (num_items + 1) * self.hidden_dim * (1 if self.tied_embeddings else 2)


@dataclass(frozen=True)
class AttentionConfig(SequenceConfig):
    """What attention adds."""

    num_heads: int = choice(1, options=(1, 2, 4, 8), help="attention heads")
    attn_dropout: float = float_range(0.2, low=0.0, high=0.8, help="share of attention weights dropped")
    position: str = choice("learned", options=POSITIONS, help=POSITION_HELP)
    shared_blocks: bool = flag(
        False, when=("num_blocks", (2, 3, 4, 5, 6)), help="all blocks share one set of weights (arXiv 1909.11942)"
    )

    @property
    def distinct_blocks(self) -> int:
        """Blocks with weights of their own."""
        return 1 if self.shared_blocks else self.num_blocks

    def count_positions(self) -> int:
        """Weights that tell order, outside blocks and in them."""
        vectors = self.max_len * self.hidden_dim if self.position in ("learned", "both") else 0
        biases = self.max_len * self.num_heads if self.position in ("relative", "both") else 0
        return vectors + self.distinct_blocks * biases

    def check_rotary(self, width: int, name: str) -> None:
        """Refuses rotary positions for heads of odd width. Raises InvalidParams."""
        if self.position == "rotary" and width % 2:
            raise InvalidParams(
                f"position=rotary turns pairs, and a head has {name}={width}; make it even or choose another position"
            )
