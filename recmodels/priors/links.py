"""Weighted links from items to items, counted in histories: what transition and co-occurrence are made of.

Shape letters: V items, n pairs, c histories of a chunk.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Histories
from recmodels.packing import Flat, ranges

_PAIRS = 8_000_000  # counted at once, about: half a GiB


@dataclass(frozen=True)
class Links:
    """A sparse (V+1, V+1) matrix by rows: row i holds `items[offsets[i] : offsets[i + 1]]` with their `weights`."""

    offsets: Flat
    items: Flat
    weights: np.ndarray

    @classmethod
    def summed(cls, sources: Flat, targets: Flat, weights: np.ndarray, num_items: int) -> "Links":
        """The weights of each pair of source and target, added up."""
        width = num_items + 1
        pairs, index = np.unique(sources * width + targets, return_inverse=True)
        offsets = np.searchsorted(pairs, np.arange(width + 1) * width)
        return cls(offsets, pairs % width, np.bincount(index, weights, len(pairs)).astype(np.float32))

    def strongest(self, k: int) -> "Links":
        """The k heaviest links of each row; of equal ones those with the lower item id."""
        lengths = np.diff(self.offsets)
        sources = np.repeat(np.arange(len(lengths)), lengths)
        order = np.lexsort((self.items, -self.weights, sources))
        kept = np.sort(order[np.arange(len(order)) - np.repeat(self.offsets[:-1], lengths) < k])
        offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, k))])
        return Links(offsets, self.items[kept], self.weights[kept])

    def add_to(self, scores: Tensor, rows: Flat, sources: Flat, strengths: np.ndarray) -> None:
        """Adds strengths[j] times the row of sources[j] to scores[rows[j]]."""
        starts, lengths = self.offsets[sources], self.offsets[sources + 1] - self.offsets[sources]
        picked = ranges(starts, lengths)
        slots = np.repeat(rows, lengths) * scores.shape[1] + self.items[picked]
        weights = self.weights[picked] * np.repeat(strengths, lengths).astype(np.float32)
        device = scores.device
        scores.view(-1).index_add_(0, torch.from_numpy(slots).to(device), torch.from_numpy(weights).to(device))


def transition_links(
    train: Histories, num_items: int, window: int, normalisation: str, neighbours: int | None = None
) -> Links:
    """How often an item followed another within `window` events of a history; d events later counts 1/d. Of each row
    the strongest `neighbours` are kept."""
    return _counted(pairs, train, num_items, window, normalisation, neighbours)


def cooccurrence_links(
    train: Histories, num_items: int, window: int, normalisation: str, neighbours: int | None = None
) -> Links:
    """How often two items stood within `window` events of a history, in either order; d events apart counts 1/d. Of
    each row the strongest `neighbours` are kept."""
    return _counted(_both_ways, train, num_items, window, normalisation, neighbours)


def _counted(
    near: Callable[[Histories, int], tuple[Flat, Flat]],
    train: Histories,
    num_items: int,
    window: int,
    normalisation: str,
    neighbours: int | None,
) -> Links:
    """A block of sources at a time, so that the pairs of large data never exist at once."""
    counts = np.bincount(train.items, minlength=num_items + 1)
    before = np.cumsum(counts) * 2 * window
    edges = np.searchsorted(before, np.arange(_PAIRS, before[-1] + _PAIRS, _PAIRS))
    parts, low = [], 0
    for high in np.unique(np.append(np.minimum(edges + 1, num_items + 1), num_items + 1)):
        links = Links.summed(*_block(near, train, window, normalisation, counts, (low, int(high))), num_items)
        parts.append(links if neighbours is None else links.strongest(neighbours))
        low = int(high)
    offsets = np.sum([part.offsets for part in parts], 0)
    return Links(offsets, _joined(part.items for part in parts), _joined(part.weights for part in parts))


def _block(
    near: Callable[[Histories, int], tuple[Flat, Flat]],
    train: Histories,
    window: int,
    normalisation: str,
    counts: Flat,
    block: tuple[int, int],
) -> tuple[Flat, Flat, np.ndarray]:
    """Sources within the block, their targets and the weight of each pair: 3 x (n,)."""
    sources, targets, weights = [], [], []
    for distance in range(1, window + 1):
        source, target = near(train, distance)
        inside = (source >= block[0]) & (source < block[1])
        sources.append(source[inside])
        targets.append(target[inside])
        weights.append(np.full(len(sources[-1]), 1 / distance))
    source, target = _joined(sources), _joined(targets)
    return source, target, _joined(weights) / _norm(source, target, counts, normalisation)


def _norm(sources: Flat, targets: Flat, counts: Flat, normalisation: str) -> np.ndarray:
    """cosine: the root of both items' events; conditional: the source's, which makes a link the share of its events
    that were followed, or accompanied, by the target."""
    if normalisation == "none":
        return np.ones(1)
    if normalisation == "conditional":
        return counts[sources]
    return np.sqrt(counts[sources] * counts[targets])


def _both_ways(histories: Histories, distance: int) -> tuple[Flat, Flat]:
    earlier, later = pairs(histories, distance)
    return np.concatenate([earlier, later]), np.concatenate([later, earlier])


def pairs(histories: Histories, distance: int) -> tuple[Flat, Flat]:
    """Items that stand `distance` apart in a history: the earlier ones (n,), the later ones (n,)."""
    users = np.repeat(np.arange(len(histories.lengths)), histories.lengths)
    same = users[distance:] == users[:-distance]
    return histories.items[:-distance][same], histories.items[distance:][same]


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(parts))
