"""Several lessons at once: the verbs, and what became of each."""

from collections.abc import Sequence

import streamlit as st

from core.memory.bulk import DONE, Report
from core.memory.pack_file import pack_bytes
from core.memory.packing import LEVELS, pack_memory
from core.memory.records import Lesson
from core.views.lesson import stale_words
from core.views.lesson_titles import titles
from core.views.lessons import LEVEL_WORDS
from core.views.memory import Listing
from core.views.pairs import pair_of
from pages.components import lesson_acts
from pages.components.lesson_pair import merge_dialog
from pages.components.rows import small
from pages.components.workspace import actor, escaped, shown_errors, workspace

_REPORT = "memory report of several"
MOST_NAMED = 12
VERBS = {
    "restore": ("Use again", ":material/undo:"),
    "mute": ("Mute", ":material/notifications_off:"),
    "archive": ("Archive", ":material/archive:"),
    "pin": ("Pin", ":material/keep:"),
    "unpin": ("Unpin", ":material/keep_off:"),
    "lock": ("Lock", ":material/lock:"),
    "unlock": ("Unlock", ":material/lock_open:"),
}


def several_card(lessons: Sequence[Lesson], listing: Listing) -> None:
    """The chosen lessons, what can be done to them, and what became of the last act."""
    with st.container(border=True):
        count = "1 lesson" if len(lessons) == 1 else f"{len(lessons)} lessons"
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(f"{count} selected" if lessons else "Select lessons", anchor=False, width="content")
            _select_all(lessons, listing)
        _report()
        if not lessons:
            small("Tick rows of the list; every level can take part. What is done to them is told lesson by lesson.")
            return
        _verbs(lessons)
        named = titles(workspace().store, lessons)
        for lesson in lessons[:MOST_NAMED]:
            marks = f" · {lesson.status}" if lesson.status != "active" else ""
            st.markdown(f"{escaped(named[lesson.id])} :small[:gray[{LEVEL_WORDS[lesson.level]}{marks}]]")
        if len(lessons) > MOST_NAMED:
            small(f"and {len(lessons) - MOST_NAMED} more")


def _select_all(lessons: Sequence[Lesson], listing: Listing) -> None:
    ids = tuple(row.lesson.id for rows in listing.levels.values() for row in rows)
    every = set(ids) <= {lesson.id for lesson in lessons}
    label = "Select none" if every else f"Select all {len(ids)} listed"
    chosen = () if every else ids
    st.button(label, type="tertiary", key="memory_all", on_click=lesson_acts.choose_several, args=(chosen,))


def _verbs(lessons: Sequence[Lesson]) -> None:
    ids = tuple(lesson.id for lesson in lessons)
    with st.container(horizontal=True, gap="small"):
        for verb, (label, icon) in VERBS.items():
            st.button(label, icon=icon, key=f"several_{verb}", on_click=_apply, args=(verb, ids))
        merge = len(lessons) == 2 and st.button("Merge", icon=":material/merge:", key="several_merge")
        _export(lessons)
        _delete(lessons)
    if merge:
        merge_dialog(pair_of(workspace().store, lessons[0], lessons[1]))


def _export(lessons: Sequence[Lesson]) -> None:
    ids = frozenset(lesson.id for lesson in lessons if lesson.level in LEVELS)
    kept = len(lessons) - len(ids)
    st.download_button(
        f"Export {len(ids)}" if kept else "Export",
        data=lambda: _packed(ids),
        file_name="lessons.zip",
        mime="application/zip",
        icon=":material/download:",
        key="several_export",
        on_click="ignore",
        disabled=not ids,
        help="a memory pack: lessons, evidence, profiles, revisions; what one study alone believes stays here",
    )


def _packed(ids: frozenset[int]) -> bytes:
    return pack_bytes(pack_memory(workspace().store, "lessons.zip", actor(), only=ids))


def _delete(lessons: Sequence[Lesson]) -> None:
    if any(lesson.status != "archived" for lesson in lessons):
        return
    ids = tuple(lesson.id for lesson in lessons)
    with st.popover("Delete", icon=":material/delete:", key="several_delete_ask"):
        st.markdown("These lessons go with their evidence and every revision. This cannot be undone.")
        st.button("Delete for good", key="several_delete", on_click=_apply, args=("delete", ids))


def _apply(verb: str, ids: tuple[int, ...]) -> None:
    """On the lessons as they are now: one click speaks of names that the person chose, not of revisions."""
    with shown_errors():
        held = workspace().store.lessons.some(ids)
        report = workspace().bulk.apply(verb, [held[id] for id in ids if id in held], actor())
        gone = {each.lesson.id for each in report.done} if verb == "delete" else set()
        lesson_acts.choose_several(tuple(id for id in ids if id not in gone))
        st.session_state[_REPORT] = report


def _report() -> None:
    """Told once: what was done, and each refusal with its reason."""
    report = st.session_state.pop(_REPORT, None)
    if not isinstance(report, Report):
        return
    done, refused = len(report.done), len(report.refused)
    if done:
        stale = stale_words(report.stale)
        text = f"{done} {DONE[report.verb]}" + (f"; {stale}: look before you decide" if stale else "")
        st.success(escaped(text) + ".", icon=":material/check:")
    if refused:
        lines = [f"* {escaped(each.refused)}" for each in report.refused[:MOST_NAMED]]
        more = [f"* and {refused - MOST_NAMED} more"] if refused > MOST_NAMED else []
        head = f"{refused} not {DONE[report.verb]}:" if done else f"None was {DONE[report.verb]}:"
        st.warning("\n".join([head, "", *lines, *more]), icon=":material/error:")
