"""What a click on a name in a table opens, for the keyboard too: the cells of a table answer to no key."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st


def opener(what: str, names: Mapping[Any, str], go: Callable[[Any], None], key: str) -> None:
    """A chooser of what the table shows, by its name; it opens what is chosen and is empty again."""
    st.selectbox(
        f"Open a {what}",
        list(names),
        format_func=lambda id: names.get(id, ""),
        index=None,
        key=key,
        placeholder=f"open a {what}",
        label_visibility="collapsed",
        width=150,
        on_change=_open,
        args=(go, key),
    )


def _open(go: Callable[[Any], None], key: str) -> None:
    chosen = st.session_state[key]
    st.session_state[key] = None
    if chosen is not None:
        go(chosen)
