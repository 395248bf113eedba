"""Lessons behind a proposal: a line each on the card, and why each was retrieved, part by part."""

from collections.abc import Sequence

import streamlit as st

from core.views.cited import CitedLesson, Remembered
from core.views.lessons import number
from pages.components.rows import small
from pages.components.workspace import escaped

MEMORY = "pages/memory.py"
MET = {True: ":green[✓]", False: ":violet[✕]", None: ":gray[?]"}


def cited_in_short(lessons: Sequence[CitedLesson]) -> None:
    """The cited lessons with their record."""
    cited = [lesson for lesson in lessons if lesson.cited]
    for lesson in cited:
        lesson_link(lesson.id, lesson.title)
        small(("chose this step · " if lesson.decisive else "") + lesson.record)
    if not cited:
        count = "one was" if len(lessons) == 1 else f"{len(lessons)} were"
        small(f"none; {count} found and none spoke to this step" if lessons else "none was shown")


def why_retrieved(lessons: Sequence[CitedLesson]) -> None:
    """Every lesson that was found while planning, with its score in parts and its conditions."""
    if not lessons:
        small("No lesson was retrieved for this trial.")
    for lesson in lessons:
        word = "chose this step" if lesson.decisive else "cited" if lesson.cited else "shown to the agent"
        with st.container(gap="xsmall", key=f"why-{lesson.id}"):
            lesson_link(lesson.id, lesson.title)
            changed = f" · edited since: revision {lesson.revision} → {lesson.newest}"
            small(f"{word} · {lesson.record}{changed if lesson.newest != lesson.revision else ''}")
            st.markdown(escaped(lesson.claim))
            small(_score(lesson))
            for clause in lesson.clauses:
                st.markdown(clause_line(clause.text, clause.value, clause.met))


def what_was_remembered(lessons: Sequence[Remembered]) -> None:
    """The lessons that rest on the trial."""
    for lesson in lessons:
        lesson_link(lesson.id, lesson.title)
        speaks = "speaks for it" if lesson.outcome == "for" else "speaks against it"
        small(f"{lesson.level} · this trial {speaks} · trust {lesson.trust:.2f} · revision {lesson.revision}")


def lesson_link(id: int, title: str) -> None:
    """A link to the lesson's page."""
    st.page_link(MEMORY, label=escaped(title), query_params={"lesson": str(id)})


def _score(lesson: CitedLesson) -> str:
    parts = " + ".join(f"{weight:g} × {share:.2f} {words}" for words, share, weight in lesson.parts)
    pin = " + 0.5 pinned" if lesson.pinned else ""
    phrase = f" · found by “{escaped(lesson.phrase)}”" if lesson.phrase else ""
    return f"score {lesson.score:.2f} = {parts}{pin}{phrase}"


def clause_line(text: str, value: float | None, met: bool | None) -> str:
    """A condition with its sign and what the data says to it."""
    told = "unknown here" if value is None else f"here {number(value)}"
    return f"{MET[met]} `{text}` :small[:gray[{told}]]"
