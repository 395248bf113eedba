"""Compare: two to six trials of a study side by side, or two studies at equal training time."""

import streamlit as st

from core.records import Study
from core.views.compare import FEWEST, MOST, comparable, in_sight, race, side_by_side, usual
from core.views.insight import rivals
from core.workspace import Workspace
from pages.components.chosen_study import chosen_study, no_study
from pages.components.compare import curves_card, fields_card, intervals_card, race_card
from pages.components.frame import frame
from pages.components.live import REFRESH, versioned
from pages.components.references import references_of
from pages.components.rows import small
from pages.components.workspace import escaped, shown_errors, workspace

TRIALS, STUDIES = "Trials", "Two studies"

NOTHING = "**Nothing to compare yet.** It takes two trials with a value, or two studies of the same data."


def main() -> None:
    """Choose a study, then what to set beside what."""
    parts = frame("Compare")
    with shown_errors():
        study = chosen_study(parts, "Compare", "compare_study")
        if study is None:
            no_study(NOTHING)
            return
        trials, studies = st.tabs([TRIALS, STUDIES], key="compare_tab", on_change="rerun")
        with trials:
            if trials.open:
                _trials(parts, study)
        with studies:
            if studies.open:
                _studies(parts, study)


def _trials(parts: Workspace, study: Study) -> None:
    every = comparable(parts.store, study)
    if len(every) < FEWEST:
        with st.container(border=True):
            have = "one trial has" if every else "no trial has"
            st.markdown(f"**{escaped(study.name)}**: {have} a value yet; two are needed.")
            query = {"study": str(study.id)}
            st.page_link("pages/study.py", label="See its trials", icon=":material/science:", query_params=query)
        return
    linked = [int(part) for part in st.query_params.get("trials", "").split(",") if part.isdecimal()]
    shelved = f"compare_archived_{study.id}"
    valued = every if st.session_state.get(shelved) else in_sight(every, linked)
    numbers = [trial.number for trial in valued]
    first = [number for number in linked if number in numbers][:MOST]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            f"Trials, {FEWEST} to {MOST}",
            numbers,
            first if len(first) >= FEWEST else usual(study, valued),
            max_selections=MOST,
            format_func=lambda number: f"trial {number}",
            key=f"compare_trials_{study.id}",
            on_change=_keep_in_url,
            args=(f"compare_trials_{study.id}",),
        )
        if any(trial.archived_at is not None for trial in every):
            st.toggle("Archived too", key=shelved)
        if len(chosen) < FEWEST:
            small("Choose another trial.")
            return
        reference = st.selectbox(
            "Against",
            chosen,
            format_func=lambda number: f"trial {number}",
            key=f"compare_against_{study.id}",
            width=160,
        )
    _beside(study.id, tuple(chosen), int(reference))


def _keep_in_url(key: str) -> None:
    st.query_params["trials"] = ",".join(str(number) for number in st.session_state[key])


@st.fragment(run_every=REFRESH)
def _beside(study_id: int, numbers: tuple[int, ...], reference: int) -> None:
    with shown_errors():
        parts = workspace()
        study = parts.store.studies.get(study_id)
        version = (study.version, numbers, reference)
        seen = versioned(
            f"compare {study_id}",
            version,
            lambda: side_by_side(parts.store, parts.artifacts, study, numbers, reference),
        )
        left, right = st.columns([1.15, 1], gap="medium")
        with left:
            fields_card(seen)
        with right:
            intervals_card(seen)
        curves_card(seen, references_of(parts, study))


def _studies(parts: Workspace, study: Study) -> None:
    others = {each.id: each.name for each in rivals(parts.store, study)}
    if not others:
        with st.container(border=True):
            st.markdown(
                f"**No other study may be compared with {escaped(study.name)}.** It takes one on the same data, with "
                "the same model, objective and protocol: start it with random search or TPE as a control."
            )
            query = {"dataset": study.dataset_id}
            st.page_link(
                "pages/new_study.py", label="Start a control", icon=":material/add_circle:", query_params=query
            )
        return
    other = st.selectbox(
        "Beside", list(others), format_func=others.__getitem__, key=f"compare_with_{study.id}", width=260
    )
    _race(study.id, int(other))


@st.fragment(run_every=REFRESH)
def _race(study_id: int, other_id: int) -> None:
    with shown_errors():
        parts = workspace()
        ours, theirs = parts.store.studies.get(study_id), parts.store.studies.get(other_id)
        version = (ours.version, other_id, theirs.version)
        seen = versioned(f"compare race {study_id}", version, lambda: race(parts.store, parts.artifacts, ours, theirs))
        race_card(seen, references_of(parts, ours))


main()
