"""Datasets: what is here, how it is made, two of them side by side; and the way in for a file."""

import streamlit as st

from core.data.distributions import Distributions
from core.records import Dataset
from core.store.listings import DatasetLine
from core.views.dataset_card import dataset_card
from core.views.datasets import ORDERS, PAGE, compared, curves_of, plots, table_row
from core.views.versions import version_of
from core.workspace import Workspace
from pages.components.dataset_plots import legend, plot_card
from pages.components.frame import frame
from pages.components.histories import histories_card
from pages.components.import_form import IMPORT, TAB, import_form
from pages.components.imports import arrived, take_sample
from pages.components.live import REFRESH, forget, versioned
from pages.components.opener import opener
from pages.components.profile_card import profile_card
from pages.components.rows import head, page_title, small
from pages.components.transfer import near_card
from pages.components.workspace import escaped, shown_errors, workspace

LIBRARY = "Library"
_OPEN = "open_dataset"


def main() -> None:
    """The library with one dataset open, and the import."""
    parts = frame("Datasets")
    page_title("Datasets")
    if (fresh := arrived()) is not None:
        st.query_params["dataset"] = fresh
        st.session_state[TAB] = LIBRARY
    with shown_errors():
        library, bringing = st.tabs([LIBRARY, IMPORT], key=TAB, on_change="rerun", bind="query-params")
        with library:
            _library(parts)
        with bringing:
            if bringing.open:
                import_form(parts)


def _library(parts: Workspace) -> None:
    if not parts.store.listings.count_datasets():
        _empty()
        return
    shown = _list(parts)
    asked = st.query_params.get("dataset")
    if asked is None and not shown:
        return
    dataset = parts.store.datasets.get(asked if asked is not None else shown[0].id)
    _opened(parts, dataset)


def _empty() -> None:
    with st.container(border=True):
        st.markdown("**No dataset is here yet.** A study needs one: who interacted with what, in which order.")
        with st.container(horizontal=True):
            st.button(
                "Import a file", type="primary", icon=":material/upload:", key="empty_import", on_click=_show_import
            )
            st.button("Use the sample (synthetic)", key="empty_sample", on_click=_take_sample)


def _take_sample() -> None:
    """The tab of the import shows how far it is."""
    take_sample()
    _show_import()


def _show_import() -> None:
    st.session_state[TAB] = IMPORT


def _list(parts: Workspace) -> list[DatasetLine]:
    """Filter, order and page, in SQL; a click on a name opens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        contains = st.text_input(
            "Name contains", key="datasets_name", placeholder="name contains", label_visibility="collapsed", width=220
        )
        order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            key="datasets_order",
            label_visibility="collapsed",
            width=180,
        )
        total = parts.store.listings.count_datasets(contains.strip())
        pages = max(1, -(-total // PAGE))
        page = 0
        if pages > 1:
            page = int(st.number_input("Page", 1, pages, 1, key="datasets_page", width=120)) - 1
        small(f"{total} {'dataset' if total == 1 else 'datasets'}")
        lines = parts.store.listings.datasets(PAGE, page * PAGE, contains.strip(), order)
        if lines:
            opener("dataset", {line.id: line.name for line in lines}, _go, "datasets_opener")
    if lines:
        _table(lines)
    return lines


def _table(lines: list[DatasetLine]) -> None:
    columns = st.column_config
    counts = {name: columns.NumberColumn(format="localized") for name in ("users", "items", "events")}
    name = columns.ButtonColumn(
        pinned=True, alignment="left", type="tertiary", on_click=_open, args=(tuple(lines),), key=_OPEN
    )
    st.dataframe(
        [table_row(line) for line in lines],
        hide_index=True,
        key="datasets_table",
        alt="Datasets with their users, items, events, studies and warnings",
        column_config={"dataset": name, **counts},
    )


def _open(lines: tuple[DatasetLine, ...]) -> None:
    _go(lines[st.session_state[_OPEN]["row"]].id)


def _go(dataset_id: str) -> None:
    st.query_params["dataset"] = dataset_id


def _opened(parts: Workspace, dataset: Dataset) -> None:
    others = {each.id: each.name for each in parts.store.listings.datasets(200) if each.id != dataset.id}
    with head(escaped(dataset.name), "dataset-head"):
        other = st.selectbox(
            "Compare with",
            [None, *others],
            format_func=lambda id: others[id] if id else "compare with …",
            placeholder="compare with …",
            key="datasets_compare",
            label_visibility="collapsed",
            width=220,
            disabled=not others,
        )
        query = {"dataset": dataset.id}
        st.page_link("pages/new_study.py", label="Use it for a study", icon=":material/add_circle:", query_params=query)
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        with st.container(border=True):
            if version := version_of(parts.store, dataset):
                st.markdown(f":material/history: {escaped(version)}")
            profile_card(dataset_card(dataset), f"card_{dataset.id}")
        histories_card(dataset)
    with right:
        _distributed(dataset.id, other)


@st.fragment(run_every=REFRESH)
def _distributed(dataset_id: str, other_id: str | None) -> None:
    """The plots; they follow a switch of theme, and arrive when a first measurement is done."""
    with shown_errors():
        parts = workspace()
        dataset = parts.store.datasets.get(dataset_id)
        other = parts.store.datasets.get(other_id) if other_id else None
        with st.container(border=True, key="distributed"):
            st.subheader("How it is distributed", anchor=False)
            legend([dataset.name, *([other.name] if other else [])])
            measured = _curves(dataset)
            beside = _curves(other) if other else None
            if measured is not None:
                pair = (other, beside) if other is not None and beside is not None else None
                with st.grid(2, min_column_width=230, gap="medium"):
                    for plot in plots(dataset, measured, pair):
                        plot_card(plot, f"{dataset.id}-{other_id}")
            small("Measured on the training part alone; the sealed test cannot reach a plot.")
        if other is not None:
            near_card(versioned(f"near {dataset_id}", other_id, lambda: compared(dataset, other)))


def _curves(dataset: Dataset) -> Distributions | None:
    found = versioned(f"curves {dataset.id}", 1, lambda: curves_of(workspace().settings, dataset))
    if isinstance(found, Distributions):
        return found
    forget(f"curves {dataset.id}")
    small(f":material/hourglass_empty: The events of {escaped(dataset.name)} are being counted; once, then it is kept.")
    return None


main()
