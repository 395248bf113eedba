"""Editing a study while it runs: instructions, budget, who decides and by which gates, guards, caps."""

from typing import Any

import streamlit as st

from core.figures import objective_words
from core.records import Study
from core.space import SearchSpace
from core.states import Autonomy
from core.studies.starting import MOST_PARALLEL
from core.studies.study_editing import edit_settings
from core.views.limits import GUARD_WORDS, caps_for
from core.views.new_study import AUTONOMY, SHORTEST_MINUTES
from pages.components import dialogs
from pages.components.limits_form import cap_fields, gate_boxes, gates_off, given, guard_fields
from pages.components.rows import explained, small
from pages.components.workspace import actor, escaped, say, wake_worker, workspace

NARROWEST = 200  # px of a column of choices


@dialogs.dialog("Settings and instructions", width="medium")
def settings_dialog(study: Study, revision: int) -> None:
    """`revision` is the one the person sees; somebody else's edit in between is told, not overwritten."""
    key = f"settings-{study.id}-{revision}"
    with explained("heeded in every proposal from the next one on"):
        st.text_area(
            "Standing instructions for the agent",
            study.instructions,
            key=f"{key}-instructions",
            max_chars=4000,
            height=110,
            placeholder="Such as: leave num_blocks alone; we serve on a phone.",
        )
    with st.grid(2, min_column_width=NARROWEST, key=f"{key}-grid"):
        _what_counts(study, key)
        _who_decides(study, key)
    if st.session_state[f"{key}-autonomy"] == Autonomy.GATED:
        gate_boxes(key, study.gates_off)
    with st.expander("Guards", key=f"{key}-guards", icon=":material/rule:"):
        guard_fields(key, study.guards)
    with st.expander("Caps on training and language model", key=f"{key}-caps", icon=":material/speed:"):
        cap_fields(key, caps_for(study.agent), study.caps)
    with explained("an inconclusive gain of at least one standard error earns a second look, once"):
        st.toggle("One more seed for a promising trial", study.extra_seeds, key=f"{key}-extra_seeds")
    with explained("a run far below the current best at the same epoch is pruned"):
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
    with explained("the budget of configs, the baseline included"):
        st.number_input("Trials", 1, 100_000, study.max_trials, key=f"{key}-max_trials")
    with explained("of one run; refused where trials so far would not compare with those to come"):
        st.number_input("Epochs at most", 1, 10_000, study.max_epochs, key=f"{key}-max_epochs")
    with explained(f"in units of {objective_words(study.objective)}; a verdict counts as better only above it"):
        st.number_input(
            "Smallest gain worth keeping",
            0.0,
            1.0,
            study.min_gain,
            step=0.0005,
            format="%.4f",
            key=f"{key}-min_gain",
        )
    with explained("several are planned on different fields"):
        st.number_input("Proposals at a time", 1, MOST_PARALLEL, study.parallel, key=f"{key}-parallel")


def _who_decides(study: Study, key: str) -> None:
    with explained("holds for what waits already, too"):
        st.selectbox(
            "Who decides",
            list(Autonomy),
            list(Autonomy).index(study.autonomy),
            key=f"{key}-autonomy",
            format_func=lambda mode: AUTONOMY[mode][0],
        )
    st.session_state.setdefault(f"{key}-deadline", _minutes(study))  # a default of its own could not be emptied
    with explained("blank: none, or 15 minutes where silence approves"):
        st.number_input(
            "Deadline of a proposal, minutes",
            min_value=SHORTEST_MINUTES,
            value=None,
            step=5.0,
            format="%.6g",
            key=f"{key}-deadline",
        )
    with explained("in *Ask when it matters*, beside the gates"):
        st.multiselect(
            "Always ask before changing",
            list(SearchSpace.from_json(study.space).declared),
            list(study.ask_for),
            key=f"{key}-ask_for",
            placeholder="no field in particular",
        )


def _minutes(study: Study) -> float | None:
    return study.deadline_seconds / 60 if study.deadline_seconds else None


def _save(study: Study, revision: int, key: str) -> None:
    with dialogs.acting():
        reason = st.session_state[f"{key}-reason"]
        edit_settings(workspace().store, study, revision, _changes(study, key), actor(), reason)
        say(f"{escaped(study.name)} has new settings.", icon=":material/check:")
        wake_worker()


def _changes(study: Study, key: str) -> dict[str, Any]:
    """The form as it stands; a choice that was not drawn stays as it was."""
    state = st.session_state
    minutes, shown = state[f"{key}-deadline"], caps_for(study.agent)
    hidden = {name: limit for name, limit in study.caps.items() if name not in shown}
    return {
        "instructions": state[f"{key}-instructions"].strip(),
        "max_trials": int(state[f"{key}-max_trials"]),
        "max_epochs": int(state[f"{key}-max_epochs"]),
        "min_gain": float(state[f"{key}-min_gain"]),
        "autonomy": state[f"{key}-autonomy"],
        "deadline_seconds": minutes * 60 if minutes else None,
        "extra_seeds": bool(state[f"{key}-extra_seeds"]),
        "use_pruning": bool(state[f"{key}-use_pruning"]),
        "parallel": int(state[f"{key}-parallel"]),
        "ask_for": list(state[f"{key}-ask_for"]),
        "gates_off": gates_off(key, study.gates_off),
        "guards": given(f"{key}_", list(GUARD_WORDS)),
        "caps": {**hidden, **given(f"{key}_cap_", shown)},
    }
