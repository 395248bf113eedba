"""Editing a study while it runs: budget, autonomy, smallest gain, deadline, standing instructions."""

from typing import Any

import streamlit as st

from core.records import Study
from core.space import SearchSpace
from core.states import Autonomy
from core.studies.starting import MOST_PARALLEL
from core.studies.study_editing import edit_settings
from core.views.new_study import AUTONOMY, SHORTEST_MINUTES
from pages.components import dialogs
from pages.components.rows import small
from pages.components.workspace import actor, escaped, wake_worker, workspace


@st.dialog("Settings and instructions", width="medium")
def settings_dialog(study: Study, revision: int) -> None:
    """`revision` is the one the person sees; somebody else's edit in between is told, not overwritten."""
    dialogs.close_when_done()
    key = f"settings-{study.id}-{revision}"
    st.text_area(
        "Standing instructions for the agent",
        study.instructions,
        key=f"{key}-instructions",
        max_chars=4000,
        height=110,
        placeholder="Such as: leave num_blocks alone; we serve on a phone.",
    )
    with st.grid(2, min_column_width=200, key=f"{key}-grid"):
        _what_counts(study, key)
        _who_decides(study, key)
    st.toggle("One more seed for a promising trial", study.extra_seeds, key=f"{key}-extra_seeds")
    st.toggle("Stop hopeless runs", study.use_pruning, key=f"{key}-use_pruning")
    st.text_input("Why (goes into the study's record)", key=f"{key}-reason", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save",
            key=f"{key}-go",
            type="primary",
            icon=":material/check:",
            on_click=_save,
            args=(study, revision, key),
        )
        st.button("Back", key=f"{key}-back", on_click=dialogs.close)
        small(f"revision {revision}; trials already judged keep their verdicts")


def _what_counts(study: Study, key: str) -> None:
    st.number_input(
        "Trials", 1, 100_000, study.max_trials, key=f"{key}-max_trials", help="the budget, with the baseline"
    )
    st.number_input(
        "Smallest gain worth keeping",
        0.0,
        1.0,
        study.min_gain,
        step=0.0005,
        format="%.4f",
        key=f"{key}-min_gain",
        help=f"in units of {study.objective}; a verdict counts as better only above it",
    )


def _who_decides(study: Study, key: str) -> None:
    st.selectbox(
        "Who decides",
        list(Autonomy),
        list(Autonomy).index(study.autonomy),
        key=f"{key}-autonomy",
        format_func=lambda mode: AUTONOMY[mode][0],
    )
    st.session_state.setdefault(f"{key}-deadline", _minutes(study))  # a default of its own could not be emptied
    st.number_input(
        "Deadline of a proposal, minutes",
        min_value=SHORTEST_MINUTES,
        value=None,
        step=5.0,
        format="%.6g",
        key=f"{key}-deadline",
        help="empty: none, or 15 minutes in window",
    )
    st.number_input(
        "Proposals at a time", 1, MOST_PARALLEL, study.parallel, key=f"{key}-parallel", help="on different fields"
    )
    st.multiselect(
        "Always ask before changing (gated)",
        list(SearchSpace.from_json(study.space).declared),
        list(study.ask_for),
        key=f"{key}-ask_for",
        placeholder="no field in particular",
    )


def _minutes(study: Study) -> float | None:
    return study.deadline_seconds / 60 if study.deadline_seconds else None


def _save(study: Study, revision: int, key: str) -> None:
    state = st.session_state
    minutes = state[f"{key}-deadline"]
    changes: dict[str, Any] = {
        "instructions": state[f"{key}-instructions"].strip(),
        "max_trials": int(state[f"{key}-max_trials"]),
        "min_gain": float(state[f"{key}-min_gain"]),
        "autonomy": state[f"{key}-autonomy"],
        "deadline_seconds": minutes * 60 if minutes else None,
        "extra_seeds": bool(state[f"{key}-extra_seeds"]),
        "use_pruning": bool(state[f"{key}-use_pruning"]),
        "parallel": int(state[f"{key}-parallel"]),
        "ask_for": list(state[f"{key}-ask_for"]),
    }
    with dialogs.acting():
        edit_settings(workspace().store, study, revision, changes, actor(), state[f"{key}-reason"])
        st.toast(f"{escaped(study.name)} has new settings.", icon=":material/check:")
        wake_worker()
