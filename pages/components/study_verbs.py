"""The head of a study: its name, its state, and what a person may do with the whole of it."""

import streamlit as st

from core.records import Study
from core.states import StudyState
from core.views.reveal import may_open_test
from core.views.study import Figure, StudyView
from pages.components import dialogs
from pages.components.chips import chip
from pages.components.report import report_dialog
from pages.components.reveal import reveal_dialog
from pages.components.rows import page_title, small
from pages.components.space_dialog import space_dialog
from pages.components.study_settings import settings_dialog
from pages.components.study_shelf import shelve_study
from pages.components.workspace import actor, escaped, say, shown_errors, wake_worker, workspace

SETTINGS, SPACE, REPORT = "Settings and instructions", "Search space", "Report"
REVEAL, CANCEL = "Open the sealed test", "Cancel the study"
ARCHIVE, RESTORE = "Archive the study", "Bring the study back"
ICONS = {
    SETTINGS: ":material/tune:",
    SPACE: ":material/rule_settings:",
    REPORT: ":material/description:",
    REVEAL: ":material/lock_open:",
    CANCEL: ":material/cancel:",
    ARCHIVE: ":material/archive:",
    RESTORE: ":material/unarchive:",
}


def study_head(view: StudyView) -> None:
    """Name, state and verbs in one line. Draw it inside a fragment that refreshes."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="study-head"
    ):
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="study-name"):
            page_title(escaped(view.head.title))
            st.markdown(chip(view.head.state), width="content")
            if view.study.archived_at is not None:
                st.markdown(":gray-badge[:material/archive: archived]", width="content")
            synthetic = " · synthetic data" if view.head.synthetic else ""
            st.markdown(f":small[:gray[{escaped(view.head.mode)}{synthetic}]]", width="content")
        with st.container(horizontal=True, horizontal_alignment="right", width="content", key="study-verbs"):
            _verbs(view)


def figures(view: StudyView) -> None:
    """The four figures: best, trials, time, noise."""
    with st.container(border=True, key="figures"), st.grid(4, min_column_width=140, key="figures-grid"):
        for figure in view.figures:
            _figure(figure)
    if view.estimate:
        small(f"○ {view.estimate}.")
    if view.caps:
        small(f":material/speed: Caps: {escaped(' · '.join(view.caps))}")
    if view.head.instructions:
        small(f":material/push_pin: Standing instructions: {escaped(view.head.instructions)}")
    if view.head.vetoed:
        small(f":material/block: Vetoed, so not proposed again: {escaped(', '.join(view.head.vetoed))}")


def _figure(figure: Figure) -> None:
    aside = f" :small[:gray[{figure.aside}]]" if figure.aside else ""
    is_gain = figure.is_gain
    st.metric(
        figure.label,
        f"{figure.value}{aside}",
        delta=figure.delta.lstrip("+") if is_gain else (figure.delta or None),
        delta_color=("green" if figure.delta.startswith("+") else "violet") if is_gain else "blue",
        delta_arrow="auto" if is_gain and figure.delta.startswith("+") else "off",
        delta_description=figure.context.replace("$", "\\$") or None,
        help=figure.help.replace("$", "\\$") or None,
    )


def _verbs(view: StudyView) -> None:
    study, moves = view.study, view.head.moves
    if StudyState.PAUSED in moves:
        _verb("Pause", ":material/pause:", study, StudyState.PAUSED, "its runs keep their epochs and go on later")
    if study.state is StudyState.PAUSED:
        _verb("Resume", ":material/play_arrow:", study, StudyState.ACTIVE, "its runs go on from their last epoch")
    if StudyState.STOPPING in moves and st.button(
        "Stop", key="stop", icon=":material/stop_circle:", help="end it in good order"
    ):
        _stop_dialog(study)
    offered = [SETTINGS, SPACE, REPORT, CANCEL] if StudyState.CANCELLED in moves else [REPORT]
    offered += [REVEAL] if may_open_test(study, workspace().store.reveals.of_study(study.id)) else []
    if study.has_ended:
        offered.append(ARCHIVE if study.archived_at is None else RESTORE)
    picked = st.menu_button("More", offered, key="more", format_func=lambda verb: f"{ICONS[verb]} {verb}")
    _open(picked, view)


def _open(picked: str | None, view: StudyView) -> None:
    if picked == SETTINGS:
        settings_dialog(view.study, workspace().store.studies.revision(view.study.id))
    elif picked == SPACE:
        space_dialog(view.study, workspace().store.studies.revision(view.study.id))
    elif picked == REPORT:
        report_dialog(view.study)
    elif picked == REVEAL:
        reveal_dialog(view.study)
    elif picked == CANCEL:
        _cancel_dialog(view.study)
    elif picked in (ARCHIVE, RESTORE):
        with shown_errors():
            shelve_study(view.study)


def _verb(label: str, icon: str, study: Study, target: StudyState, help: str) -> None:
    st.button(label, key=f"make-{target}", icon=icon, on_click=_at_once, args=(study, target), help=help)


@dialogs.dialog("Stop the study")
def _stop_dialog(study: Study) -> None:
    st.markdown(
        "Running runs finish; what waits or has not begun is withdrawn. Then baseline and recommended trial get two "
        "fresh seeds each for an honest final figure, and the sealed test may be opened. **It cannot be undone.**"
    )
    _confirm("Stop the study", study, StudyState.STOPPING)


@dialogs.dialog("Cancel the study")
def _cancel_dialog(study: Study) -> None:
    st.markdown(
        "Everything ends at once: no fresh seeds, no final figure, no sealed test. What was learned so far stays on "
        "record. **It cannot be undone;** *Stop* ends a study in good order."
    )
    _confirm("Cancel the study", study, StudyState.CANCELLED)


def _confirm(label: str, study: Study, target: StudyState) -> None:
    st.text_input("Why (optional)", key=f"{target}-reason", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(label, key=f"{target}-go", type="primary", on_click=_confirmed, args=(study, target))
        st.button("Back", key=f"{target}-back", on_click=dialogs.close)


def _at_once(study: Study, target: StudyState) -> None:
    with shown_errors():
        _move(study, target, "")


def _confirmed(study: Study, target: StudyState) -> None:
    with dialogs.acting():
        _move(study, target, st.session_state.get(f"{target}-reason", ""))


def _move(study: Study, target: StudyState, reason: str) -> None:
    moved = workspace().store.studies.move(study.id, target, actor(), reason)
    say(f"The study is {moved.state}.", icon=":material/check:")
    if moved.state in (StudyState.ACTIVE, StudyState.STOPPING):
        wake_worker()
