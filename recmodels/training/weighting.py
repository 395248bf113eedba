"""How much each event counts as a target of the loss."""

import numpy as np

from recmodels.data import Histories
from recmodels.training.training_config import TrainingConfig


def target_weights(histories: Histories, config: TrainingConfig) -> np.ndarray | None:
    """Weight of each event (float32), None when all count alike. `recency_decay` r multiplies it by 1 - r for each
    later event of the history (a half-life of log 2 / -log(1 - r) events); `popularity_discount` p divides it by the
    item's popularity^p, `event_type_discount` p by (its type's share of the targets)^p, where types are known."""
    types = histories.event_types if config.event_type_discount else None
    if not config.recency_decay and not config.popularity_discount and types is None:
        return None
    weights = np.ones(len(histories.items))
    if config.recency_decay:
        ages = np.repeat(histories.offsets[1:], histories.lengths) - 1 - np.arange(len(weights))
        weights *= (1 - config.recency_decay) ** ages
    if config.popularity_discount:
        counts = np.bincount(histories.items)
        weights *= counts[histories.items] ** -config.popularity_discount
    if types is not None:
        counts = np.bincount(types[histories.is_target], minlength=types.max() + 1)
        shares = np.where(counts, counts / counts.sum(), 1.0)
        weights *= shares[types] ** -config.event_type_discount
    return np.maximum(weights, _FAINTEST).astype(np.float32)


_FAINTEST = 1e-6  # a batch of old events alone still has a mean
