"""What the memory offers a new study: datasets like its own, and lessons to accept or reject before it starts."""

import streamlit as st

from core.records import Dataset
from core.space import SearchSpace
from core.views.lessons import shortened
from core.views.offered import Offer, OfferedLesson, in_short, offer
from core.views.transfer import Near
from core.workspace import Workspace
from pages.components.live import versioned
from pages.components.plan_form import REJECTED, WITHOUT_LINEAGE, held, leave_lineage_out, rejected_lessons
from pages.components.rows import small
from pages.components.workspace import escaped, shown_errors

LONGEST_CLAIM = 160  # characters
SAMPLERS = ("tpe", "gp", "random", "grid")


def offered_card(parts: Workspace, dataset: Dataset, space: SearchSpace) -> None:
    """Before the study starts; nothing is written until it does."""
    with st.container(border=True), shown_errors():
        rejected = rejected_lessons(dataset.id, space.backbone)
        newest = [event.id for event in parts.store.events.newest(1)]
        without = bool(held(WITHOUT_LINEAGE, False))
        version = (newest, parts.store.index.version(), dataset.id, space, rejected, without)
        given: Offer = versioned("memory's offer", version, lambda: offer(parts, dataset, space, rejected, without))
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**What memory brings**", width="content")
            st.markdown(f":small[:gray[{escaped(in_short(given))}]]", width="content")
        if given.notice:
            st.info(escaped(given.notice).replace("\\`", "`"), icon=":material/info:")
        _remarks(given)
        _nearest(given)
        _lessons(given, dataset, space)


def _remarks(given: Offer) -> None:
    """What makes the offer void, or no transfer."""
    if not held("memory", True):
        st.markdown(":orange[:material/info:] Memory is off for this study: none of this is used.")
    elif held("agent") in SAMPLERS:
        st.markdown(":orange[:material/info:] A sampler hears no lesson: none of this is used.")
    if given.version:
        first = " Its best config is tried after the baseline." if any(each.of_version for each in given.first) else ""
        st.markdown(f":material/history: {escaped(given.version)}{first}")
    if held(WITHOUT_LINEAGE, False):
        small("What was learned on this very data, in any version, is left out.")
    elif given.known_here:
        known = "1 lesson was" if given.known_here == 1 else f"{given.known_here} lessons were"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            text = f":orange[:material/info:] {known} learned on this very data: it starts with answers."
            st.markdown(text, width="content")
            st.button("Leave them out", type="tertiary", key="offer_without", on_click=leave_lineage_out)


def _nearest(given: Offer) -> None:
    if not given.nearest:
        small("No other dataset is here to compare with.")
    for near in given.nearest:
        _near(near)
    for place, first in enumerate(given.first, 1):
        changes = " ".join(f":blue-badge[{escaped(change)}]" for change in first.changes)
        with st.container(gap="xsmall"):
            st.markdown(f"**Config {place} after the baseline** {changes}")
            small(escaped(first.source[0].upper() + first.source[1:]) + ".")


def _near(near: Near) -> None:
    alike = f"Alike in {near.alike}." if near.alike else "Alike in nothing that is known of both."
    with st.container(gap="xsmall"):
        st.markdown(f"**{escaped(near.dataset.name)}** :small[:gray[{near.likeness:.2f} alike]]")
        small(escaped(f"{alike} Unlike in {near.unlike}." if near.unlike else alike))


def _lessons(given: Offer, dataset: Dataset, space: SearchSpace) -> None:
    if not given.lessons:
        small("No lesson speaks to this data and backbone: the study starts from its plain baseline.")
    for each in given.lessons:
        _lesson(each, dataset, space)
    if given.lessons:
        small("A rejected lesson is neither shown to the agent nor used in a first config of this study.")


def _lesson(each: OfferedLesson, dataset: Dataset, space: SearchSpace) -> None:
    key = f"offer_{dataset.id}_{space.backbone}_{each.lesson.id}"
    st.session_state[key] = not each.is_rejected
    with st.container(gap=None):
        st.checkbox(
            escaped(each.title) + (f" :blue-badge[{escaped(each.change)}]" if each.change else ""),
            key=key,
            on_change=_decide,
            args=(dataset.id, space.backbone, each.lesson.id, key),
        )
        st.markdown(f":small[{escaped(shortened(each.lesson.claim, LONGEST_CLAIM))}]")
        small(_why(each))


def _why(each: OfferedLesson) -> str:
    earned = f"trust {each.trust.mean:.2f}, {each.trust.words}" if each.trust.is_tried else each.trust.words
    words = [each.level, earned]
    if each.is_rejected:
        words.append("rejected")
    elif each.unmet:
        words.append("shown, but not met: " + ", ".join(f"`{clause}`" for clause in each.unmet))
    elif each.clauses:
        words.append(", ".join(f"`{clause.text}`" for clause in each.clauses))
    return " · ".join(words)


def _decide(dataset: str, backbone: str, lesson: int, key: str) -> None:
    """Remember what was rejected for this data and backbone."""
    rejected = dict(st.session_state.get(REJECTED, {}))
    others = tuple(id for id in rejected.get((dataset, backbone), ()) if id != lesson)
    rejected[dataset, backbone] = others if st.session_state[key] else (*others, lesson)
    st.session_state[REJECTED] = rejected
