"""How a dialog ends: a callback says so, and the dialog closes itself on its next run, which its click brings about."""

import streamlit as st

_DONE = "dialog is done"


def close() -> None:
    """For callbacks: the dialog that is open has done its work (or the person goes back)."""
    print("CLOSE", flush=True); st.session_state[_DONE] = True


def opened() -> None:
    """For whatever opens a dialog: forget how the last one ended."""
    st.session_state.pop(_DONE, None)


def close_when_done() -> None:
    """First line of every dialog. `st.rerun` is the one way Streamlit has to close a dialog from within."""
    print("BODY", st.session_state.get(_DONE), flush=True)
    if st.session_state.pop(_DONE, False):
        print("CLOSING", flush=True)
        st.rerun()
