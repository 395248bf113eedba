"""GRU4Rec: a recurrent recommender (Hidasi et al., arXiv 1511.06939, 1706.03847 for its sampled losses), on packed
tokens. Shape letters: N tokens, D width, b and t as in `packing`."""

import torch
from torch import Tensor, nn

from recmodels.backbones.gru4rec_config import GRU4RecConfig
from recmodels.backbones.layers import ItemModel
from recmodels.packing import Group, Packed


class GRU4Rec(ItemModel):
    """The state after each event is that of the top layer."""

    takes_bfloat16 = False  # the state goes through every step: rounded to 8 bits each time, its error would add up

    def __init__(self, config: GRU4RecConfig, num_items: int) -> None:
        super().__init__(config, num_items)
        D = config.hidden_dim
        self.layers = nn.ModuleList(nn.GRU(D, D, batch_first=True) for _ in range(config.num_blocks))

    def forward(self, batch: Packed) -> Tensor:
        x = self.dropout(self.items(batch.items) * self.scale)  # (N, D)
        for layer in self.layers:
            x = self.dropout(torch.cat([_read(layer, x, group) for group in batch.groups]))
        return self.finish(x, batch)


def _read(layer: nn.Module, x: Tensor, group: Group) -> Tensor:
    """(n, D): what stands behind a sequence's end is read too, and dropped."""
    states, _ = layer(x.index_select(0, group.gather).view(group.b, group.t, -1))
    kept: Tensor = states.reshape(group.b * group.t, -1).index_select(0, group.keep)
    return kept
