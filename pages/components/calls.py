"""What the language model was told for a trial, what it said, and what that cost."""

import streamlit as st

from core.views.calls import CallView
from pages.components.rows import small
from pages.components.workspace import escaped


def model_calls(calls: tuple[CallView, ...]) -> None:
    """Every call, oldest first; the texts are folded away."""
    for number, call in enumerate(calls, 1):
        icon = ":violet[:material/error:]" if call.failed else ":green[:material/check_circle:]"
        st.markdown(f"{icon} **{number}** &nbsp; {escaped(call.title)}")
        small(escaped(call.line))
        if call.failed:
            small(f":violet[{escaped(call.failed)}]")
        with st.expander("Prompt and reply", icon=":material/forum:"):
            for role, text in (*call.sent, *call.came):
                st.markdown(f":small[:gray[{escaped(role)}]]")
                st.code(text, language=None, wrap_lines=True)
