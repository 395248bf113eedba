"""Imports under way, beside whatever page is looked at: started, followed, and what came of those of this browser."""

import streamlit as st

from core.tasks import Work, tasks_of
from core.views.importing import LEVELS, finding_rows
from pages.components.workspace import actor, escaped, say, workspace

PREFIX = "import "
TICK = 0.5
KIND, UPLOAD, PATH = "import_from", "Upload", "Path on the server"  # the choice in the form, and its answers
FILE, TEXT = "import_file", "import_path"  # the fields of the form for either
# In the session: what the import named that was done last; what those under way named, by the keys of their tasks; what
# just came of one, and the errors that others ended with.
DONE, OWN, ARRIVED, FAILED = "import done", "import own", "import arrived", "import failed"


def named() -> str | None:
    """What the form names, as it stands before it is drawn: a path as typed, or the id of an upload."""
    state = st.session_state
    if state.get(KIND, UPLOAD) == PATH:
        return str(state.get(TEXT, "")).strip() or None
    return getattr(state.get(FILE), "file_id", None)


def start_import(name: str, source: str | None, work: Work) -> None:
    """Import in the background; this browser is told of it, and what failed before has been read."""
    key, state = f"{PREFIX}{name}", st.session_state
    tasks_of(workspace().settings.home).start(key, work)
    state[OWN] = {**state.get(OWN, {}), key: source}
    state[FAILED] = []


def take_sample() -> None:
    """Bring the embedded sample in, as a task like every import."""
    parts, who = workspace(), actor()
    start_import("sample", None, lambda task: parts.intake.sample(who))


def is_done(source: str | None) -> bool:
    """Whether it was imported last."""
    return source is not None and source == st.session_state.get(DONE)


def is_going(source: str | None) -> bool:
    """Whether this browser imports it now."""
    return source is not None and source in st.session_state.get(OWN, {}).values()


def arrived() -> str | None:
    """The dataset that this browser's import has just brought, once; None too where the form names a next file already.

    Nothing in the form is emptied: what somebody types in the meantime stays.
    """
    state, now = st.session_state, named()
    dataset, source = state.pop(ARRIVED, (None, None))
    if dataset is None:
        return None
    say("The dataset is here.", icon=":material/check_circle:")
    state[DONE] = source or state.get(DONE)
    return dataset if now is None or is_done(now) else None


@st.fragment(run_every=TICK)
def imports_under_way() -> None:
    """Every import of this server under way, and what came of this browser's own."""
    state, tasks = st.session_state, tasks_of(workspace().settings.home)
    for task in tasks.running(PREFIX):
        st.progress(task.share, f"Importing {escaped(task.key.removeprefix(PREFIX))}: {task.stage}")
    for problem in state.get(FAILED, []):
        import_problem(problem)
    for key, source in list(state.get(OWN, {}).items()):
        own = tasks.get(key)
        if own is not None and not own.is_over:
            continue
        del state[OWN][key]
        if own is not None and own.error is not None:
            state[FAILED] = [*state.get(FAILED, []), own.error]
        elif own is not None:
            state[ARRIVED] = own.result.id, source
        st.rerun(scope="app")  # once: the form and the list of datasets are outside this fragment


def import_problem(problem: Exception) -> None:
    """Why there is no dataset, and what was found in the file."""
    st.error(escaped(str(problem)), icon=":material/error:")
    findings(finding_rows(getattr(problem, "findings", ())))


def findings(found: tuple[tuple[str, str], ...]) -> None:
    """What the checks of a file found, most of them in its rows."""
    icons = {"error": "error", "warning": "warning", "info": "info"}
    for level, message in found:
        st.markdown(f":{LEVELS[level]}[:material/{icons[level]}:] {escaped(message)}")
