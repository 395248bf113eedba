"""The reference lines of a study's dataset: known, being counted beside the pages, or the way to them."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.models.reference_lines import count_lines, known_lines, labelled
from core.records import Dataset, Study
from core.tasks import Task, tasks_of
from core.views.new_study import AUTOMATIC_EVENTS, is_training
from core.worker.processes import run_once
from core.workspace import Workspace
from pages.components.rows import small
from pages.components.workspace import escaped, workspace

PREFIX = "references "
References = Sequence[tuple[str, float]]  # a reference line's name and value


def references_of(parts: Workspace, study: Study) -> tuple[tuple[str, float], ...]:
    """Name and value of each line under the study's own protocol; empty before they were counted."""
    dataset = parts.store.datasets.get(study.dataset_id)
    return labelled(known_lines(parts.settings, dataset, study.masking), study.objective)


def references_line(study: Study) -> None:
    """Nothing once they are known; else what is done about it. Small data is counted unasked while nothing trains."""
    parts = workspace()
    dataset = parts.store.datasets.get(study.dataset_id)
    if known_lines(parts.settings, dataset, study.masking) is not None:
        return
    tasks = tasks_of(parts.settings.home)
    task = tasks.get(_key(dataset, study.masking))
    if task is not None and not task.is_over:
        small(":material/hourglass_empty: Popularity, Markov and co-occurrence are being counted for comparison.")
        return
    if task is not None and task.error is not None:
        st.markdown(f":orange[:material/warning:] {escaped(str(task.error))}")
    elif _may_begin(parts, dataset):
        _start(dataset, study.masking)
        return
    st.button(
        "Count popularity, Markov and co-occurrence",
        icon=":material/show_chart:",
        key="references_start",
        on_click=_start,
        args=(dataset, study.masking),
        help="the lines any model should beat, on the same validation targets",
    )


def _may_begin(parts: Workspace, dataset: Dataset) -> bool:
    is_small = int(dataset.card["counts"].get("interactions", AUTOMATIC_EVENTS + 1)) <= AUTOMATIC_EVENTS
    return is_small and not is_training(parts.store) and not tasks_of(parts.settings.home).running(PREFIX)


def _start(dataset: Dataset, masking: str) -> None:
    tasks_of(workspace().settings.home).start(_key(dataset, masking), partial(_count, workspace(), dataset, masking))


def _count(parts: Workspace, dataset: Dataset, masking: str, task: Task) -> object:
    """In a thread that waits for the scoring process; torch stays out of the dashboard's."""
    return count_lines(partial(run_once, settings=parts.settings), parts.settings, dataset, masking)


def _key(dataset: Dataset, masking: str) -> str:
    return f"{PREFIX}{dataset.id} {masking}"
