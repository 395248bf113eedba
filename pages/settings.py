"""Settings: the language model and what leaves for it, the machine, the disk, a backup. Nothing secret is shown."""

from functools import partial
from pathlib import Path

import streamlit as st

from core.agents.llm.trying import Tried, try_model
from core.disk import disk_free, free
from core.figures import size
from core.store.backup import backup
from core.tasks import Task, tasks_of
from core.views.settings import (
    LEAVES,
    STAYS,
    Row,
    Storage,
    agents,
    machine_rows,
    model_state,
    place_row,
    storage,
    variable,
    versions,
)
from core.workspace import Workspace
from pages.components import dialogs
from pages.components.frame import frame
from pages.components.live import REFRESH
from pages.components.rows import head, page_title, small
from pages.components.workspace import escaped, say, shown_errors, workspace

TEST, STORAGE, BACKUP = "test of the language model", "what takes space", "backup"


def main() -> None:
    """Four cards; what takes time runs beside the page."""
    parts = frame("Settings")
    with st.container(horizontal=True, vertical_alignment="center"):
        page_title("Settings")
        small("Set by variables of the environment, read when the program starts.")
    with shown_errors():
        left, right = st.columns(2, gap="medium")
        with left:
            _model(parts)
            _leaves(parts)
        with right:
            _machine(parts)
            _disk()
            _backup(parts)


def _model(parts: Workspace) -> None:
    state = model_state(parts.settings)
    with st.container(border=True, key="model-settings"):
        with head("Language model", "model-settings-head"):
            st.button(
                "Test the connection",
                icon=":material/network_check:",
                key="test_model",
                on_click=_test,
                disabled=not parts.settings.model,
            )
        _rows(state.rows)
        if state.missing:
            st.markdown(f":orange[:material/info:] {escaped(state.missing)}")
        _tested()
        with st.expander("Agents a study can be given", key="agents"):
            for name, words in agents():
                st.markdown(f"`{name}` &nbsp; {escaped(words)}")


def _rows(rows: tuple[Row, ...]) -> None:
    table = {
        "": [row.name for row in rows],
        "now": [escaped(row.value) for row in rows],
        "set by": [f":small[`{variable(row)}`]" if row.variable else "" for row in rows],
    }
    st.table(table, border="horizontal", hide_index=True)


def _test() -> None:
    settings = workspace().settings
    tasks_of(settings.home).start(TEST, lambda task: try_model(settings))


@st.fragment(run_every=REFRESH)
def _tested() -> None:
    """What came of the newest test, by whoever asked for it."""
    task: Task | None = tasks_of(workspace().settings.home).get(TEST)
    if task is None:
        return
    if not task.is_over:
        small(":material/hourglass_empty: One small question is on its way; it carries no data of any study.")
    elif task.error is not None:
        st.error(escaped(str(task.error)), icon=":material/error:")
    else:
        _told(task.result)


def _told(tried: Tried) -> None:
    tokens = "" if tried.tokens is None else f", {tried.tokens} tokens"
    if tried.answered:
        st.success(f"It answered “{escaped(tried.says)}” in {tried.seconds:.1f} s{tokens}.", icon=":material/check:")
    else:
        st.error(f"No answer: {escaped(tried.says)}", icon=":material/error:")


def _leaves(parts: Workspace) -> None:
    with st.container(border=True, key="what-leaves"):
        st.subheader("What leaves this machine", anchor=False)
        where = escaped(parts.settings.model.partition(":")[0]) if parts.settings.model else "a provider"
        st.markdown(
            "Nothing, with the built-in expert and the samplers. A study given to the language model sends "
            f"**{where}**, for each proposal and reflection:"
        )
        st.markdown("\n".join(f"- {each}" for each in LEAVES))
        st.markdown("What never leaves:")
        st.markdown("\n".join(f"- {each}" for each in STAYS))
        small("Each call is kept whole with its trial, under “Model”. No statistics are sent to anyone.")


def _machine(parts: Workspace) -> None:
    with st.container(border=True, key="machine"):
        st.subheader("This installation", anchor=False)
        _rows(machine_rows(parts))
        small(versions())


@st.fragment(run_every=REFRESH)
def _disk() -> None:
    """Measured beside the page: a home may hold many files."""
    parts = workspace()
    tasks = tasks_of(parts.settings.home)
    with st.container(border=True, key="disk"):
        with head("Disk", "disk-head"):
            st.button("Measure again", icon=":material/refresh:", key="measure", on_click=_measure_again)
        task = tasks.get(STORAGE) or _measure()
        if task.wait(0.5) and task.error is None:
            _taken(task.result)
        elif task.is_over:
            st.error(escaped(str(task.error)), icon=":material/error:")
        else:
            small(":material/hourglass_empty: being measured")


def _measure() -> Task:
    parts = workspace()
    work = partial(storage, parts.store, parts.settings, disk_free(parts.settings))
    return tasks_of(parts.settings.home).start(STORAGE, lambda task: work())


def _measure_again() -> None:
    _measure()


def _taken(seen: Storage) -> None:
    st.markdown(f"**{size(seen.total)}** taken :small[:gray[· {size(seen.free)} free on the disk]]")
    rows = [place_row(place) for place in seen.places]
    right = st.column_config.TextColumn(alignment="right")
    columns = {"takes": right, "of it weights": right}
    st.dataframe(rows, hide_index=True, width="stretch", height=210, column_config=columns, alt="what takes space")
    if not seen.removable:
        small("Nothing can go: weights of ended studies' losing trials and folders without a row are gone already.")
        return
    if st.button(f"Free {size(seen.to_gain)}", key="free_space", icon=":material/cleaning_services:"):
        _free_dialog(seen)


@dialogs.dialog("Free space")
def _free_dialog(seen: Storage) -> None:
    st.markdown(
        f"**{size(seen.to_gain)}** in {len(seen.removable)} places go for good. The weights of baselines, current "
        "bests, recommended and production trials stay, and so do all figures."
    )
    rows = [{"what": each.what, "takes": size(each.size)} for each in seen.removable]
    st.dataframe(rows, hide_index=True, height=200, alt="what would go")
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button("Free it", key="free_go", type="primary", on_click=_free, args=(seen,))
        st.button("Back", key="free_back", on_click=dialogs.close)


def _free(seen: Storage) -> None:
    with dialogs.acting():
        parts = workspace()
        gone = free(parts.store, parts.settings, seen.removable, dry_run=False)
        tasks_of(parts.settings.home).forget(STORAGE)
        say(f"{size(sum(each.size for each in gone))} freed.", icon=":material/check:")


def _backup(parts: Workspace) -> None:
    with st.container(border=True, key="backup"):
        st.subheader("Backup", anchor=False)
        st.text_input(
            "File to write on the server",
            value=str(Path.home() / "virtualmle-backup.tar.gz"),
            key="backup_path",
            max_chars=1000,
            help="everything: database, datasets, artifacts; others may go on working meanwhile",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Write the backup", key="backup_go", icon=":material/archive:", on_click=_write)
            st.toggle("with weights", True, key="backup_weights")
        _written()
        small("`python -m core restore FILE` brings it back, into a new home.")


def _write() -> None:
    parts, state = workspace(), st.session_state
    target, weights = Path(str(state.get("backup_path", ""))), bool(state.get("backup_weights", True))
    work = partial(backup, parts.store, parts.settings.home, target, weights)
    tasks_of(parts.settings.home).start(BACKUP, lambda task: work())


@st.fragment(run_every=REFRESH)
def _written() -> None:
    task = tasks_of(workspace().settings.home).get(BACKUP)
    if task is None:
        return
    if not task.is_over:
        small(":material/hourglass_empty: being written")
    elif task.error is not None:
        st.error(escaped(str(task.error)), icon=":material/error:")
    else:
        st.success(f"Written: {escaped(str(task.result.path))}, {size(task.result.size)}.", icon=":material/check:")


main()
