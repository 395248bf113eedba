"""How much each event counts as a target of the loss."""

import numpy as np

from recmodels.data import Histories
from recmodels.training.training_config import TrainingConfig


def target_weights(histories: Histories, config: TrainingConfig) -> np.ndarray | None:
    """Weight of each event (float32), None when all count alike. `recency_decay` r multiplies it by 1 - r for each
    later event of the history (a half-life of log 2 / -log(1 - r) events); `popularity_discount` p divides it by the
    item's popularity^p."""
    if not config.recency_decay and not config.popularity_discount:
        return None
    weights = np.ones(len(histories.items))
    if config.recency_decay:
        ages = np.repeat(histories.offsets[1:], histories.lengths) - 1 - np.arange(len(weights))
        weights *= (1 - config.recency_decay) ** ages
    if config.popularity_discount:
        counts = np.bincount(histories.items)
        weights *= counts[histories.items] ** -config.popularity_discount
    return np.maximum(weights, _FAINTEST).astype(np.float32)


_FAINTEST = 1e-6  # a batch of old events alone still has a mean
