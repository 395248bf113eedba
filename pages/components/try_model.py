"""Trying a model: a user's own history or a typed one in, recommendations with titles and scores out."""

import random
from functools import partial

import streamlit as st

from core.data.sequences import Sequence, items_titled, users_of
from core.tasks import Task, tasks_of
from core.views.models import MOST, Model, Tried, history_of_user, try_model, typed
from core.views.problems import EXPECTED
from pages.components.rows import head, small
from pages.components.workspace import escaped, shown_errors, workspace

USER, HISTORY = "A user", "A history of my own"
TICK = 1.0  # seconds between two looks at the scoring process
LAST = 6  # events of a history that are shown


def try_card(chosen: Model) -> None:
    """The form, and what came out."""
    with st.container(border=True, key="try-card"):
        with head("Try it", "try-head"):
            kind = st.segmented_control(
                "History", [USER, HISTORY], default=USER, required=True, key="try_kind", label_visibility="collapsed"
            )
        if kind == USER:
            _user(chosen)
        else:
            _typed(chosen)
        if refused := st.session_state.pop("try problem", None):
            st.error(escaped(refused), icon=":material/error:")
        _answer(chosen.trial.id)


def _user(chosen: Model) -> None:
    key = f"try-user-{chosen.study.id}"
    with shown_errors():
        count = users_of(chosen.open_dir)
        left, right = st.columns([2.4, 1], vertical_alignment="bottom")
        raw = left.text_input("User id, as in the file", key=f"{key}-raw", placeholder=f"any of {count:,} users")
        right.button(
            "Another", icon=":material/shuffle:", key="try_any", on_click=_any, args=(key, count), width="stretch"
        )
        seen = history_of_user(chosen, raw.strip() or None, st.session_state.get(key, 0))
        shown = [f"{escaped(event.title or event.raw)}" for event in seen.events[-LAST:]]
        older = seen.left_out + len(seen.events) - len(shown)
        count_older = f" :small[:gray[{older:,} older events, then]]" if older else ""
        st.markdown(f"User **{escaped(seen.raw)}**{count_older}")
        small(" → ".join(shown) or "no event")
        _ask(partial(_ask_user, chosen, seen))


def _typed(chosen: Model) -> None:
    key = f"try-items-{chosen.study.id}"
    st.text_area("Item ids, oldest first, joined by commas or lines", key=key, height=80, max_chars=20_000)
    with shown_errors():
        wanted = st.text_input(
            "Find an item by title", key=f"{key}-find", placeholder="part of a title, or an id", max_chars=100
        )
        found = items_titled(chosen.open_dir, wanted.strip()) if wanted.strip() else ()
        with st.container(horizontal=True, gap="small"):
            for raw, title in found:
                label = escaped(title or raw)
                st.button(label, key=f"add-{raw}", icon=":material/add:", on_click=_add, args=(key, raw))
        if wanted.strip() and not found:
            small("No item has this in its title or as its id.")
    _ask(partial(_ask_typed, chosen, key))


def _ask(on_click: partial[None]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("How many", 1, MOST, 10, key="try_k", width=120)
        st.button("Recommend", key="try_go", type="primary", icon=":material/recommend:", on_click=on_click)


def _any(key: str, count: int) -> None:
    st.session_state[key] = random.randrange(count)
    st.session_state[f"{key}-raw"] = ""


def _add(key: str, raw: str) -> None:
    before = str(st.session_state.get(key, "")).strip().rstrip(",")
    st.session_state[key] = f"{before}, {raw}" if before else raw


def _ask_user(chosen: Model, seen: Sequence) -> None:
    history = tuple((event.raw, event.title or "") for event in seen.events)
    _start(chosen, f"user {seen.raw}", history)


def _ask_typed(chosen: Model, key: str) -> None:
    try:
        ids = typed(str(st.session_state.get(key, "")))
    except EXPECTED as problem:
        st.session_state["try problem"] = str(problem)
        return
    _start(chosen, f"{len(ids)} items", tuple((raw, "") for raw in ids))


def _start(chosen: Model, of: str, history: tuple[tuple[str, str], ...]) -> None:
    """In a thread that waits for the scoring process; torch stays out of the dashboard's."""
    parts, k = workspace(), int(st.session_state.get("try_k", 10))
    key = f"try {chosen.study.id}/{chosen.trial.number} {k} {hash(history)}"
    tasks_of(parts.settings.home).start(key, lambda task: try_model(parts, chosen, of, history, k))
    st.session_state["try key"] = (chosen.trial.id, key)


@st.fragment(run_every=TICK)
def _answer(trial_id: int) -> None:
    asked = st.session_state.get("try key")
    if asked is None or asked[0] != trial_id:
        return
    task: Task | None = tasks_of(workspace().settings.home).get(asked[1])
    if task is None:
        return
    if not task.is_over:
        small(":material/hourglass_empty: The model is being loaded in a process of its own; a few seconds.")
        return
    if task.error is not None:
        st.error(escaped(str(task.error)), icon=":material/error:")
        return
    answer(task.result)


def answer(tried: Tried) -> None:
    """The recommendations as a table; scores are comparable within it alone."""
    rows = [
        {"": place, "title": item.title or "–", "item": item.raw, "score": f"{item.score:.4f}"}
        for place, item in enumerate(tried.items, 1)
    ]
    st.markdown(f"**After {escaped(tried.of)}**")
    column = {"score": st.column_config.TextColumn(alignment="right")}
    st.dataframe(rows, hide_index=True, width="stretch", column_config=column, alt=f"recommendations after {tried.of}")
    small("Best first. A score says nothing beside one of another history or model.")
