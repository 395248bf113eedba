"""A study: what waits for a decision, what runs, what came of each trial, and why."""

import streamlit as st

from core.records import Study
from core.views.edits import edits_of
from core.views.study import StudyView, study_view
from core.views.trial import TrialView, trial_view
from core.workspace import Workspace
from pages.components.approval import approval_card
from pages.components.chosen_study import study_shown
from pages.components.curves import curves_card
from pages.components.evidence import evidence
from pages.components.frame import frame
from pages.components.kept_tabs import kept_tabs
from pages.components.knowledge import knowledge_card
from pages.components.lineage import lineage_card
from pages.components.live import REFRESH, versioned
from pages.components.progress import trials_so_far
from pages.components.references import references_of
from pages.components.reveal import reveal_card
from pages.components.rows import page_title
from pages.components.stepper import chosen_number, stepper
from pages.components.study_verbs import figures, study_head
from pages.components.timeline import timeline_card
from pages.components.trial import record_tabs, reflection_card, verdict_card
from pages.components.trials_table import trials_table
from pages.components.workspace import shown_errors

ONE, EVERY, LINEAGE, TIMELINE, KNEW = "One trial", "All trials", "Lineage", "Timeline", "What it knew"
VIEWS = (ONE, EVERY, LINEAGE, TIMELINE, KNEW)
VIEW = "view"  # the open one, in the URL
EVIDENCE = "Where the gain sits"
RECORD = ("Lessons", "Numbers", "History", "Log")


def show(opened: Workspace) -> None:
    """The study in the URL, else the one last looked at or the newest, else one next action."""
    with shown_errors():
        study = study_shown(opened)
        if study is None:
            _nothing_yet()
        else:
            _head(opened, study.id)
            _views(opened, study.id)


def _nothing_yet() -> None:
    page_title("No study yet")
    st.markdown("A study tunes one model on one dataset: the agent proposes trials, you decide, a worker trains them.")
    st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")


@st.fragment(run_every=REFRESH)
def _head(opened: Workspace, study_id: int) -> None:
    with shown_errors():
        view = _seen(opened, study_id)
        study_head(view)
        figures(view)


@st.fragment
def _views(opened: Workspace, study_id: int) -> None:
    """The tabs are drawn when one is opened, not at every look: one drawn meanwhile loses the keyboard's focus, and an
    answer under way opens the tab before it again."""
    for name, tab in zip(VIEWS, st.tabs(VIEWS, key=VIEW, on_change="rerun", bind="query-params"), strict=True):
        if tab.open:
            with tab:
                _live(opened, study_id, name)


@st.fragment(run_every=REFRESH)
def _live(opened: Workspace, study_id: int, name: str) -> None:
    """Looks every two seconds; what it shows is computed anew only when the study's version moved."""
    if st.session_state[VIEW] != name:  # a click in here opened another one
        st.rerun()
    with shown_errors():
        _show(opened, _seen(opened, study_id), name)


def _seen(opened: Workspace, study_id: int) -> StudyView:
    now = opened.clock.now()
    version = (opened.store.studies.version(study_id), int(now // 60))
    return versioned(
        f"study-{study_id}", version, lambda: study_view(opened.store, opened.store.studies.get(study_id), now)
    )


def _show(opened: Workspace, view: StudyView, name: str) -> None:
    if name == ONE:
        _one_trial(opened, view)
    elif name == EVERY:
        trials_table(view.study, view.version, ONE)
    elif name == LINEAGE:
        lineage_card(view.study, view.version, chosen_number(view))
    elif name == TIMELINE:
        timeline_card(view.study, view.version)
    else:
        knowledge_card(view, chosen_number(view))


def _one_trial(opened: Workspace, view: StudyView) -> None:
    chosen = chosen_number(view)
    stepper(view, chosen)
    _body(opened, view, chosen)


def _body(opened: Workspace, view: StudyView, chosen: int | None) -> None:
    """The trial at the left, the curves at the right, and the tabs below the shorter of the two."""
    left, right = st.columns([1.08, 1], gap="medium")
    with right:
        curves_card(view, chosen)
    if chosen is None:
        return
    key = f"trial-{view.study.id}-{chosen}"
    seen = versioned(key, view.version, lambda: trial_view(opened.store, view.study, chosen))
    with left:
        _trial(view.study, seen)
    with left if seen.is_brief else right:
        _below(opened, view, seen)


def _trial(study: Study, seen: TrialView) -> None:
    if seen.trial.waits:
        approval_card(study, seen)
    else:
        verdict_card(study, seen)
        reflection_card(study, seen)
    reveal_card(study)


def _below(opened: Workspace, view: StudyView, seen: TrialView) -> None:
    study = view.study
    names = [*([EVIDENCE] if seen.observed else []), "Trials so far", *RECORD]
    names += ["Model"] if seen.calls else []
    with st.container(border=True, key="below"):
        tabs = kept_tabs(names, seen.trial.number, f"tabs-{study.id}")
        for name, tab in zip(names, tabs, strict=True):
            if not tab.open:
                continue
            with tab:
                if name == "Trials so far":
                    key = f"edits-{study.id}"
                    edits = versioned(key, view.version, lambda: edits_of(opened.store, study))
                    trials_so_far(view, edits, references_of(opened, study))
                elif name == EVIDENCE:
                    evidence(study, seen)
                else:
                    record_tabs(study, seen, [name])


show(frame("Study"))
