"""Histories written down as lists of items, with times that follow from the items."""

import numpy as np

from recmodels.data import Histories

LISTS = [[1, 5, 2, 9], [3, 1], [7, 8, 20, 21, 22, 7, 7, 9, 10], [4, 4, 4], [30, 29, 28, 27, 26, 25]]


def times_of(items: list[int]) -> list[int]:
    """A time for each event that depends on nothing after it: minutes, days and weeks apart."""
    times: list[int] = (1_600_000_000 + np.cumsum([60 * 24 ** (item % 4) for item in items])).tolist()
    return times


def histories_of(lists: list[list[int]], timed: bool = True) -> Histories:
    offsets = np.concatenate([[0], np.cumsum([len(items) for items in lists])])
    items = np.concatenate([np.asarray(items, np.int64) for items in lists])
    times = np.concatenate([np.asarray(times_of(items), np.int64) for items in lists])
    return Histories(items, np.ones(len(items), bool), offsets, times if timed else None)
