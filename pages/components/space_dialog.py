"""Editing the search space of a study that runs."""

import streamlit as st

from core.errors import InvalidInput
from core.records import Study
from core.space import SearchSpace
from core.studies.space_editing import edit_space
from pages.components import dialogs
from pages.components.rows import small
from pages.components.space_form import built_space, space_form
from pages.components.workspace import actor, escaped, say, wake_worker, workspace


@dialogs.dialog("Search space", width="large")
def space_dialog(study: Study, revision: int) -> None:
    """`revision` is the one the person sees; somebody else's edit in between is told, not overwritten."""
    scope, start = f"{study.id}-{revision}", SearchSpace.from_json(study.space)
    built = built_space(scope, start)
    small("Trials that ran keep their record. A proposal that waits outside the new space goes stale.")
    with st.container(height=460, border=False):
        space_form(scope, start, built)
    st.text_input("Why (goes into the study's record)", key=f"space-reason-{scope}", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save",
            key=f"space-go-{scope}",
            type="primary",
            icon=":material/check:",
            on_click=_save,
            args=(study, revision, scope, start),
        )
        st.button("Back", key=f"space-back-{scope}", on_click=dialogs.close)
        small(f"version {study.space_version}; {built.headline}")


def _save(study: Study, revision: int, scope: str, start: SearchSpace) -> None:
    with dialogs.acting():
        built = built_space(scope, start)
        if built.faults:
            raise InvalidInput("; ".join(built.faults.values()))
        if built.space == start:
            raise InvalidInput("nothing was changed; change a field, or go back")
        reason = st.session_state[f"space-reason-{scope}"]
        edited, stale = edit_space(workspace().store, study, revision, built.space, actor(), reason)
        waiting = f"; {len(stale)} waiting outside it" if stale else ""
        say(f"{escaped(study.name)} has search space {edited.space_version}{waiting}.", icon=":material/check:")
        wake_worker()
