"""Reference lines fitted by counting: what any model should beat. Each is a prior with fixed settings, popularity
breaking its ties, and a `Scorer`."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Histories
from recmodels.errors import InvalidJob
from recmodels.priors.links import cooccurrence_links, transition_links
from recmodels.priors.priors import Constant, LinkSums
from recmodels.ranking.evaluation import Fill, Scorer

_WINDOW = 10  # events this near in a history count as together
_FADING = 0.7  # weight of an item over that of the one after it


class _Counted:
    """Sums of links; popularity, scaled to stay below any of them, breaks ties."""

    def __init__(self, sums: LinkSums, ties: Constant, tie: float) -> None:
        self.sums, self.ties, self.tie = sums, ties, tie

    def prepare(self, histories: Histories) -> Fill:
        add, ties = self.sums.prepare(histories), self.ties.prepare(histories)

        def fill(cases: slice, scores: Tensor) -> None:
            ties(cases, scores)
            add(cases, scores.mul_(self.tie))

        return fill


def popularity(train: Histories, num_items: int) -> Constant:
    """Scores by training events, in [0, 1)."""
    counts = np.bincount(train.items, minlength=num_items + 1).astype(np.float32)
    return Constant(torch.from_numpy(counts / (counts.max() + 1)))


def markov(train: Histories, num_items: int) -> Scorer:
    """Scores by how often an item directly followed the history's last one."""
    sums = LinkSums(transition_links(train, num_items, 1, "none"), recency=0.0)
    return _Counted(sums, popularity(train, num_items), tie=1.0)


def cooccurrence(train: Histories, num_items: int) -> Scorer:
    """Scores by the cosine of co-occurrence with the history's items (item-based k-NN, Sarwar et al. 2001, without a
    cut at k), nearer pairs and later items counting more."""
    sums = LinkSums(cooccurrence_links(train, num_items, _WINDOW, "cosine"), recency=_FADING)
    return _Counted(sums, popularity(train, num_items), tie=1e-6)


Fit = Callable[[Histories, int], Scorer]
REFERENCES: dict[str, Fit] = {"popularity": popularity, "markov": markov, "cooccurrence": cooccurrence}


def reference(name: str, train: Histories, num_items: int) -> Scorer:
    """The reference line of that name, fitted. Raises InvalidJob."""
    if name not in REFERENCES:
        raise InvalidJob(f"no reference line is called {name!r}; there are {', '.join(REFERENCES)}")
    return REFERENCES[name](train, num_items)
