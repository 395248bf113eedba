"""Weighted links from items to items, counted in histories: what transition and co-occurrence are made of.

Shape letters: V items, n pairs.
"""

from collections.abc import Sequence
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
    def summed(cls, rows: Flat, targets: Flat, weights: np.ndarray, shape: tuple[int, int]) -> "Links":
        """The weights of each pair of row and target, added up."""
        height, width = shape
        pairs, index = np.unique(rows * width + targets, return_inverse=True)
        offsets = np.searchsorted(pairs, np.arange(height + 1) * width)
        return cls(offsets, pairs % width, np.bincount(index, weights, len(pairs)).astype(np.float32))

    @classmethod
    def stacked(cls, parts: Sequence["Links"]) -> "Links":
        """The rows of all parts, one part below the other."""
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        items, weights = (np.concatenate([getattr(part, name) for part in parts]) for name in ("items", "weights"))
        return cls(np.concatenate([[0], np.cumsum(lengths)]), items, weights)

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
    return _counted(train, False, num_items, window, normalisation, neighbours)


def cooccurrence_links(
    train: Histories, num_items: int, window: int, normalisation: str, neighbours: int | None = None
) -> Links:
    """How often two items stood within `window` events of a history, in either order; d events apart counts 1/d. Of
    each row the strongest `neighbours` are kept."""
    return _counted(train, True, num_items, window, normalisation, neighbours)


def _counted(
    train: Histories, both_ways: bool, num_items: int, window: int, normalisation: str, neighbours: int | None
) -> Links:
    """A block of sources at a time, so that the pairs of large data never exist at once."""
    events = _Events(train, num_items)
    before = np.cumsum(events.counts) * 2 * window
    edges = np.searchsorted(before, np.arange(_PAIRS, before[-1] + _PAIRS, _PAIRS))
    parts, low = [], 0
    for high in np.unique(np.append(np.minimum(edges + 1, num_items + 1), num_items + 1)).tolist():
        source, target, weights = _block(events, (low, high), window, both_ways)
        weights = weights / _norm(source, target, events.counts, normalisation)
        links = Links.summed(source - low, target, weights, (high - low, num_items + 1))
        parts.append(links if neighbours is None else links.strongest(neighbours))
        low = high
    return Links.stacked(parts)


class _Events:
    """Events of histories by their item, found without reading the others'. `counts` (V+1,) how many each has."""

    def __init__(self, histories: Histories, num_items: int) -> None:
        self.counts = np.bincount(histories.items, minlength=num_items + 1)
        self._items, self._offsets = histories.items, histories.offsets
        self._users = np.repeat(np.arange(len(histories.lengths)), histories.lengths)
        self._by_item = np.argsort(histories.items, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(self.counts)])

    def of(self, low: int, high: int) -> tuple[Flat, Flat, Flat]:
        """Places of the events of the items from `low` to below `high`, where the history of each begins and ends."""
        places = self._by_item[self._starts[low] : self._starts[high]]
        users = self._users[places]
        return places, self._offsets[users], self._offsets[users + 1]

    def pairs(self, places: Flat, inside: np.ndarray, step: int) -> tuple[Flat, Flat]:
        """Items at those of the places that are `inside`, and those `step` events later: 2 x (n,)."""
        kept = places[inside]
        return self._items[kept], self._items[kept + step]


def _block(events: _Events, items: tuple[int, int], window: int, both_ways: bool) -> tuple[Flat, Flat, np.ndarray]:
    """Sources within the block of items, their targets and the weight of each pair: 3 x (n,)."""
    places, begins, ends = events.of(*items)
    found: list[tuple[Flat, Flat]] = []
    weights: list[np.ndarray] = []
    for distance in range(1, window + 1):
        found.append(events.pairs(places, places + distance < ends, distance))
        if both_ways:
            found.append(events.pairs(places, places - distance >= begins, -distance))
        weights += [np.full(len(source), 1 / distance) for source, _ in found[len(weights) :]]
    source, target = (np.concatenate(part) for part in zip(*found, strict=True))
    return source, target, np.concatenate(weights)


def _norm(sources: Flat, targets: Flat, counts: Flat, normalisation: str) -> np.ndarray:
    """cosine: the root of both items' events; conditional: the source's, which makes a link the share of its events
    that were followed, or accompanied, by the target."""
    if normalisation == "none":
        return np.ones(1)
    if normalisation == "conditional":
        return counts[sources]
    return np.sqrt(counts[sources] * counts[targets])
