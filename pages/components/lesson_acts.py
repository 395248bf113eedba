"""A person's acts on lessons as callbacks: what was seen goes along, and what became of it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.memory.records import Lesson, LessonRevision
from core.records import Trial
from core.views.lesson import restored_words, stale_words
from core.views.lessons import LEVEL_WORDS
from pages.components.workspace import actor, escaped, say, shown_errors, workspace

_TOLD = "memory told"
CHOSEN = "lesson"  # the query parameter
LEVEL = "memory level"  # the tab that is open
SEVERAL = "lessons"  # the one of several at once: 3,5,8


@dataclass(frozen=True)
class Told:
    """What an act did, shown beside its lesson until another is chosen; `stale` as (study, its name, number)."""

    lesson_id: int
    text: str
    stale: tuple[tuple[int, str, int], ...] = ()


def choose(lesson_id: int | None) -> None:
    """Show this lesson, in the address too; None for the first of the list."""
    st.session_state.pop(_TOLD, None)
    st.query_params.pop(SEVERAL, None)
    if lesson_id is None:
        st.query_params.pop(CHOSEN, None)
    else:
        st.query_params[CHOSEN] = str(lesson_id)


def choose_several(ids: tuple[int, ...]) -> None:
    """Choose these at once, in the address too; none yet is a choice as well."""
    choose(None)
    st.query_params[SEVERAL] = ",".join(str(id) for id in ids)


def chosen_several() -> tuple[int, ...] | None:
    """The lessons chosen at once; None while one looks at one. What is no number in the address is passed over."""
    if SEVERAL not in st.query_params:
        return None
    parts = st.query_params[SEVERAL].split(",")
    return tuple(dict.fromkeys(int(part) for part in parts if part.isdecimal() and len(part) < 10))


def tell(lesson: Lesson, text: str, stale: list[Trial] | None = None) -> None:
    """Keep what an act did for the next drawing, and keep its lesson in view."""
    choose(lesson.id)
    names = workspace().store.studies
    links = tuple((trial.study_id, names.get(trial.study_id).name, trial.number) for trial in stale or ())
    st.session_state[_TOLD] = Told(
        lesson.id, ". ".join(part for part in (text, stale_words(stale or [])) if part), links
    )


def show_told(lesson: Lesson) -> None:
    """What was done to this lesson last, with links to the proposals that became stale."""
    told = st.session_state.get(_TOLD)
    if not isinstance(told, Told) or told.lesson_id != lesson.id:
        return
    if not told.stale:
        st.success(escaped(told.text) + ".", icon=":material/check:")
        return
    st.warning(escaped(told.text) + ": look at it before you decide.", icon=":material/sync_problem:")
    for study_id, name, number in told.stale:
        query = {"study": str(study_id), "trial": str(number)}
        label = f"{escaped(name)} · trial {number}"
        st.page_link("pages/study.py", label=label, icon=":material/arrow_forward:", query_params=query)


def save(lesson: Lesson, changes: Mapping[str, Any], reason: str) -> None:
    """Write the next revision. Raises InvalidInput, Conflict: the form that asked for it stays and says why."""
    edited, stale = workspace().editing.edit(lesson, changes, actor(), reason)
    workspace().relations.relate([edited], actor())
    tell(edited, f"Revision {edited.revision} is saved", stale)


def pin(lesson: Lesson) -> None:
    """Pin, or unpin."""
    with shown_errors():
        pinned = workspace().editing.pin(lesson, not lesson.pinned, actor())
        word = "Pinned: the agent is always shown it, where it is in scope" if pinned.pinned else "No longer pinned"
        tell(pinned, word)


def lock(lesson: Lesson) -> None:
    """Lock, or unlock."""
    with shown_errors():
        held = workspace().editing.lock(lesson, not lesson.locked, actor())
        tell(held, "Locked: nobody changes it, the agent included" if held.locked else "Unlocked: it can be changed")


def undo(lesson: Lesson) -> None:
    """The revision before the newest one, as the newest."""
    with shown_errors():
        undone, stale = workspace().editing.undo(lesson, actor())
        what = restored_words(workspace().store, lesson, undone)
        tell(undone, f"Revision {lesson.revision} is undone (undo again and it is back): {what}", stale)


def move(lesson: Lesson, level: str) -> None:
    """To a wider or narrower level."""
    with shown_errors():
        moved, stale = workspace().editing.move_level(lesson, level, actor())
        workspace().relations.relate([moved], actor())
        tell(moved, f"Moved to “{LEVEL_WORDS[level]}”; applies where: {moved.conditions or 'everywhere'}", stale)
        st.session_state[LEVEL] = level


def set_status(lesson: Lesson, status: str) -> None:
    """Mute, archive, or use again."""
    words = {
        "muted": "Muted: kept, but shown to no agent",
        "archived": "Archived: out of sight, and shown to no agent",
        "active": "In use again",
    }
    with shown_errors():
        moved, stale = workspace().editing.set_status(lesson, status, actor())
        tell(moved, words[status], stale)


def restore(lesson: Lesson, revision: LessonRevision) -> None:
    """An old revision as the newest one, unless somebody edited since."""
    with shown_errors():
        restored, stale = workspace().editing.restore(lesson, revision.revision, actor())
        what = restored_words(workspace().store, lesson, restored)
        tell(restored, f"Revision {revision.revision} is revision {restored.revision} now: {what}", stale)


def delete(lesson: Lesson) -> None:
    """Delete an archived lesson for good."""
    with shown_errors():
        workspace().store.lessons.delete(lesson.id, actor())
        choose(None)
        say("The lesson is deleted.", icon=":material/delete:")
