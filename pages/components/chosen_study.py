"""The head of a page about one study: its title, and the study one looks at."""

import streamlit as st

from core.records import Study
from core.views.transfer import study_or_newest
from core.workspace import Workspace
from pages.components.rows import page_title

WIDTH = 220  # px


def chosen_study(parts: Workspace, title: str, key: str) -> Study | None:
    """The chosen study, first the one of the link, else the newest; None where there is none."""
    studies = {study.id: study for study in reversed(parts.store.studies.all())}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page_title(title)
        if not studies:
            return None
        linked = study_or_newest(parts.store, st.query_params.get("study"))
        options = list(studies)
        chosen = st.selectbox(
            "Study",
            options,
            options.index(linked.id) if linked else 0,
            format_func=lambda id: studies[id].name,
            key=key,
            label_visibility="collapsed",
            width=WIDTH,
        )
    return studies[chosen]


def no_study(says: str) -> None:
    """Why the page is empty, and the one next action."""
    with st.container(border=True):
        st.markdown(says)
        st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")
