"""When the first verdict is to be expected: measured by a short probe beside the pages, told live."""

from functools import partial

import streamlit as st

from core.records import Dataset
from core.settings import Settings
from core.studies.probe import known, measure
from core.tasks import Task, tasks_of
from core.views.new_study import AUTOMATIC_EVENTS, Answers, is_training, outlook_view
from core.workspace import Workspace
from pages.components.live import REFRESH
from pages.components.workspace import escaped, shown_errors, workspace

PREFIX = "probe "


def stop_measuring(dataset: str, backbone: str) -> None:
    """A study is about to need the machine."""
    task = tasks_of(workspace().settings.home).get(_key(dataset, backbone))
    if task is not None:
        task.stop()


@st.fragment(run_every=REFRESH)
def outlook_card(dataset: Dataset, answers: Answers) -> None:
    """The forecast, a measurement under way, or the way to one."""
    backbone = answers.backbone
    with shown_errors():
        parts = workspace()
        tasks = tasks_of(parts.settings.home)
        task, timing = tasks.get(_key(dataset.id, backbone)), known(parts.settings, dataset, backbone)
        if task is not None and not task.is_over:
            return _under_way(task)
        if timing is None:
            return _without(parts, dataset, backbone, task)
        view = outlook_view(timing, answers, parts.settings.concurrency)
        with st.grid(3, min_column_width=110):
            for label, likely, most in view.rows:
                st.metric(label, likely, delta_description=most)
        if view.hint:
            st.markdown(f":small[:blue[:material/lightbulb:] {escaped(view.hint)}.]")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":small[:gray[{escaped(view.basis)}; time to decide comes on top]]", width="content")
            st.button(
                "Measure again",
                type="tertiary",
                icon=":material/refresh:",
                key="probe_again",
                on_click=_start,
                args=(dataset, backbone),
            )
    return None


def _under_way(task: Task) -> None:
    st.progress(task.share, f"Measuring an epoch: {task.stage}")
    st.markdown(":small[:gray[You need not wait for it: starting the study ends the measurement.]]")


def _without(parts: Workspace, dataset: Dataset, backbone: str, task: Task | None) -> None:
    if task is not None and task.error is not None:
        st.markdown(f":orange[:material/warning:] {escaped(str(task.error))}")
    elif task is None and _may_begin(parts, dataset):
        _start(dataset, backbone)
        st.markdown(":gray[Measuring an epoch to tell when the first verdict comes.]")
        return
    else:
        st.markdown(":gray[Two epochs with the default config tell when the first verdict comes.]")
    st.button(
        "Measure",
        icon=":material/timer:",
        key="probe_start",
        on_click=_start,
        args=(dataset, backbone),
        width="content",
    )


def _may_begin(parts: Workspace, dataset: Dataset) -> bool:
    """By itself only where it is short and takes nothing from a run."""
    is_small = int(dataset.card["counts"].get("interactions", 0)) <= AUTOMATIC_EVENTS
    return is_small and not is_training(parts.store) and not tasks_of(parts.settings.home).running(PREFIX)


def _start(dataset: Dataset, backbone: str) -> None:
    settings = workspace().settings
    tasks_of(settings.home).start(_key(dataset.id, backbone), partial(_measure, settings, dataset, backbone))


def _measure(settings: Settings, dataset: Dataset, backbone: str, task: Task) -> object:
    return measure(settings, dataset, backbone, task.tell, lambda: task.is_stopping)


def _key(dataset: str, backbone: str) -> str:
    return f"{PREFIX}{dataset} {backbone}"
