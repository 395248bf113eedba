"""Insight: what a study has taught about itself, its agent and its noise."""

import streamlit as st

from core.records import Study
from core.views.insight import insight, rivals
from core.views.landscape import landscape
from core.views.transfer import study_or_newest
from core.workspace import Workspace
from pages.components.frame import frame
from pages.components.insight import aa_card, axes_card, calibration_card, race_card
from pages.components.landscape import importance_card, landscape_card
from pages.components.live import REFRESH, versioned
from pages.components.workspace import shown_errors, workspace


def main() -> None:
    """Choose a study, then follow it."""
    parts = frame("Insight")
    with shown_errors():
        study = _head(parts)
        if study is None:
            _nothing()
        else:
            _live(study.id)


def _head(parts: Workspace) -> Study | None:
    studies = {study.id: study for study in reversed(parts.store.studies.all())}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("Insight", anchor=False, width="content")
        if not studies:
            return None
        linked = study_or_newest(parts.store, st.query_params.get("study"))
        options = list(studies)
        chosen = st.selectbox(
            "Study",
            options,
            options.index(linked.id) if linked else 0,
            format_func=lambda id: studies[id].name,
            key="insight_study",
            label_visibility="collapsed",
            width=220,
        )
    return studies[chosen]


def _nothing() -> None:
    with st.container(border=True):
        st.markdown("**Nothing to learn from yet.** Insight reads the trials of a study.")
        st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")


@st.fragment(run_every=REFRESH)
def _live(study_id: int) -> None:
    """Computed again only when this study, or one it is compared with, moved."""
    with shown_errors():
        parts = workspace()
        study = parts.store.studies.get(study_id)
        version = tuple((each.id, each.version) for each in rivals(parts.store, study))
        seen = versioned(f"insight {study_id}", version, lambda: insight(parts.store, parts.artifacts, study))
        land = versioned(
            f"importance {study_id}",
            study.version,
            lambda: landscape(study, parts.store.trials.of_study(study_id)),
        )
        left, right = st.columns([1.25, 1], gap="medium")
        with left:
            race_card(seen)
            landscape_card(land, study_id, study.version)
            axes_card(seen.axes)
        with right:
            calibration_card(study_id, seen.calibration)
            aa_card(seen)
            importance_card(land, study_id)


main()
