"""How a dialog acts and ends: a callback says that it is done, and whatever runs next on the page closes it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.views.problems import EXPECTED
from pages.components.workspace import escaped, told

_DONE = "dialog is done"
REFUSED = "dialog was refused"


def close() -> None:
    """For callbacks: the dialog that is open has done its work (or the person goes back)."""
    st.session_state[_DONE] = True


def opened() -> None:
    """For whatever opens a dialog: forget how the last one ended."""
    st.session_state.pop(_DONE, None)
    st.session_state.pop(REFUSED, None)


def refusal() -> None:
    """Above a dialog's buttons: why its last act was refused, until the next one; a run that draws it may be taken
    over by another before anybody saw it."""
    if refused := st.session_state.get(REFUSED):
        st.error(escaped(str(refused)), icon=":material/error:")


@contextmanager
def acting() -> Iterator[None]:
    """For a dialog's callback: act, then close it. Refused, it stays open with all that was typed, and says why:
    anything drawn in the callback itself would take the dialog's place."""
    st.session_state.pop(REFUSED, None)
    try:
        yield
    except EXPECTED as problem:
        st.session_state[REFUSED] = told(problem)
    else:
        close()


def close_when_done() -> None:
    """First line of every dialog, and of the fragment that refreshes the page below it.

    The click's own run may be taken over by a refresh that was due; then that one closes the dialog. `st.rerun` is the
    one way Streamlit has to close a dialog from within.
    """
    if st.session_state.pop(_DONE, False):
        st.rerun()
