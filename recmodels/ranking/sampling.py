"""Parts of the users that are always the same: by a hash of their number, whatever the order or the machine."""

import numpy as np

from recmodels.data import Cases
from recmodels.packing import Flat


def halves(users: Flat) -> Flat:
    """0 or 1 for each user."""
    return (_hashes(users) & np.uint64(1)).astype(np.int64)


def sample(cases: Cases, most: int) -> Cases:
    """The cases of at most so many users, ascending; half of them of each half, about."""
    if len(cases.users) <= most:
        return cases
    kept = np.sort(np.argsort(_hashes(cases.users), kind="stable")[:most])
    return Cases(cases.users[kept], cases.histories.of(kept), cases.targets[kept])


def _hashes(users: Flat) -> np.ndarray:
    """splitmix64 (Steele et al. 2014): (U,) uint64."""
    mixed = users.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
