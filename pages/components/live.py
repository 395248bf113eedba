"""Parts of a page that look again every two seconds and compute again only when something moved."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

View = TypeVar("View")
REFRESH = 2.0  # seconds between two looks of a fragment


def versioned(key: str, version: object, build: Callable[[], View]) -> View:
    """The view of this version: `build()` only when `version` differs from the one kept under `key`.

    `version` is the study's version, with whatever else the view depends on, as a tuple.
    """
    slot = f"versioned {key}"
    kept = st.session_state.get(slot)
    if kept is None or kept[0] != version:
        kept = (version, build())
        st.session_state[slot] = kept
    view: View = kept[1]
    return view
