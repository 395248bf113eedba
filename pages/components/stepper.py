"""Stepping through trials: previous and next by button or arrow key, any by its number; the URL keeps where one is."""

from collections.abc import Sequence

import streamlit as st

from core.views.study import Step, StudyView
from pages.components.chips import glyph

WINDOW = 40  # steps drawn at once; more would neither fit nor load quickly


def chosen_number(view: StudyView) -> int | None:
    """The trial in the URL, else the one worth looking at; a number that is not there is told."""
    asked = st.query_params.get("trial")
    if asked is None:
        return view.chosen_by_default
    if asked.isdecimal() and view.step(int(asked)):
        return int(asked)
    st.warning(f"This study has no trial {asked[:12]!r}; shown is the one worth looking at.", icon=":material/info:")
    return view.chosen_by_default


def stepper(view: StudyView, chosen: int | None) -> None:
    """One line of all trials with the sign of what became of each."""
    if chosen is None:
        return
    steps = [step for step in view.steps if not step.is_archived or step.number == chosen]
    numbers = [step.number for step in steps]
    place = numbers.index(chosen)
    key = f"step-{view.study.id}-{chosen}"  # of this step: a refresh on its way with the last one's would go back
    st.session_state[key] = chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False, key="stepper"):
        _arrow("Left", numbers[max(place - 1, 0)], chosen, view.study.id)
        shown = _window(steps, place)
        labels = {step.number: f"{step.number} {glyph(step.standing)}" for step in shown}
        st.segmented_control(
            "Trial",
            [step.number for step in shown],
            format_func=lambda number: labels.get(number, str(number)),
            key=key,
            required=True,
            on_change=_go_to_step,
            args=(key, chosen, view.study.id),
            label_visibility="collapsed",
            width="stretch",
            wrap=False,
        )
        _arrow("Right", numbers[min(place + 1, len(numbers) - 1)], chosen, view.study.id)
    if len(shown) < len(numbers):
        st.markdown(f":small[:gray[trials {shown[0].number} to {shown[-1].number} of {len(numbers)}]]")


def go_to(study_id: int, number: int) -> None:
    """Show a trial, and say so in the URL; for callbacks."""
    st.query_params["study"] = str(study_id)
    st.query_params["trial"] = str(number)


def _go_to_step(key: str, chosen: int, study_id: int) -> None:
    """Only to another: a sign that changes is told as a choice, and would hold the page to a trial nobody chose."""
    if (number := int(st.session_state[key])) != chosen:
        go_to(study_id, number)


def _arrow(shortcut: str, target: int, chosen: int, study_id: int) -> None:
    st.button(
        "",  # the shortcut draws the arrow
        key=f"go-{shortcut.lower()}",
        shortcut=shortcut,
        disabled=target == chosen,
        on_click=go_to,
        args=(study_id, target),
        help="previous trial" if shortcut == "Left" else "next trial",
    )


def _window(steps: Sequence[Step], place: int) -> Sequence[Step]:
    first = max(0, min(place - WINDOW // 2, len(steps) - WINDOW))
    return steps[first : first + WINDOW]
