"""The program behind the pages: the one cached resource, who decides, the worker, and errors as sentences."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

from core.settings import Settings
from core.views.problems import EXPECTED
from core.views.working import worker_line
from core.worker.launch import ensure_worker
from core.workspace import Workspace

_WHO = "who decides"


@st.cache_resource(show_spinner=False)
def workspace() -> Workspace:
    """The home of this server, opened once; the vector index is only read. Raises StorageFailed, NewerSchema."""
    return Workspace.open(Settings.from_environment(), read_only=True)


def actor() -> str:
    """The name that stands on decisions in this browser session; the sidebar changes it."""
    return str(st.session_state.get(_WHO) or _user())


def set_actor(name: str) -> None:
    """Decide under this name from now on; blank is the user of the operating system again."""
    st.session_state[_WHO] = name.strip()[:80]


@contextmanager
def shown_errors() -> Iterator[None]:
    """Tell an expected error as its own sentence (cause and way out), and go on without what failed.

    In the body of a page it stands in place; in a callback, which has no place, it is a toast that stays until closed.
    """
    try:
        yield
    except EXPECTED as problem:
        if ThreadState.get().run_location is RunLocation.CALLBACK:
            st.toast(escaped(str(problem)), icon=":material/error:", duration="infinite")
        else:
            st.error(escaped(str(problem)), icon=":material/error:")


def escaped(text: str) -> str:
    """Foreign text (names, claims, causes) as plain text inside Markdown."""
    return "".join(f"\\{letter}" if letter in _MARKUP else letter for letter in text)


def worker_alive() -> bool:
    """Whether a worker gives signs of life."""
    parts = workspace()
    return worker_line(parts.store, parts.clock).is_alive


def wake_worker() -> None:
    """Start a worker unless one lives, for use as a callback; tells what came of it."""
    with shown_errors():
        if ensure_worker(workspace().settings):
            st.toast("The worker runs.", icon=":material/check_circle:")


_MARKUP = frozenset("\\`*_{}[]<>#|$~:")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user database, as in some containers
        return "person"
