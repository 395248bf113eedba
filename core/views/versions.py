"""A dataset that is a new version of another one: of which, and what moved since."""

from core.memory.neighbours import Neighbour
from core.memory.warm_start import earlier_versions
from core.records import Dataset
from core.store import Store
from core.views.transfer import near_of

MOST_MOVED = 4  # features named


def version_words(earlier: Neighbour | None) -> str:
    """`A new version of toy: mean length 6 → 12, users 100 → 400.`; empty for the first version."""
    if earlier is None:
        return ""
    moved = sorted(near_of(earlier).features, key=lambda each: -abs(each.offset))
    told = [f"{each.label} {each.there} → {each.here}" for each in moved if each.kind != "alike"]
    more = [f"and {len(told) - MOST_MOVED} more"] if len(told) > MOST_MOVED else []
    return f"A new version of {earlier.dataset.name}: {', '.join(told[:MOST_MOVED] + more) or 'hardly anything moved'}."


def version_of(store: Store, dataset: Dataset) -> str:
    """The same for a dataset of this home."""
    return version_words(next(earlier_versions(store, dataset), None))
