"""Memory: what was learned, at three levels; found by meaning or by word, corrected by people."""

import streamlit as st

from core.memory.records import Lesson
from core.records import Study
from core.views.lesson import lesson_page
from core.views.memory import EVERY, Filters, browse, lesson_or_none
from core.views.transfer import study_or_newest
from core.workspace import Workspace
from pages.components import lesson_acts
from pages.components.asked import asked_view
from pages.components.frame import frame
from pages.components.lesson import lesson_card
from pages.components.lesson_bulk import several_card
from pages.components.lesson_form import add_lesson
from pages.components.lesson_list import clear_filters, filters_form, held_filters, lesson_list, search_row
from pages.components.lesson_pair import settle_list
from pages.components.packs import packs_button, starting_offer
from pages.components.rows import page_title
from pages.components.workspace import escaped, shown_errors

_LINKED = "memory lesson that a link named"
LESSONS, SETTLE, ASKED = "lessons", "settle", "asked"
VIEW = "memory_view"


def main() -> None:
    """Choose a study to look from, then a view: the lessons, what is to settle, what would be retrieved."""
    parts = frame("Memory")
    with shown_errors():
        study = _head(parts)
        if not parts.store.lessons.all(EVERY):
            _empty(parts, study)
            return
        view = _view(parts)
        if view == SETTLE:
            settle_list(parts)
        elif view == ASKED:
            asked_view(parts, study)
        else:
            _lessons(parts, study)


def _view(parts: Workspace) -> str:
    """Which of the three; a link to a lesson opens the lessons."""
    if st.session_state.get(_LINKED) != st.query_params.get(lesson_acts.CHOSEN):
        st.session_state[VIEW] = LESSONS
    st.session_state.setdefault(VIEW, LESSONS)
    waiting = len(parts.store.links.open())
    labels = {
        LESSONS: "Lessons",
        SETTLE: f"To settle · {waiting}" if waiting else "To settle",
        ASKED: "What would be retrieved?",
    }
    chosen = st.segmented_control(
        "View",
        list(labels),
        required=True,
        format_func=labels.__getitem__,
        key=VIEW,
        label_visibility="collapsed",
    )
    return chosen or LESSONS


def _lessons(parts: Workspace, study: Study | None) -> None:
    """The list at the left, one lesson or the chosen ones at the right."""
    chosen, several = _linked(parts), lesson_acts.chosen_several()
    left, right = st.columns([1, 1.12], gap="medium")
    with left:
        words, place = search_row(several)
        filters = held_filters(parts, study, words)
        listing = browse(parts, filters)
        with place:
            filters_form(parts, filters, listing)
        row = lesson_list(listing, chosen, several)
    shown = chosen or (row.lesson if row else None)
    with right:
        if several is not None:
            held = parts.store.lessons.some(several)
            several_card([held[id] for id in several if id in held], listing)
        elif shown is None:
            _nothing(filters)
        else:
            first = parts.store.datasets.get(study.dataset_id) if study else filters.fits
            lesson_card(lesson_page(parts.store, shown, first), study)


def _head(parts: Workspace) -> Study | None:
    """The title, the study one looks from, and the way to add a lesson."""
    linked = study_or_newest(parts.store, st.query_params.get("study"))
    in_sight = parts.store.studies.in_sight(also=linked.id if linked else None)
    studies = {study.id: study for study in reversed(in_sight)}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page_title("Memory")
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            options = [None, *studies]
            chosen = st.selectbox(
                "Seen from",
                options,
                options.index(linked.id) if linked else 0,
                format_func=lambda id: studies[id].name if id else "all studies",
                placeholder="all studies",
                key="memory_study",
                label_visibility="collapsed",
                width=220,
            )
            study = studies.get(chosen) if chosen else None
            packs_button(parts)
            if st.button("Add a lesson", icon=":material/add:", key="lesson_add"):
                add_lesson(study)
    return study


def _empty(parts: Workspace, study: Study | None) -> None:
    with st.container(border=True):
        st.markdown("**Nothing is remembered yet.** A study writes its first lesson when a trial's verdict is clear.")
        with st.container(horizontal=True):
            if study is None:
                st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")
            else:
                query = {"study": str(study.id)}
                st.page_link("pages/study.py", label=f"Open {escaped(study.name)}", query_params=query)
            starting_offer(parts)


def _linked(parts: Workspace) -> Lesson | None:
    """The lesson the address names; a link followed just now opens its tab too."""
    reference = st.query_params.get(lesson_acts.CHOSEN)
    with shown_errors():
        before = st.session_state.get(_LINKED)
        st.session_state[_LINKED] = reference
        lesson = lesson_or_none(parts.store, reference)
        if lesson and before != reference:
            st.session_state[lesson_acts.LEVEL] = lesson.level
        return lesson
    return None


def _nothing(filters: Filters) -> None:
    with st.container(border=True):
        st.markdown("No lesson to show.")
        if filters.are_set:
            st.button("Clear the filters", key="memory_clear", on_click=clear_filters)


main()
