"""How a dialog ends: a callback says so, and whatever runs next on the page closes it."""

import streamlit as st

_DONE = "dialog is done"


def close() -> None:
    """For callbacks: the dialog that is open has done its work (or the person goes back)."""
    st.session_state[_DONE] = True


def opened() -> None:
    """For whatever opens a dialog: forget how the last one ended."""
    st.session_state.pop(_DONE, None)


def close_when_done() -> None:
    """First line of every dialog, and of the fragment that refreshes the page below it.

    The click's own run may be taken over by a refresh that was due; then that one closes the dialog. `st.rerun` is the
    one way Streamlit has to close a dialog from within.
    """
    if st.session_state.pop(_DONE, False):
        st.rerun()
