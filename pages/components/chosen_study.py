"""The study one looks at: named in the URL, remembered when the menu leads to another page, chosen in a page's head."""

import streamlit as st

from core.records import Study
from core.views.transfer import study_or_newest
from core.workspace import Workspace
from pages.components.rows import page_title

WIDTH = 220  # px
_LAST = "study last looked at"


def study_shown(parts: Workspace) -> Study | None:
    """The study of the link, else the one last looked at in this session, else the newest; from now on the URL names
    it. None where there is none. Raises NotFound for a link to no study."""
    study = study_or_newest(parts.store, st.query_params.get("study") or st.session_state.get(_LAST))
    if study is not None:
        _look_at(study.id)
    return study


def chosen_study(parts: Workspace, title: str, key: str) -> Study | None:
    """The head of a page about one study: its title, and the study it is about; None where there is none."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page_title(title)
        shown = study_shown(parts)
        if shown is None:
            return None
        studies = {study.id: study for study in reversed(parts.store.studies.in_sight(also=shown.id))}
        st.session_state[key] = shown.id
        st.selectbox(
            "Study",
            list(studies),
            format_func=lambda id: studies[id].name,
            key=key,
            label_visibility="collapsed",
            width=WIDTH,
            on_change=_choose,
            args=(key,),
        )
    return studies[shown.id]


def no_study(says: str) -> None:
    """Why the page is empty, and the one next action."""
    with st.container(border=True):
        st.markdown(says)
        st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")


def _choose(key: str) -> None:
    st.query_params.pop("trials", None)  # of the study that was left
    _look_at(st.session_state[key])


def _look_at(study_id: int) -> None:
    st.session_state[_LAST] = str(study_id)
    if st.query_params.get("study") != str(study_id):
        st.query_params["study"] = str(study_id)
