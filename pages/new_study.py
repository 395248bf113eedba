"""New study: choose the data, say what is wanted, start; beside it what is known of the data and what to expect."""

import streamlit as st

from core.records import Dataset
from core.space import SearchSpace
from core.studies.starting import start_study
from core.views.dataset_card import dataset_card, dataset_rows
from core.views.new_study import DEFAULT, plan_of
from core.views.problems import EXPECTED
from core.views.space_choices import Built
from core.workspace import Workspace
from pages.components.frame import frame
from pages.components.import_form import IMPORT, import_form
from pages.components.imports import arrived, take_sample
from pages.components.offered import offered_card
from pages.components.outlook_card import outlook_card, stop_measuring
from pages.components.plan_form import (
    agent_choices,
    answers,
    caps,
    chosen_backbone,
    further_choices,
    gates,
    held,
    main_choices,
    rules,
)
from pages.components.profile_card import profile_card
from pages.components.rows import page_title, small
from pages.components.space_form import built_space, space_form
from pages.components.workspace import actor, escaped, shown_errors, wake_worker, workspace

STUDY = "Study"


def page() -> None:
    """Two tabs: the study's form, and the import that ends in it."""
    parts = frame("New study")
    page_title("New study")
    if (study := st.session_state.pop("study started", None)) is not None:
        st.switch_page("pages/study.py", query_params={"study": str(study)})
    if (dataset := arrived()) is not None:
        _choose(dataset)
    with shown_errors():
        datasets = parts.store.datasets.all()
        study_tab, import_tab = st.tabs([STUDY, IMPORT], key="new_tab", on_change="rerun")
        with study_tab:
            if datasets:
                _study(parts, datasets)
            else:
                _empty()
        with import_tab:
            import_form(parts)


def _choose(dataset: str) -> None:
    st.session_state["plan_dataset"] = dataset
    st.session_state["new_tab"] = STUDY


def _show_import() -> None:
    st.session_state["new_tab"] = IMPORT


def _empty() -> None:
    with st.container(border=True):
        st.markdown("**No dataset is here yet.** A study needs one: who interacted with what, in which order.")
        with st.container(horizontal=True):
            st.button(
                "Import a file", type="primary", icon=":material/upload:", key="empty_import", on_click=_show_import
            )
            st.button("Use the sample (synthetic)", key="empty_sample", on_click=take_sample)


def _study(parts: Workspace, datasets: list[Dataset]) -> None:
    """What is chosen, with the start, at the left and first on a phone; what is known of it at the right."""
    chosen, known = st.columns([1, 1.1], gap="medium")
    with chosen, st.container(border=True):
        dataset = _data(datasets)
        main_choices()
        scope, start = chosen_backbone(), SearchSpace.of(chosen_backbone())
        built = built_space(scope, start)
        start_row = st.container(key="start_row")
    with chosen:
        _advanced()
    with start_row:  # drawn last: it speaks of every choice
        _start_row(dataset, built)
    with known:
        with st.container(border=True):
            profile_card(dataset_card(dataset), "study_card")
        with st.container(border=True):
            st.markdown("**What to expect**")
            outlook_card(dataset, answers(dataset.id, built.space))
        offered_card(parts, dataset, built.space)
    space = st.expander("Search space", key="advanced_space", icon=":material/tune:", on_change="rerun")
    if space.open:  # three quarters of the page: drawn for those who look at it
        with space:
            space_form(scope, start, built)


def _data(datasets: list[Dataset]) -> Dataset:
    labels = {row.id: row.label for row in dataset_rows(datasets)}
    linked = st.query_params.get("dataset")
    if "plan_dataset" not in st.session_state and linked in labels:
        st.session_state["plan_dataset"] = linked
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        chosen = st.selectbox("Dataset", list(labels), format_func=labels.__getitem__, key="plan_dataset")
        st.button("Import", icon=":material/upload:", key="show_import", on_click=_show_import)
    return next(each for each in datasets if each.id == chosen)


def _start_row(dataset: Dataset, built: Built) -> None:
    fault = _fault(dataset, built)
    if fault:
        st.error(escaped(fault), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Start the study",
            type="primary",
            icon=":material/play_arrow:",
            key="start_study",
            on_click=_start,
            args=(dataset,),
            disabled=bool(fault),
        )
        seeds = ", ".join(str(held("seed", DEFAULT.seed) + n) for n in range(3))
        small(f"approves its baseline, seeds {seeds} · {escaped(built.headline)}")
    if problem := st.session_state.pop("start problem", None):
        st.error(escaped(problem), icon=":material/error:")


def _fault(dataset: Dataset, built: Built) -> str:
    if built.faults:
        return "Search space: " + "; ".join(built.faults.values())
    try:
        plan_of(answers(dataset.id, built.space))
    except EXPECTED as problem:
        return str(problem)
    return ""


def _start(dataset: Dataset) -> None:
    try:
        plan = plan_of(answers(dataset.id, built_space(chosen_backbone(), SearchSpace.of(chosen_backbone())).space))
        study = start_study(workspace().store, plan, actor(), workspace().settings.model)
    except EXPECTED as problem:
        st.session_state["start problem"] = str(problem)
        return
    stop_measuring(dataset.id, plan.backbone)
    wake_worker()
    st.session_state["study started"] = study.id


def _advanced() -> None:
    gates()
    with st.expander("Agent, memory, instructions", key="advanced_agent", icon=":material/psychology:"):
        agent_choices()
    with st.expander("Smallest gain and guards", key="advanced_rules", icon=":material/rule:"):
        rules()
    with st.expander("Caps on training and language model", key="advanced_caps", icon=":material/speed:"):
        caps()
    with st.expander("Name, seed, config in production", key="advanced_more", icon=":material/more_horiz:"):
        further_choices()


page()
