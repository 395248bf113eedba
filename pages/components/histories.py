"""Raw histories of a dataset: one user's training events, with titles where they are known."""

import random

import streamlit as st

from core.data.sequences import Sequence, sequence, user_named, users_of
from core.records import Dataset
from core.views.moments import zone_named
from core.views.sequences import event_rows
from pages.components.live import versioned
from pages.components.rows import head, small
from pages.components.workspace import escaped, shown_errors, workspace


def histories_card(dataset: Dataset) -> None:
    """Pick a user by number, by the file's own id, or by chance."""
    key = f"history-{dataset.id}"
    open_dir = workspace().settings.dataset(dataset.folder) / "open"
    with st.container(border=True, key="histories"), shown_errors():
        count = users_of(open_dir)
        with head("Histories as the model sees them", "histories-head"):
            st.button("Another", icon=":material/shuffle:", key="another_user", on_click=_any, args=(key, count))
        asked = st.text_input(
            "User id, as in the file",
            key=f"{key}-raw",
            placeholder=f"an id, or none: any of {count:,} users",
            label_visibility="collapsed",
        )
        user = user_named(open_dir, asked.strip()) if asked.strip() else st.session_state.get(key, 0)
        seen = versioned(key, user, lambda: sequence(open_dir, user))
        _table(seen)


def _table(seen: Sequence) -> None:
    older = f", {seen.left_out:,} older ones not shown" if seen.left_out else ""
    count = len(seen.events)
    st.markdown(f"User **{escaped(seen.raw)}** :small[:gray[{count} training event{'s'[: count != 1]}{older}]]")
    if not seen.events:
        small("This user has no training event: all of their events are kept for validation and test.")
        return
    rows = event_rows(seen, zone_named(st.context.timezone))
    st.dataframe(rows, hide_index=True, width="stretch", height=270, alt=f"training events of user {seen.raw}")
    small("Training part alone: the last events of a user are kept for validation and the sealed test.")


def _any(key: str, count: int) -> None:
    st.session_state[key] = random.randrange(count)
    st.session_state[f"{key}-raw"] = ""
