"""Inbox: every proposal that waits, across studies; read one, decide it by key, or decide several at once."""

import streamlit as st

from core.views.inbox import Inbox, inbox
from core.views.moments import waited
from core.views.trial import trial_view
from core.workspace import Workspace
from pages.components.approval import approval_card
from pages.components.frame import frame
from pages.components.inbox import batch_bar, card, last_results, next_keys, pager, study_filter
from pages.components.live import REFRESH, versioned
from pages.components.rows import page_title, small
from pages.components.workspace import escaped, shown_errors, workspace


def main() -> None:
    """The live part looks again by itself."""
    frame("Inbox")
    _live()


@st.fragment(run_every=REFRESH)
def _live() -> None:
    with shown_errors():
        parts = workspace()
        chosen = st.query_params.get("trial", "")
        study_id, page = st.session_state.get("inbox study"), st.session_state.get("inbox page", 0)
        view = inbox(parts.store, page, study_id, int(chosen) if chosen.isdecimal() and len(chosen) < 10 else None)
        _head(view)
        last_results()
        if not view.total:
            _nothing(parts, study_id)
            return
        left, right = st.columns([1, 1.18], gap="medium")
        with left:
            _list(view)
        with right:
            _open(parts, view)


def _head(view: Inbox) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            page_title("Inbox")
            if view.oldest is not None:
                word = "proposal waits" if view.total == 1 else "proposals wait"
                age = waited(max(workspace().clock.now() - view.oldest, 0.0))
                st.markdown(f":small[:gray[{view.total} {word} · the oldest for {age}]]", width="content")
        study_filter(view)


def _nothing(parts: Workspace, study_id: int | None) -> None:
    with st.container(border=True):
        if study_id is not None:
            st.markdown("**Nothing waits in this study.** Other studies may have something.")
            return
        st.markdown("**Nothing waits for you.** Proposals appear here as soon as an agent has planned them.")
        if not parts.store.studies.all():
            st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")
        else:
            st.page_link("app.py", label="See what runs", icon=":material/dashboard:")


def _list(view: Inbox) -> None:
    batch_bar(view)
    now = workspace().clock.now()
    for each in view.cards:
        card(each, each == view.chosen, now)
    pager(view)


def _open(parts: Workspace, view: Inbox) -> None:
    """The chosen proposal's own card, as its study shows it."""
    if view.chosen is None:
        return
    seen = view.chosen
    study = parts.store.studies.get(seen.study_id)
    key = f"inbox-{seen.trial_id}"
    trial = versioned(key, study.version, lambda: trial_view(parts.store, study, seen.number))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        query = {"study": str(study.id), "trial": str(seen.number)}
        st.page_link("pages/study.py", label=escaped(study.name), icon=":material/science:", query_params=query)
        next_keys(view)
    if not trial.trial.waits:
        small("It has just been decided.")
        return
    approval_card(study, trial)


main()
