"""The frame around every page: its configuration, the menu with what waits, the worker, and who decides."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.views.glossary import glossary
from core.views.problems import EXPECTED
from core.views.working import WorkerLine, worker_line
from core.workspace import Workspace
from pages.components import dialogs
from pages.components.live import REFRESH
from pages.components.who import who
from pages.components.workspace import escaped, shown_errors, wake_worker, workspace

ROOT = Path(__file__).resolve().parents[2]
ICON = ROOT / "static" / "icon.svg"  # a local file: a material icon would be fetched from outside
LOGO = ROOT / "static" / "logo.svg"
LEGIBLE = Path(__file__).with_name("legible.css")  # the only style of our own; it says why
SIDEBAR = 208  # px


@dataclass(frozen=True)
class Entry:
    """A page in the menu."""

    script: str
    label: str
    icon: str


INBOX = "pages/inbox.py"
MENU = (
    Entry("app.py", "Overview", ":material/dashboard:"),
    Entry(INBOX, "Inbox", ":material/inbox:"),
    Entry("pages/new_study.py", "New study", ":material/add_circle:"),
    Entry("pages/study.py", "Study", ":material/science:"),
    Entry("pages/compare.py", "Compare", ":material/compare:"),
    Entry("pages/insight.py", "Insight", ":material/insights:"),
    Entry("pages/memory.py", "Memory", ":material/psychology:"),
    Entry("pages/transfer.py", "Transfer", ":material/swap_horiz:"),
    Entry("pages/datasets.py", "Datasets", ":material/database:"),
    Entry("pages/models.py", "Models", ":material/deployed_code:"),
    Entry("pages/settings.py", "Settings", ":material/settings:"),
)


def frame(title: str, icon: Path = ICON) -> Workspace:
    """Open a page: call it first. Stops the script with the reason when the home cannot be opened."""
    st.set_page_config(f"{title} · VirtualMLE", str(icon), layout="wide", initial_sidebar_state=SIDEBAR)
    st.html(LEGIBLE)
    st.logo(str(LOGO), size="medium", icon_image=str(ICON))
    try:
        opened = workspace()
    except EXPECTED as problem:
        st.error(escaped(str(problem)), icon=":material/error:")
        st.stop()
    with st.sidebar:
        _menu()
        who()
        st.markdown(":small[:gray[Words used here]]", help=glossary())
    with shown_errors():
        dialogs.show()
    return opened


@st.fragment(run_every=REFRESH)
def _menu() -> None:
    with shown_errors():
        parts = workspace()
        waiting = parts.store.listings.count_waiting()
        with st.container(gap="xsmall"):
            for entry in MENU:
                if (ROOT / entry.script).exists():
                    count = f" · {waiting}" if entry.script == INBOX and waiting else ""
                    st.page_link(entry.script, label=entry.label + count, icon=entry.icon, width="stretch")
        st.divider()
        _worker(worker_line(parts.store, parts.clock))


def _worker(line: WorkerLine) -> None:
    if line.is_alive:
        st.markdown(f":small[:green[:material/check_circle:] Worker running]  \n:small[:gray[{escaped(line.doing)}]]")
        return
    wait = f"  \n:small[:gray[{line.queued} {'run waits' if line.queued == 1 else 'runs wait'} for it]]"
    st.markdown(f":small[:gray[:material/cancel:] Worker not running]{wait if line.queued else ''}")
    st.button("Start worker", icon=":material/play_arrow:", key="start_worker", on_click=wake_worker)
