"""Insight: what a study has taught about itself, its agent and its noise."""

import streamlit as st

from core.views.insight import insight, racing
from core.views.landscape import landscape, landscape_key
from core.views.snapshot import snapshot
from pages.components.chosen_study import chosen_study, no_study
from pages.components.frame import frame
from pages.components.insight import aa_card, axes_card, calibration_card, race_card
from pages.components.landscape import importance_card, landscape_card
from pages.components.live import REFRESH, versioned
from pages.components.references import references_of
from pages.components.workspace import shown_errors, workspace

NOTHING = "**Nothing to learn from yet.** Insight reads the trials of a study."


def main() -> None:
    """Choose a study, then follow it."""
    parts = frame("Insight")
    with shown_errors():
        study = chosen_study(parts, "Insight", "insight_study")
        if study is None:
            no_study(NOTHING)
        else:
            _live(study.id)


@st.fragment(run_every=REFRESH)
def _live(study_id: int) -> None:
    """Computed again only when this study, or one it is compared with, moved."""
    with shown_errors():
        parts = workspace()
        study = parts.store.studies.get(study_id)
        version = tuple((each.id, each.version) for each in racing(parts.store, study))
        seen = versioned(f"insight {study_id}", version, lambda: insight(parts.store, parts.artifacts, study))
        left, right = st.columns([1.25, 1], gap="medium")
        with left:
            race_card(seen, references_of(parts, study))
            space = st.container()
            axes_card(seen.axes)
        with right:
            calibration_card(study_id, seen.calibration)
            aa_card(seen)
            weights = st.container()
        held = snapshot(parts.store, study)
        land = versioned(  # Optuna takes the longest, so all else is there before it
            f"importance {study_id}",
            (valued := landscape_key(study, held.trials)),
            lambda: landscape(study, held.trials),
        )
        with space:
            landscape_card(land, study_id, valued)
        with weights:
            importance_card(land, study_id)


main()
