"""What people write on a trial: a note and tags, which no verdict and no agent reads."""

import streamlit as st

from core.records import Trial
from core.views.trial import TrialView
from pages.components import dialogs
from pages.components.rows import row, small
from pages.components.workspace import actor, escaped, say, shown_errors, workspace


@dialogs.dialog("Note and tags", width="medium")
def note_dialog(trial: Trial) -> None:
    """`trial` as the person sees it; another note written meanwhile is told, not overwritten."""
    key = f"note-{trial.id}"
    st.text_area(
        f"Note on trial {trial.number}",
        trial.note,
        key=f"{key}-text",
        max_chars=4000,
        height=130,
        placeholder="Such as: looks promising with longer histories; ask Ben.",
    )
    st.multiselect(
        "Tags", list(trial.tags), list(trial.tags), key=f"{key}-tags", accept_new_options=True, placeholder="type one"
    )
    dialogs.refusal()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Save", key=f"{key}-go", type="primary", icon=":material/check:", on_click=_save, args=(trial, key))
        st.button("Back", key=f"{key}-back", on_click=dialogs.close)
        small("for people: neither a verdict nor the agent reads it")


def note_rows(seen: TrialView) -> None:
    """The note and the tags of a trial, where it has any."""
    trial = seen.trial
    if trial.note:
        with row("Note"):
            st.markdown(escaped(trial.note))
    if trial.tags:
        with row("Tags"):
            st.markdown(" ".join(f":gray-badge[{escaped(tag)}]" for tag in trial.tags))


def shelve(trial: Trial) -> None:
    """Take a trial out of lists and plots, or bring it back; for use as a callback."""
    with shown_errors():
        notes = workspace().store.trial_notes
        if trial.archived_at is None:
            notes.archive(trial, actor())
            say(f"Trial {trial.number} is archived; its record stays.", icon=":material/archive:")
        else:
            notes.restore(trial, actor())
            say(f"Trial {trial.number} is back.", icon=":material/unarchive:")


def _save(trial: Trial, key: str) -> None:
    with dialogs.acting():
        notes, state = workspace().store.trial_notes, st.session_state
        tags = list(state.get(f"{key}-tags", trial.tags))
        text = str(state.get(f"{key}-text", trial.note))
        if text.strip() != trial.note:
            notes.write(trial, text, actor())
        notes.tag([trial.id], tags, [tag for tag in trial.tags if tag not in tags], actor())
        say(f"Trial {trial.number} is noted.", icon=":material/check:")
