"""Tabs whose names come and go, such as with a verdict: the one that is read stays open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer


@dataclass(frozen=True)
class OpenTab:
    """The tab that is open, of which names, on the page of what; and whether a person opened it."""

    place: int | None = None
    names: tuple[str, ...] = ()
    name: str = ""
    is_chosen: bool = False


def kept_tabs(names: Sequence[str], place: int, key: str) -> Sequence[TabContainer]:
    """Among other names the open tab stays open in one `place`; one that a person chose stays in every place."""
    kept, own = f"open {key}", f"{key}-{'-'.join(names)}"
    before: OpenTab = st.session_state.get(kept, OpenTab())
    if tuple(names) != before.names and before.name in names and (before.is_chosen or before.place == place):
        st.session_state[own] = before.name
    tabs = st.tabs(names, key=own, on_change=_choose, args=(kept,))
    name = next(name for name, tab in zip(names, tabs, strict=True) if tab.open)
    st.session_state[kept] = OpenTab(place, tuple(names), name, before.is_chosen)
    return tabs


def _choose(kept: str) -> None:
    st.session_state[kept] = replace(st.session_state.get(kept, OpenTab()), is_chosen=True)
