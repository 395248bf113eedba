"""Imports under way, beside whatever page is looked at: started, followed, and what came of those of this browser."""

from pathlib import Path

import streamlit as st

from core.tasks import Work, tasks_of
from core.views.importing import LEVELS, finding_rows
from pages.components.workspace import actor, escaped, say, workspace

PREFIX = "import "
TICK = 0.5
# In the session: the file that the form names and the one imported last; the files under way by their tasks' keys, what
# just came of one, and the errors that others ended with.
SHOWN, DONE = "import shown", "import done"
OWN, ARRIVED, FAILED = "import own", "import arrived", "import failed"


def start_import(name: str, source: Path | None, work: Work) -> None:
    """Import in the background; this browser is told of it, and what failed before has been read."""
    key, state = f"{PREFIX}{name}", st.session_state
    tasks_of(workspace().settings.home).start(key, work)
    state[OWN] = {**state.get(OWN, {}), key: source}
    state[FAILED] = []


def take_sample() -> None:
    """Bring the embedded sample in, as a task like every import."""
    parts, who = workspace(), actor()
    start_import("sample", None, lambda task: parts.intake.sample(who))


def is_taken(source: Path) -> bool:
    """Whether it was imported last, or is being imported."""
    state = st.session_state
    return source == state.get(DONE) or source in state.get(OWN, {}).values()


def arrived() -> str | None:
    """The dataset that this browser's import has just brought, once; None too where the form names a next file already.

    Nothing in the form is emptied: what somebody types in the meantime stays.
    """
    state = st.session_state
    dataset, source = state.pop(ARRIVED, (None, None))
    if dataset is None:
        return None
    say("The dataset is here.", icon=":material/check_circle:")
    state[DONE] = source or state.get(DONE)
    return dataset if state.get(SHOWN) in (None, state[DONE]) else None


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
