"""Metrics from ranks. `ranks` is uint32 (2, U): row 0 how many candidates score above the target, row 1 how many
others score the same. Ties count by expectation: the target is equally likely at each of the tied positions."""

import numpy as np

MISS = np.uint32(0xFFFFFFFF)  # in row 0: the target was no candidate
CUTOFFS = (5, 10, 20)
METRICS = tuple(f"{name}@{k}" for name in ("recall", "ndcg", "mrr") for k in CUTOFFS)


def gains(metric: str) -> np.ndarray:
    """What a target at position 0, 1, ..., k-1 earns: (k,). Raises ValueError for a metric that does not exist."""
    if metric not in METRICS:
        raise ValueError(f"no metric is called {metric!r}; there are {', '.join(METRICS)}")
    name, k = metric.split("@")
    positions = np.arange(1, int(k) + 1)
    return {"recall": np.ones(int(k)), "ndcg": 1 / np.log2(positions + 1), "mrr": 1 / positions}[name]


def user_scores(ranks: np.ndarray, metric: str) -> np.ndarray:
    """The metric of each user: (U,) float64 in [0, 1], 0 for a miss."""
    earned = np.concatenate([[0.0], np.cumsum(gains(metric))])
    k = len(earned) - 1
    above, ties = ranks.astype(np.int64)
    first, beyond = np.minimum(above, k), np.minimum(above + ties + 1, k)
    return (earned[beyond] - earned[first]) / (ties + 1)


def summary(ranks: np.ndarray) -> dict[str, float]:
    """Every metric, averaged over users."""
    if ranks.shape[1] == 0:
        return dict.fromkeys(METRICS, 0.0)
    return {metric: float(user_scores(ranks, metric).mean()) for metric in METRICS}
