"""The knobs of GRU4Rec. Imports no torch."""

from dataclasses import dataclass

from recmodels.backbones.sequence_config import SequenceConfig
from recmodels.space import int_range


@dataclass(frozen=True)
class GRU4RecConfig(SequenceConfig):
    """Defaults: one layer (arXiv 1511.06939), width 64 for its 100."""

    num_blocks: int = int_range(1, low=1, high=6, help="recurrent layers on top of each other")

    def count_parameters(self, num_items: int) -> int:
        D = self.hidden_dim
        return self.count_tables(num_items) + self.num_blocks * (6 * D * D + 6 * D)
