"""The dialogs in which a lesson is written or edited; half-typed text survives a refused save."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import InvalidInput
from core.memory.records import Lesson
from core.records import Study
from core.views import lesson_form as form
from core.views.lesson import Use
from core.views.lessons import FIELD_WORDS
from pages.components import dialogs, lesson_acts
from pages.components.moments import when
from pages.components.workspace import actor, escaped, shown_errors, workspace

STEPS = 20  # of a knob's range, for the plus and minus beside a figure


@dialogs.dialog("Edit lesson", width="medium")
def edit_lesson(lesson: Lesson, study: Study | None, waiting: tuple[Use, ...]) -> None:
    """Every field that can be edited, with what a save would make stale."""
    prefix = f"lesson_{lesson.id}_{lesson.revision}"
    entered = _fields(prefix, form.values_of(lesson), form.levels(lesson, study))
    entered_reason = st.text_input("Why (kept with the revision)", key=f"{prefix}_reason", max_chars=500)
    _warn_stale(waiting)
    newest = _warn_newer(lesson)
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            f"Save revision {newest.revision + 1}",
            type="primary",
            icon=":material/check:",
            key=f"{prefix}_save",
            on_click=_save,
            args=(newest, prefix, entered_reason),
        )
        st.button("Back", key=f"{prefix}_back", on_click=dialogs.close)
    _mark_changes(form.changed(newest, entered))


@dialogs.dialog("Add a lesson", width="medium")
def add_lesson(study: Study | None) -> None:
    """A lesson in a person's own words; the agent hears it from its next proposal on."""
    _fields("lesson_new", form.EMPTY, form.levels(None, study))
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Add lesson",
            type="primary",
            icon=":material/check:",
            key="lesson_new_save",
            on_click=_add,
            args=("lesson_new", study),
        )
        st.button("Back", key="lesson_new_back", on_click=dialogs.close)


def _fields(prefix: str, start: Mapping[str, Any], levels: Mapping[str, str]) -> dict[str, Any]:
    """The fields under keys of this prefix; returns what they hold."""
    entered: dict[str, Any] = {
        "claim": st.text_area(
            "Lesson",
            start["claim"],
            key=f"{prefix}_claim",
            height=90,
            max_chars=2000,
            placeholder="What holds, in a sentence: short histories gain from more dropout.",
        )
    }
    backbones = form.backbones()
    kind, backbone = st.columns(2)
    with kind:
        entered["kind"] = _choice(f"{prefix}_kind", "It says", form.kinds(), start["kind"])
    with backbone:
        entered["backbone"] = _choice(f"{prefix}_backbone", "Backbone", backbones, start["backbone"])
    entered |= _rule(prefix, start, entered["backbone"])
    entered |= _figures(prefix, start, entered["backbone"], entered["axis"])
    entered["conditions"] = _conditions(prefix, start["conditions"])
    entered["level"] = _choice(f"{prefix}_level", "Level", levels, start["level"])
    return entered


def _rule(prefix: str, start: Mapping[str, Any], backbone: str) -> dict[str, str]:
    left, right = st.columns(2)
    axes = {name: name or "no knob" for name in form.axes(backbone)}
    with left:
        axis = _choice(f"{prefix}_axis", "Knob", axes, start["axis"])
    words = {name: name or "none" for name in form.directions(backbone, axis)}
    first = start["direction"] if axis == start["axis"] else next(iter(words))
    with right:
        direction = _choice(f"{prefix}_direction_{axis}", "Direction", words, first)
    return {"axis": axis, "direction": direction}


def _figures(prefix: str, start: Mapping[str, Any], backbone: str, axis: str) -> dict[str, float | None]:
    """Between which values the knob did well, and how much its step is expected to bring; each may stay blank."""
    low, high, strength = st.columns(3)
    entered: dict[str, float | None] = {"low": None, "high": None}
    if held := form.range_of(backbone, axis):
        told = {"low": ("Did well from", low, held[0]), "high": ("up to", high, held[1])}
        for name, (label, column, limit) in told.items():
            value = start[name] if axis == start["axis"] else None
            step = (held[1] - held[0]) / STEPS
            entered[name] = _number(column, label, value, f"{prefix}_{name}_{axis}", f"{limit:g}", step)
    expects = "the relative change its step is expected to bring; every trial that tests it restates it"
    entered["effect"] = _number(strength, "Strength (%)", start["effect"], f"{prefix}_effect", "unknown", 0.5, expects)
    return entered


def _number(
    place: DeltaGenerator,
    label: str,
    value: float | None,
    key: str,
    placeholder: str,
    step: float,
    told: str | None = None,
) -> float | None:
    """A figure that may be blank; one that a knob of whole numbers has is read as a number all the same."""
    start = None if value is None else float(value)
    return place.number_input(label, value=start, step=step, format="%.6g", key=key, placeholder=placeholder, help=told)


def _choice(key: str, label: str, words: Mapping[str, str], start: str) -> str:
    """A select box over the keys of `words`; a value from elsewhere is kept as a choice."""
    known = dict(words) if start in words else {**words, start: start}
    options = list(known)
    return str(st.selectbox(label, options, options.index(start), format_func=lambda name: known[name], key=key))


def _conditions(prefix: str, start: str) -> str:
    """The conditions, with the datasets they hold on as one types."""
    typed = st.text_input(
        "Applies where",
        start,
        key=f"{prefix}_conditions",
        max_chars=500,
        placeholder="mean_length < 10 and density < 0.001; empty holds everywhere",
        help=f"Comparisons of a feature with a number, joined by `and`. Features: {form.FEATURES_IN_WORDS}",
    )
    with shown_errors():
        found = form.applies(typed, workspace().store.datasets.all())
        if found.fault:
            st.error(escaped(found.fault), icon=":material/error:")
        chips = [
            f":{'green' if met else 'gray'}-badge[{'✓' if met else '✕'} {escaped(name)}]"
            for name, met in found.datasets
        ]
        if chips:
            st.markdown(" ".join(chips))
    return typed


def _warn_stale(waiting: tuple[Use, ...]) -> None:
    for use in waiting:
        where = f"Trial {use.number} of {escaped(use.study.name)}"
        text = f"{where} waits and cites this lesson. Saving marks it stale; you can then plan it again."
        st.warning(text, icon=":material/sync_problem:")


def _warn_newer(lesson: Lesson) -> Lesson:
    """The lesson as it is now; when somebody saved while this form was open, says who and what."""
    parts = workspace()
    newer = form.saved_meanwhile(parts.store.lessons.revisions(lesson.id), lesson.revision)
    if newer is None:
        return lesson
    st.warning(
        f"{escaped(newer.author)} saved revision {newer.revision} at {when(newer.at)}, while you were writing: "
        f"“{escaped(str(newer.body['claim']))}” Save yours over it, or go back.",
        icon=":material/group:",
    )
    return parts.store.lessons.get(lesson.id)


def _mark_changes(changes: Mapping[str, Any]) -> None:
    if changes:
        names = " ".join(f":blue-badge[{FIELD_WORDS[name]}]" for name in changes)
        st.markdown(f":small[:gray[Changed:]] {names}")


def _entered(prefix: str) -> dict[str, Any]:
    """What the form holds; a knob without a range has lost the one of the knob before it."""
    state = st.session_state
    axis = str(state[f"{prefix}_axis"])
    names = {name: f"{prefix}_{name}" for name in form.FIELDS}
    names |= {name: f"{prefix}_{name}_{axis}" for name in ("direction", "low", "high")}
    entered = {name: state[key] for name, key in names.items() if key in state}
    return {"low": None, "high": None, **entered}


def _save(lesson: Lesson, prefix: str, reason: str) -> None:
    """`lesson` as the person saw it last; a later revision by another refuses the save, and the form stays."""
    changes = form.changed(lesson, _entered(prefix))
    reason = str(st.session_state.get(f"{prefix}_reason", reason)).strip()
    with dialogs.acting():
        if not changes:
            raise InvalidInput("nothing was changed; change a field, or go back")
        lesson_acts.save(lesson, changes, reason)


def _add(prefix: str, study: Study | None) -> None:
    with dialogs.acting():
        lesson = workspace().editing.add(form.new_lesson(_entered(prefix), study), actor())
        workspace().relations.relate([lesson], actor())
        lesson_acts.tell(lesson, "The lesson is added")
