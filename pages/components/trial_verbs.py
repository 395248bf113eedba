"""What a person may do with a trial: cancel it, clone it with changes, give it seeds."""

import streamlit as st

from core.records import Study, Trial
from core.views.config_form import Field, fields
from core.views.trial import TrialView
from pages.components import dialogs
from pages.components.config_form import changed, config_form
from pages.components.note_dialog import note_dialog, shelve
from pages.components.rows import small
from pages.components.workspace import actor, say, wake_worker, workspace

VIA = "dashboard"
CANCEL, CLONE, SEEDS, NOTE = "Cancel", "Clone with changes", "Add seeds", "Note and tags"
ARCHIVE, RESTORE = "Archive", "Bring back"
ICONS = {
    CANCEL: ":material/cancel:",
    CLONE: ":material/content_copy:",
    SEEDS: ":material/add:",
    NOTE: ":material/edit_note:",
    ARCHIVE: ":material/archive:",
    RESTORE: ":material/unarchive:",
}


def trial_menu(study: Study, seen: TrialView) -> None:
    """The menu of a trial; what is not possible now is not offered."""
    acts = seen.acts
    shelf = RESTORE if seen.trial.archived_at is not None else ARCHIVE
    verbs = ((SEEDS, acts.add_seeds), (CLONE, acts.clone), (NOTE, True), (shelf, acts.archive), (CANCEL, acts.cancel))
    offered = [verb for verb, may in verbs if may]
    picked = st.menu_button(
        "Trial",
        offered,
        key="trial-menu",
        format_func=lambda verb: f"{ICONS[verb]} {verb}",
        type="tertiary",
    )
    if picked == CLONE:
        _clone_dialog(study, seen.trial)
    elif picked == CANCEL:
        _cancel_dialog(seen.trial)
    elif picked == SEEDS:
        _seeds_dialog(seen.trial)
    elif picked == NOTE:
        note_dialog(seen.trial)
    elif picked in (ARCHIVE, RESTORE):
        shelve(seen.trial)


@dialogs.dialog("Clone with changes", width="large")
def _clone_dialog(study: Study, trial: Trial) -> None:
    st.markdown(f"A trial of **your own**, filled with the config of trial {trial.number}; it is queued at once.")
    rows, key = fields(workspace().store, study, trial), f"clone-{trial.id}"
    changes = config_form(rows, key, named=f"trial {trial.number}")
    st.text_input("Why (the agent learns from it)", key=f"{key}-reason", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Queue it",
            key=f"{key}-go",
            type="primary",
            icon=":material/check:",
            on_click=_clone,
            args=(study, trial, rows, key),
        )
        st.button("Back", key=f"{key}-back", on_click=dialogs.close)
        if not changes:
            small("change a field first: this config ran already")


@dialogs.dialog("Cancel the trial")
def _cancel_dialog(trial: Trial) -> None:
    st.markdown(f"Trial {trial.number} ends now with all its runs. It gets no verdict; its epochs stay on record.")
    st.text_input("Why (optional)", key=f"cancel-{trial.id}-reason", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Cancel the trial",
            key=f"cancel-{trial.id}-go",
            type="primary",
            icon=":material/cancel:",
            on_click=_cancel,
            args=(trial,),
        )
        st.button("Let it run", key=f"cancel-{trial.id}-back", on_click=dialogs.close)


@dialogs.dialog("Add seeds")
def _seeds_dialog(trial: Trial) -> None:
    st.markdown(f"Trial {trial.number} has {len(trial.seeds)} seeds. It is judged again when the new ones have ended.")
    st.number_input("How many", min_value=1, max_value=10, value=1, key=f"seeds-{trial.id}-count")
    if trial.looks > 1:
        small("It was judged twice already: every further look makes a false “better” likelier than 5 %.")
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Add", key=f"seeds-{trial.id}-go", type="primary", icon=":material/add:", on_click=_add_seeds, args=(trial,)
        )
        st.button("Back", key=f"seeds-{trial.id}-back", on_click=dialogs.close)


def _clone(study: Study, trial: Trial, rows: tuple[Field, ...], key: str) -> None:
    with dialogs.acting():
        own = {row.name: trial.params.get(row.name, row.proposed) for row in rows if not row.is_fixed}
        own |= changed(rows, key)
        reason = st.session_state.get(f"{key}-reason", "")
        queued = workspace().deciding.queue(study, own, actor(), VIA, reason or f"cloned from trial {trial.number}")
        st.query_params["trial"] = str(queued.number)
        beside = workspace().deciding.close_to(queued)
        say(f"Trial {queued.number} is queued. {beside}".strip(), icon=":material/check:")
        wake_worker()


def _cancel(trial: Trial) -> None:
    with dialogs.acting():
        workspace().store.trials.cancel(trial, actor(), st.session_state.get(f"cancel-{trial.id}-reason", ""))
        say(f"Trial {trial.number} is cancelled.", icon=":material/cancel:")


def _add_seeds(trial: Trial) -> None:
    with dialogs.acting():
        count = int(st.session_state.get(f"seeds-{trial.id}-count", 1))
        changed_trial = workspace().deciding.add_seeds(trial, count, actor(), VIA)
        seeds = ", ".join(map(str, changed_trial.seeds))
        say(f"Trial {trial.number} now has the seeds {seeds}.", icon=":material/add:")
        wake_worker()
