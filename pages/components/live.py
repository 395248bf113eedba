"""Parts of a page that look again every two seconds and compute again only when something moved."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

View = TypeVar("View")
REFRESH = 2.0  # seconds between two looks of a fragment
MOST_KEPT = 64  # views of a session; the one not looked at for longest goes
_KEPT = "versioned"


def versioned(key: str, version: object, build: Callable[[], View]) -> View:
    """The view of this version: `build()` only when `version` differs from the one kept under `key`.

    `version` is the study's version, with whatever else the view depends on, as a tuple.
    """
    kept: OrderedDict[str, tuple[object, View]] = st.session_state.setdefault(_KEPT, OrderedDict())
    if key not in kept or kept[key][0] != version:
        kept[key] = (version, build())
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return kept[key][1]


def forget(key: str) -> None:
    """Build the view kept under `key` again at the next look."""
    st.session_state.get(_KEPT, {}).pop(key, None)
