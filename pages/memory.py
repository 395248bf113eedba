"""Memory: what was learned, at three levels; found by meaning or by word, corrected by people."""

from typing import Any

import pandas as pd
import streamlit as st

from core.memory.records import Lesson
from core.records import Dataset, Study
from core.views.lesson import lesson_page
from core.views.lessons import LEVEL_WORDS
from core.views.memory import LEVELS, MEANING, WORD, Filters, Listing, Row, browse, lesson_or_none, level_of
from core.views.transfer import study_or_newest
from core.workspace import Workspace
from pages.components import lesson_acts
from pages.components.dialogs import opened
from pages.components.frame import frame
from pages.components.lesson import lesson_card
from pages.components.lesson_form import add_lesson
from pages.components.workspace import escaped, shown_errors, wake_worker, worker_alive

_LEVEL = "memory level"
_LINKED = "memory lesson that a link named"
NARROWING = ("pinned", "contested", "muted", "archived")


def main() -> None:
    """Choose a study to look from, filter, list, show."""
    parts = frame("Memory")
    with shown_errors():
        study = _head(parts)
        if not parts.store.lessons.all(("active", "muted", "archived")):
            _empty(parts, study)
            return
        chosen = _linked(parts)
        left, right = st.columns([1, 1.12], gap="medium")
        with left:
            filters = _filters(parts, study)
            listing = browse(parts, filters)
            row = _list(listing, chosen)
        shown = chosen or (row.lesson if row else None)
        with right:
            if shown is None:
                _nothing(filters)
            else:
                first = parts.store.datasets.get(study.dataset_id) if study else filters.fits
                lesson_card(lesson_page(parts.store, shown, first), study)


def _head(parts: Workspace) -> Study | None:
    """The title, the study one looks from, and the way to add a lesson."""
    studies = {study.id: study for study in reversed(parts.store.studies.all())}
    linked = study_or_newest(parts.store, st.query_params.get("study"))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("Memory", anchor=False, width="content")
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
            if st.button("Add a lesson", icon=":material/add:", key="lesson_add", on_click=opened):
                add_lesson(study)
    return study


def _empty(parts: Workspace, study: Study | None) -> None:
    with st.container(border=True):
        st.markdown("**Nothing is remembered yet.** A study writes its first lesson when a trial's verdict is clear.")
        if study is None:
            st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")
        else:
            query = {"study": str(study.id)}
            st.page_link("pages/study.py", label=f"Open {escaped(study.name)}", query_params=query)


def _linked(parts: Workspace) -> Lesson | None:
    """The lesson the address names; a link followed just now opens its tab too."""
    reference = st.query_params.get(lesson_acts.CHOSEN)
    with shown_errors():
        lesson = lesson_or_none(parts.store, reference)
        if lesson and st.session_state.get(_LINKED) != reference:
            st.session_state[_LEVEL] = lesson.level
        st.session_state[_LINKED] = reference
        return lesson
    return None


def _filters(parts: Workspace, study: Study | None) -> Filters:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = st.text_input(
            "Search lessons",
            key="memory_words",
            type="search",
            icon=":material/search:",
            placeholder="Search: short histories, tail, dropout …",
            label_visibility="collapsed",
        )
        by = st.segmented_control(
            "Search by",
            [MEANING, WORD],
            default=MEANING,
            required=True,
            key="memory_by",
            label_visibility="collapsed",
        )
    datasets = {dataset.id: dataset for dataset in parts.store.datasets.all()}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        narrowing = st.pills("Only", NARROWING, selection_mode="multi", key="memory_only", label_visibility="collapsed")
        fits = _fits(datasets, study)
    only = set(narrowing or ())
    statuses = frozenset(only & {"muted", "archived"})
    return Filters(study, words or "", by or MEANING, "pinned" in only, "contested" in only, statuses, fits)


def _fits(datasets: dict[str, Dataset], study: Study | None) -> Dataset | None:
    """The dataset that lessons must fit, the study's own first."""
    own = [study.dataset_id] if study and study.dataset_id in datasets else []
    options = [None, *own, *(id for id in datasets if id not in own)]
    chosen = st.selectbox(
        "Fits",
        options,
        format_func=lambda id: f"fits {datasets[id].name}" if id else "fits any dataset",
        placeholder="fits any dataset",
        key="memory_fits",
        label_visibility="collapsed",
        width=180,
    )
    return datasets.get(chosen) if chosen else None


def _list(listing: Listing, chosen: Lesson | None) -> Row | None:
    """The tabs and the list of the open one; returns the row to show when no lesson was chosen."""
    level = st.session_state.setdefault(_LEVEL, level_of(listing, chosen))
    labels = {each: f"{_capital(LEVEL_WORDS[each])} · {len(listing.levels[each])}" for each in LEVELS}
    key = f"memory_level_{'_'.join(str(len(rows)) for rows in listing.levels.values())}_{level}"
    tabs = st.tabs(list(labels.values()), default=labels[level], key=key, on_change=_open_level, args=(key, labels))
    for notice in listing.notices:
        st.info(escaped(notice.text).replace("\\`", "`"), icon=":material/info:")
        if notice.needs_worker and not worker_alive():
            st.button("Start worker", icon=":material/play_arrow:", key="memory_worker", on_click=wake_worker)
    rows = listing.levels[level]
    with tabs[LEVELS.index(level)]:
        if not rows:
            st.markdown(":gray[No lesson here with these filters.]")
            return None
        _table(rows, chosen or rows[0].lesson)
    return rows[0]


def _table(rows: tuple[Row, ...], chosen: Lesson) -> None:
    ids = [row.lesson.id for row in rows]
    columns: dict[str, list[Any]] = {"lesson": [row.title for row in rows]}
    if any(row.match is not None for row in rows):
        columns["match"] = [row.match for row in rows]
    columns |= {"trust": [row.trust.mean for row in rows], "record": [row.record for row in rows]}
    if any(row.marks for row in rows):
        columns[""] = [row.marks for row in rows]
    place = ids.index(chosen.id) if chosen.id in ids else None
    key = f"memory_rows_{hash(tuple(ids))}"
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        row_height=37,
        key=key,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [] if place is None else [place], "columns": [], "cells": []}},
        on_select=lambda: _choose_row(key, ids),
        column_config={
            "lesson": st.column_config.TextColumn(width="medium"),
            "match": st.column_config.NumberColumn(format="%.2f", width=60, help="likeness to the search, 1 is best"),
            "trust": st.column_config.ProgressColumn(
                format="%.2f", min_value=0.0, max_value=1.0, width=90, color="gray", help="mean of its posterior"
            ),
            "record": st.column_config.TextColumn(width=80, help="trials of its step that gained ▲ and lost ▼"),
            "": st.column_config.ListColumn(width=90),
        },
        alt="Lessons with their trust and record",
    )


def _choose_row(key: str, ids: list[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    lesson_acts.choose(ids[rows[0]] if rows else None)


def _open_level(key: str, labels: dict[str, str]) -> None:
    opened_label = st.session_state[key]
    st.session_state[_LEVEL] = next(level for level, label in labels.items() if label == opened_label)
    lesson_acts.choose(None)


def _nothing(filters: Filters) -> None:
    with st.container(border=True):
        st.markdown("No lesson to show.")
        if filters.are_set:
            st.button("Clear the filters", key="memory_clear", on_click=_clear)


def _clear() -> None:
    st.session_state["memory_words"] = ""
    st.session_state["memory_only"] = []
    st.session_state["memory_fits"] = None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


main()
