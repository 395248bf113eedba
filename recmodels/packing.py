"""Histories of many lengths as one flat run of tokens, so that nothing is computed for padding.

Shape letters: N tokens, S sequences, b sequences of a group, t the longest of them. Only attention needs (b, t): the
sequences are sorted by length and attended in groups whose lengths differ by less than a factor of two.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

Flat = np.ndarray  # one-dimensional int64

_SHORTEST_GROUP = 4  # lengths 1-4 share a group; then up to 8, 16, 32, ...


@dataclass(frozen=True)
class Group:
    """Sequences of similar length: `gather` (b*t,) takes tokens to padded slots (those behind a sequence's end repeat
    some token; causal attention never lets a real token see them), `keep` (n,) takes the real slots back."""

    gather: Tensor
    keep: Tensor
    b: int
    t: int

    def to(self, device: torch.device) -> "Group":
        return replace(self, gather=self.gather.to(device), keep=self.keep.to(device))


@dataclass(frozen=True)
class Packed:
    """`items` (N,) ids; `ages` (N,) events between a token and the end of its sequence, 0 for the last; `last` (S,)
    the last token of each sequence in the order asked for; `source` (N,) where each token came from; `times` (N,)
    epoch seconds, None where they are not known."""

    items: Tensor
    ages: Tensor
    last: Tensor
    groups: tuple[Group, ...]
    source: Flat
    times: Tensor | None = None

    def to(self, device: torch.device) -> "Packed":
        if device.type == "cpu":
            return self
        return Packed(
            items=self.items.to(device, non_blocking=True),
            ages=self.ages.to(device, non_blocking=True),
            last=self.last.to(device, non_blocking=True),
            groups=tuple(group.to(device) for group in self.groups),
            source=self.source,
            times=None if self.times is None else self.times.to(device, non_blocking=True),
        )


def ranges(starts: Flat, lengths: Flat) -> Flat:
    """starts[0], starts[0] + 1, ... (lengths[0] of them), starts[1], ...: (lengths.sum(),)"""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)


def pack(flat: Flat, starts: Flat, lengths: Flat, times: Flat | None = None) -> Packed:
    """The sequences flat[starts[s] : starts[s] + lengths[s]], with the events' `times`. Every length is at least
    one."""
    order = np.argsort(lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    ends = np.cumsum(lengths)
    source = ranges(starts, lengths)
    ages = np.repeat(ends, lengths) - 1 - np.arange(len(source))
    last = np.empty_like(ends)
    last[order] = ends - 1
    return Packed(
        items=torch.from_numpy(flat[source]),
        ages=torch.from_numpy(ages),
        last=torch.from_numpy(last),
        groups=tuple(_groups(lengths, ends)),
        source=source,
        times=None if times is None else torch.from_numpy(times[source]),
    )


def _groups(lengths: Flat, ends: Flat) -> list[Group]:
    """Groups over ascending lengths, in order, so that their outputs concatenate to the flat run."""
    groups, first, limit = [], 0, _SHORTEST_GROUP
    while first < len(lengths):
        beyond = int(np.searchsorted(lengths, limit, side="right"))
        if beyond > first:
            groups.append(_group(lengths[first:beyond], ends[first:beyond]))
            first = beyond
        limit *= 2
    return groups


def _group(lengths: Flat, ends: Flat) -> Group:
    b, t = len(lengths), int(lengths[-1])
    slots = np.arange(t)
    gather = np.minimum((ends - lengths)[:, None] + slots, ends[-1] - 1)
    keep = np.flatnonzero(slots < lengths[:, None])
    return Group(torch.from_numpy(gather.ravel()), torch.from_numpy(keep), b, t)
