"""Who decides: the field for the name on decisions, and the browser as the place where it is kept.

A cookie rather than local storage: the server has it with the first request of a session, so that not even a decision
made at once after a reload goes without its name.
"""

from pathlib import Path

import streamlit as st

from pages.components.workspace import COOKIE, LONGEST_NAME, actor, escaped, given_name, set_actor, told_name

SCRIPT = Path(__file__).with_name("who.js").read_text(encoding="utf-8")
LABEL = "Your name on decisions"

_component = st.components.v2.component("virtualmle_who", js=SCRIPT)


def who() -> None:
    """In the menu: the name, and the field that changes it."""
    with st.popover(escaped(actor()), icon=":material/person:", type="tertiary", key="who"):
        _field("who_name", actor())
    _keep("who_kept")


def sign_hint() -> None:
    """Beside the acts of a decision while no name was given: under whose it will stand, and the field for one's own.
    A hint, not a gate: whoever is alone on this machine decides with one click."""
    if not given_name():
        with st.popover(f"as {escaped(actor())}", icon=":material/person_edit:", type="tertiary", key="sign"):
            _field("sign_name", "")
            st.markdown(":small[:gray[It stands on every decision and is remembered by this browser.]]")
    _keep("sign_kept")


def _field(key: str, value: str) -> None:
    st.text_input(
        LABEL,
        value=value,
        key=key,
        max_chars=LONGEST_NAME,
        on_change=lambda: set_actor(st.session_state[key]),
    )


def _keep(key: str) -> None:
    """Hand what was given in this session to the browser."""
    name = told_name()
    if name is not None:
        _component(key=key, data={"name": name, "cookie": COOKIE}, width="content")
