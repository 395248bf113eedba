"""The list of lessons: search, filters, facets, tabs by level, a table to choose one or several from."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.memory.records import Lesson
from core.records import Dataset, Study
from core.views.facets import Choice, Facets
from core.views.lessons import LEVEL_WORDS
from core.views.memory import LEVELS, MEANING, WORD, Filters, Listing, Row, level_of
from core.workspace import Workspace
from pages.components import lesson_acts
from pages.components.workspace import escaped, wake_worker, worker_alive

TITLE, TITLE_BESIDE_TRUST = 320, 250  # px
NARROWING = ("pinned", "contested", "muted", "archived")
FACETS = {
    "backbone": ("Backbone", "any backbone"),
    "dataset": ("Learned on", "any dataset"),
    "axis": ("Knob", "any knob"),
    "author": ("Written by", "anybody"),
    "trust": ("Trust", "any trust"),
}


def search_row(several: tuple[int, ...] | None) -> tuple[str, DeltaGenerator]:
    """One line above the list: the search, a place for the filters, the choice of several."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="memory-search"):
        words = st.text_input(
            "Search lessons",
            key="memory_words",
            type="search",
            icon=":material/search:",
            placeholder="Search: short histories, tail …",
            label_visibility="collapsed",
        )
        place = st.container(width="content")
        _several_button(several)
    return words or "", place


def held_filters(parts: Workspace, study: Study | None, words: str) -> Filters:
    """What the filters hold, also before they are drawn."""
    only = set(st.session_state.get("memory_only") or ())
    fits = st.session_state.get("memory_fits")
    return Filters(
        study=study,
        words=words,
        by=st.session_state.get("memory_by") or MEANING,
        pinned="pinned" in only,
        contested="contested" in only,
        statuses=frozenset(only & {"muted", "archived"}),
        fits=next((each for each in parts.store.datasets.all() if each.id == fits), None) if fits else None,
        facets=held_facets(),
    )


def filters_form(parts: Workspace, filters: Filters, listing: Listing) -> None:
    """How it is searched, and what narrows the list; drawn when the list is known."""
    label = f"Filters · {filters.count}" if filters.count else "Filters"
    with st.popover(label, icon=":material/filter_list:", key="memory_facets"):
        st.segmented_control("Search by", [MEANING, WORD], default=MEANING, required=True, key="memory_by")
        st.pills("Only", NARROWING, selection_mode="multi", key="memory_only")
        _fits({dataset.id: dataset for dataset in parts.store.datasets.all()}, filters.study)
        for name, (words, any_one) in FACETS.items():
            _facet(name, words, any_one, listing.choices.get(name, ()), getattr(filters.facets, name))
        st.button(
            "Clear", key="memory_facets_clear", type="tertiary", on_click=clear_filters, disabled=not filters.are_set
        )


def held_facets() -> Facets:
    """What the facets hold, also before they are drawn."""
    return Facets(**{name: str(st.session_state.get(f"memory_facet_{name}") or "") for name in FACETS})


def _facet(name: str, label: str, any_one: str, offered: Sequence[Choice], held: str) -> None:
    known = {choice.value: f"{choice.words} · {choice.count}" for choice in offered}
    words = {"": any_one, **({held: f"{held} · 0"} if held and held not in known else {}), **known}
    key = f"memory_facet_{name}"
    if st.session_state.get(key) not in words:
        st.session_state[key] = ""
    st.selectbox(label, list(words), format_func=words.__getitem__, key=key)


def clear_filters() -> None:
    """Nothing narrows the list any more."""
    st.session_state["memory_words"] = ""
    st.session_state["memory_only"] = []
    st.session_state["memory_fits"] = None
    for name in FACETS:
        st.session_state[f"memory_facet_{name}"] = ""


def _fits(datasets: dict[str, Dataset], study: Study | None) -> None:
    """The dataset that lessons must fit, the study's own first."""
    own = [study.dataset_id] if study and study.dataset_id in datasets else []
    options = [None, *own, *(id for id in datasets if id not in own)]
    st.selectbox("Fits", options, format_func=lambda id: datasets[id].name if id else "any dataset", key="memory_fits")


def lesson_list(listing: Listing, chosen: Lesson | None, several: tuple[int, ...] | None) -> Row | None:
    """The tabs and the list of the open one; returns the row to show when no lesson was chosen.

    `several`: the lessons chosen while one chooses several, None while one looks at one.
    """
    level = st.session_state.setdefault(lesson_acts.LEVEL, level_of(listing, chosen))
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
        shown = [each for each in several or () if any(row.lesson.id == each for row in rows)]
        _table(rows, shown if several is not None else [(chosen or rows[0].lesson).id], several)
    return rows[0]


def _several_button(several: tuple[int, ...] | None) -> None:
    if several is None:
        st.button(
            "Select several",
            icon=":material/checklist:",
            type="tertiary",
            key="memory_several",
            on_click=lesson_acts.choose_several,
            args=((),),
        )
    else:
        st.button("Done", type="tertiary", key="memory_several_done", on_click=lesson_acts.choose, args=(None,))


def _table(rows: tuple[Row, ...], chosen: Sequence[int], several: tuple[int, ...] | None) -> None:
    ids = [row.lesson.id for row in rows]
    columns: dict[str, list[Any]] = {"lesson": [row.title for row in rows]}
    if any(row.match is not None for row in rows):
        columns["match"] = [row.match for row in rows]
    has_trust = any(row.trust.is_tried for row in rows)
    if has_trust:
        columns["trust"] = [row.trust.mean if row.trust.is_tried else None for row in rows]
    columns |= {"record": [row.record for row in rows]}
    if any(row.marks for row in rows):
        columns[""] = [row.marks for row in rows]
    places = [ids.index(id) for id in chosen if id in ids]
    mode = "one" if several is None else "several"
    key = f"memory_rows_{mode}_{hash(tuple(ids))}"
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        placeholder="",
        row_height=37,
        key=key,
        selection_mode="single-row" if several is None else "multi-row",
        selection_default={"selection": {"rows": places, "columns": [], "cells": []}},
        on_select=lambda: _choose_rows(key, ids, several),
        column_config={
            "lesson": st.column_config.TextColumn(width=TITLE_BESIDE_TRUST if has_trust else TITLE),
            "match": st.column_config.NumberColumn(format="%.2f", width=60, help="likeness to the search, 1 is best"),
            "trust": st.column_config.ProgressColumn(
                format="%.2f",
                min_value=0.0,
                max_value=1.0,
                width=90,
                color="gray",
                help="mean of its posterior, once it chose a trial",
            ),
            "record": st.column_config.TextColumn(width=80, help="trials of its step that gained ▲ and lost ▼"),
            "": st.column_config.ListColumn(width=90),
        },
        alt="Lessons with their trust and record",
    )


def _choose_rows(key: str, ids: list[int], several: tuple[int, ...] | None) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if several is None:
        lesson_acts.choose(ids[rows[0]] if rows else None)
        return
    elsewhere = [id for id in several if id not in ids]
    lesson_acts.choose_several((*elsewhere, *(ids[row] for row in rows)))


def _open_level(key: str, labels: dict[str, str]) -> None:
    opened_label = st.session_state[key]
    st.session_state[lesson_acts.LEVEL] = next(level for level, label in labels.items() if label == opened_label)
    if lesson_acts.chosen_several() is None:
        lesson_acts.choose(None)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
