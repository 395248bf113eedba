"""Rows of a card: a small grey label, and what belongs to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TITLE_HEIGHT = 35  # px, that of a button


def row(label: str, help: str | None = None) -> DeltaGenerator:
    """A row with its label; use it as `with row("Why"):`. On a narrow screen the label stands above."""
    left, right = st.columns([1, 4.6], gap="xsmall")
    left.markdown(f":small[:gray[{label}]]", help=help)
    return right.container(gap="xsmall")


def small(text: str) -> None:
    """A grey line; a caption would be too pale behind badges."""
    st.markdown(f":small[:gray[{text}]]")


@contextmanager
def explained(line: str) -> Iterator[None]:
    """A choice with its meaning in a line close below; draw the choice inside."""
    with st.container(gap="xxsmall"):
        yield
        small(line)


def head(title: str, key: str) -> DeltaGenerator:
    """The first line of a card: its title at the left, and a place for chips and verbs at the right."""
    line = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=key)
    line.subheader(title, anchor=False, width="content")
    return line.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content", gap="small"
    )


def page_title(title: str) -> None:
    """The title of a page, as high as the buttons that may stand in its line: every page begins at one height."""
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap=None):
        st.header(title, anchor=False, width="content")
        with st.container(width=1, gap=None):
            st.space(TITLE_HEIGHT)
