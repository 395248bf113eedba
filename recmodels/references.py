"""Reference lines fitted by counting: what any model should beat. Each is a `Scorer`.

Shape letters: V items, c histories of a chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Histories
from recmodels.errors import InvalidJob
from recmodels.evaluation import Fill, Scorer
from recmodels.packing import Flat, ranges

_WINDOW = 10  # events this near in a history count as together
_RECENT = 50  # latest events of a history that co-occurrence looks at
_FADING = 0.7  # weight of an item over that of the one after it


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

    def add_to(self, scores: Tensor, rows: Flat, sources: Flat, strengths: np.ndarray) -> None:
        """Adds strengths[j] times the row of sources[j] to scores[rows[j]]."""
        starts, lengths = self.offsets[sources], self.offsets[sources + 1] - self.offsets[sources]
        picked = ranges(starts, lengths)
        slots = np.repeat(rows, lengths) * scores.shape[1] + self.items[picked]
        weights = self.weights[picked] * np.repeat(strengths, lengths).astype(np.float32)
        scores.view(-1).index_add_(0, torch.from_numpy(slots), torch.from_numpy(weights))


class Popularity:
    """Scores by training events."""

    def __init__(self, train: Histories, num_items: int) -> None:
        counts = np.bincount(train.items, minlength=num_items + 1).astype(np.float32)
        self.scores = torch.from_numpy(counts / (counts.max() + 1))  # in [0, 1)

    def prepare(self, histories: Histories) -> Fill:
        def fill(cases: slice, scores: Tensor) -> None:
            scores.copy_(self.scores.expand_as(scores))

        return fill


class Markov:
    """Scores by how often an item followed the history's last one; popularity breaks ties, being below one."""

    def __init__(self, train: Histories, num_items: int) -> None:
        self.popularity = Popularity(train, num_items)
        sources, targets = _pairs(train, 1)
        self.links = Links.summed(sources, targets, np.ones(len(sources)), num_items)

    def prepare(self, histories: Histories) -> Fill:
        latest, ties = histories.items[histories.offsets[1:] - 1], self.popularity.prepare(histories)

        def fill(cases: slice, scores: Tensor) -> None:
            ties(cases, scores)
            self.links.add_to(scores, np.arange(len(scores)), latest[cases], np.ones(len(scores)))

        return fill


class CoOccurrence:
    """Scores by the cosine of co-occurrence with the history's items (item-based k-NN, Sarwar et al. 2001, without a
    cut at k), nearer pairs and later items counting more."""

    def __init__(self, train: Histories, num_items: int) -> None:
        self.popularity = Popularity(train, num_items)
        near = [_pairs(train, distance) for distance in range(1, _WINDOW + 1)]
        sources = np.concatenate([side for a, b in near for side in (a, b)])
        targets = np.concatenate([side for a, b in near for side in (b, a)])
        closeness = np.concatenate([np.full(2 * len(a), 1 / distance) for distance, (a, _) in enumerate(near, 1)])
        counts = np.maximum(np.bincount(train.items, minlength=num_items + 1), 1)
        weights = closeness / np.sqrt(counts[sources] * counts[targets])
        self.links = Links.summed(sources, targets, weights, num_items)

    def prepare(self, histories: Histories) -> Fill:
        lengths = np.minimum(histories.lengths, _RECENT)
        starts, ties = histories.offsets[1:] - lengths, self.popularity.prepare(histories)

        def fill(cases: slice, scores: Tensor) -> None:
            ties(cases, scores)
            scores.mul_(1e-6)  # only to break ties
            rows = np.repeat(np.arange(len(scores)), lengths[cases])
            events = ranges(starts[cases], lengths[cases])
            ages = np.repeat(histories.offsets[1:][cases], lengths[cases]) - 1 - events
            self.links.add_to(scores, rows, histories.items[events], _FADING**ages)

        return fill


def _pairs(histories: Histories, distance: int) -> tuple[Flat, Flat]:
    """Items that stand `distance` apart in a history: the earlier ones, the later ones."""
    users = np.repeat(np.arange(len(histories.lengths)), histories.lengths)
    same = users[distance:] == users[:-distance]
    earlier, later = histories.items[:-distance][same], histories.items[distance:][same]
    return earlier, later


Fit = Callable[[Histories, int], Scorer]
REFERENCES: dict[str, Fit] = {"popularity": Popularity, "markov": Markov, "cooccurrence": CoOccurrence}


def reference(name: str, train: Histories, num_items: int) -> Scorer:
    """The reference line of that name, fitted. Raises InvalidJob."""
    if name not in REFERENCES:
        raise InvalidJob(f"no reference line is called {name!r}; there are {', '.join(REFERENCES)}")
    return REFERENCES[name](train, num_items)
