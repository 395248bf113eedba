"""Transfer: which datasets are like a study's, which lessons were carried into it, and what became of each."""

import streamlit as st

from core.views.transfer import Transfer, transfer
from pages.components.chosen_study import chosen_study, no_study
from pages.components.frame import frame
from pages.components.import_form import import_link
from pages.components.likeness_map import map_card
from pages.components.live import REFRESH, versioned
from pages.components.rows import small
from pages.components.transfer import carried_table, chosen_matrix, features_card, matrix_card, near_card
from pages.components.workspace import escaped, shown_errors, workspace

NEAR_CARDS = 3  # in a row, the map among them
NOTHING = "**Nothing to compare yet.** Transfer shows what a study took over from other datasets."


def main() -> None:
    """Choose a study, then follow it."""
    parts = frame("Transfer")
    with shown_errors():
        study = chosen_study(parts, "Transfer", "transfer_study")
        if study is None:
            no_study(NOTHING)
        else:
            _body(study.id)


@st.fragment(run_every=REFRESH)
def _body(study_id: int) -> None:
    """Live: computed again only when something in the home moved; charts follow a switch of theme."""
    with shown_errors():
        parts = workspace()
        newest = [event.id for event in parts.store.events.newest(1)]
        study = parts.store.studies.get(study_id)
        backbone = chosen_matrix(study)
        version = (newest, parts.store.index.version(), backbone)
        view = versioned(f"transfer {study_id}", version, lambda: transfer(parts, study, backbone))
        _figures(view)
        _nearest(view)
        if view.matrix.backbones:
            left, right = st.columns(2, gap="medium")
            with left:
                matrix_card(view.study, view.matrix)
            with right:
                carried_table(view)
        else:
            carried_table(view)


def _figures(view: Transfer) -> None:
    tested = [each.held for each in view.carried if each.held is not None]
    nearest = view.nearest[0] if view.nearest else None
    with st.container(border=True), st.grid(4, min_column_width=140):
        st.metric("Lessons carried in", len(view.carried), delta_description=f"of {view.across} across datasets")
        st.metric(
            "Held here",
            f"{sum(tested)} of {len(tested)}" if tested else "–",
            delta_description="tested so far" if tested else "none tested yet",
        )
        st.metric("First better trial", _ordinal(view.first_better), delta_description=_control(view))
        st.metric(
            "Most like it",
            f"{nearest.likeness:.2f}" if nearest else "–",
            delta_description=nearest.dataset.name if nearest else "no other dataset",
        )


def _control(view: Transfer) -> str:
    """Beside the same study with memory off, where one was run."""
    if view.control is None:
        return "after the baseline"
    return f"{_ordinal(view.control_first_better)} without memory"


def _ordinal(number: int | None) -> str:
    if number is None:
        return "none yet"
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _nearest(view: Transfer) -> None:
    if view.notice:
        st.info(escaped(view.notice).replace("\\`", "`"), icon=":material/info:")
    if not view.nearest:
        with st.container(border=True):
            st.markdown(
                f"**{escaped(view.dataset.name)} is the only dataset here.** Lessons are carried between datasets: "
                "import a second one, and a study on it starts from what was learned."
            )
            import_link("Import a dataset")
        return
    st.subheader(f"Datasets most like {escaped(view.dataset.name)}", anchor=False)
    has_map = len(view.spots) > 1
    shown, further = view.nearest[: NEAR_CARDS - has_map], view.nearest[NEAR_CARDS - has_map :]
    is_alone = len(shown) == 1 and not has_map
    with st.grid(max(len(shown) + has_map, 2), min_column_width=260, gap="medium"):
        if has_map:
            map_card(view.dataset.name, view.spots)
        for near in shown:
            near_card(near, is_alone)
        if is_alone:
            features_card(shown[0])
    if further:
        small(f"Further away: {' · '.join(f'{escaped(near.dataset.name)} {near.likeness:.2f}' for near in further)}")


main()
