"""The memory that ships with the program: how much of it is in use, and the way in and out."""

import streamlit as st

from core.workspace import Workspace
from pages.components.rows import small
from pages.components.workspace import actor, shown_errors, workspace

WHAT = "Rules distilled from this program's own benchmark studies, on generated data; each says from which."


def starting_button(parts: Workspace) -> None:
    """A small place for it in the head of the page."""
    held = parts.starting.lessons()
    with st.popover("Starting memory", type="tertiary", icon=":material/inventory_2:", key="starting_ask"):
        count = "1 lesson of it is" if len(held) == 1 else f"{len(held)} lessons of it are"
        st.markdown(f"**{count} in use.** {WHAT}" if held else f"**None of it is in use.** {WHAT}")
        if held:
            small("They begin untried and earn their trust here. Left out they are archived, and can come back.")
            st.button("Leave it out", icon=":material/archive:", key="starting_out", on_click=_leave_out)
        else:
            st.button("Take it in", icon=":material/download:", key="starting_in", on_click=_take)


def starting_offer(parts: Workspace) -> None:
    """For an empty memory: the same as a plain button."""
    if not parts.starting.lessons():
        st.button(
            "Take the starting memory", icon=":material/inventory_2:", key="starting_first", on_click=_take, help=WHAT
        )


def _take() -> None:
    with shown_errors():
        count = workspace().starting.take(actor())
        st.toast(f"{count} lessons came in; the worker takes them into the index.", icon=":material/check:")


def _leave_out() -> None:
    with shown_errors():
        report = workspace().starting.leave_out(actor())
        refused = f"; {len(report.refused)} stay: {report.refused[0].refused}" if report.refused else ""
        st.toast(f"{len(report.done)} lessons are archived{refused}.", icon=":material/archive:")
