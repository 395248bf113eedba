"""The program behind the pages: the one cached resource, who decides, the worker, and errors as sentences."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal
from urllib.parse import unquote

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

from core.errors import InvalidInput
from core.settings import Settings
from core.views.moments import in_zone, zone_named
from core.views.problems import EXPECTED
from core.views.working import worker_line
from core.worker.launch import ensure_worker
from core.workspace import Workspace

_WHO = "who decides"
ACTING, SAID = "a dialog acts", "said by a dialog's act"  # of the session, for dialogs.py
COOKIE = "virtualmle_name"
LONGEST_NAME = 80


@st.cache_resource(show_spinner=False)
def workspace() -> Workspace:
    """The home of this server, opened once; the vector index is only read. Raises StorageFailed, NewerSchema."""
    return Workspace.open(Settings.from_environment(), read_only=True)


def actor() -> str:
    """The name that stands on decisions: the one given in this browser, else the user of the operating system."""
    return given_name() or _user()


def given_name() -> str:
    """The name given in this browser, now or before a reload; empty where none was."""
    name = told_name()
    if name is not None:
        return name
    kept = st.context.cookies.get(COOKIE)
    return unquote(kept).strip()[:LONGEST_NAME] if isinstance(kept, str) else ""


def told_name() -> str | None:
    """The name given since this page was loaded; blank where it was taken back, None where the field was left alone."""
    name = st.session_state.get(_WHO)
    return None if name is None else str(name)


def set_actor(name: str) -> None:
    """Decide under this name from now on; blank is the user of the operating system again."""
    st.session_state[_WHO] = name.strip()[:LONGEST_NAME]


def signature() -> str:
    """The name that goes on a decision. Raises InvalidInput where others reach the program and none was given: alone
    on loopback the user of the operating system is known, and one click stays enough."""
    if workspace().settings.serves_others and not given_name():
        raise InvalidInput("a decision is on the record: give your name first, under the menu")
    return actor()


@contextmanager
def shown_errors() -> Iterator[None]:
    """Tell an expected error as its own sentence (cause and way out), and go on without what failed.

    In the body of a page it stands in place; in a callback, which has no place, it is a toast that stays until closed.
    """
    try:
        yield
    except EXPECTED as problem:
        if ThreadState.get().run_location is RunLocation.CALLBACK:
            say(escaped(told(problem)), ":material/error:", "infinite")
        else:
            st.error(escaped(told(problem)), icon=":material/error:")


def say(text: str, icon: str, duration: Literal["short", "infinite"] = "short") -> None:
    """For callbacks: a toast, at once; of a dialog's act, once the dialog has closed (pages/components/dialogs.py)."""
    toast = partial(st.toast, text, icon=icon, duration=duration)
    if st.session_state.get(ACTING):
        st.session_state.setdefault(SAID, []).append(toast)
    else:
        toast()


def told(problem: Exception) -> str:
    """An error's text, the time it names in the viewer's zone."""
    return in_zone(problem, workspace().clock.now(), zone_named(st.context.timezone))


def escaped(text: str) -> str:
    """Foreign text (names, claims, causes) as plain text inside Markdown; no line breaks between a number and its %."""
    marked = "".join(f"\\{letter}" if letter in _MARKUP else letter for letter in text)
    return marked.replace(" %", "\N{NO-BREAK SPACE}%")


def worker_alive() -> bool:
    """Whether a worker gives signs of life."""
    parts = workspace()
    return worker_line(parts.store, parts.clock).is_alive


def wake_worker() -> None:
    """Start a worker unless one lives, for use as a callback; tells what came of it."""
    with shown_errors():
        if ensure_worker(workspace().settings):
            say("The worker runs.", ":material/check_circle:")


_MARKUP = frozenset("\\`*_{}[]<>#|$~:")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user database, as in some containers
        return "person"
