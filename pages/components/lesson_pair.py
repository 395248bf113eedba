"""Two lessons side by side: merged into one, or a contradiction resolved."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.views.lesson_form import applies
from core.views.lessons import shortened
from core.views.pairs import Pair, Side, open_pairs
from core.workspace import Workspace
from pages.components import dialogs, lesson_acts
from pages.components.rows import small
from pages.components.workspace import actor, escaped, say, shown_errors, workspace

WAYS = {"mute": "Mute one", "narrow": "Narrow one", "stand": "Both may stand"}
MOST_PAIRS = 30
LONGEST_CLAIM = 180  # characters of a lesson beside another
EARNED: Mapping[str, Callable[[Side], str]] = {
    "trust": lambda side: f"{side.trust.mean:.2f}, {side.trust.words}",
    "trials": lambda side: side.record,
    "changes seen": lambda side: "; ".join(side.evidence) or "none yet",
}


def settle_list(parts: Workspace) -> None:
    """Everything that waits for a person: contradictions first, then lessons that say the same."""
    pairs = open_pairs(parts.store)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(_count(pairs), width="content")
        st.button("Compare all lessons", icon=":material/compare_arrows:", key="settle_look", on_click=_look)
    for pair in pairs[:MOST_PAIRS]:
        _pair_card(pair)
    if len(pairs) > MOST_PAIRS:
        small(f"and {len(pairs) - MOST_PAIRS} more; they come up as these are settled")


def _count(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return "**Nothing to settle.** No two lessons in use contradict one another or say the same."
    against = sum(pair.kind == "contradicts" for pair in pairs)
    parts = [f"{against} contradiction{'' if against == 1 else 's'}"] if against else []
    same = len(pairs) - against
    parts += [f"{same} near-duplicate{'' if same == 1 else 's'}"] if same else []
    return f"**{' and '.join(parts)}** wait for a person."


def _look() -> None:
    with shown_errors():
        fresh = workspace().relations.relate_all(actor())
        say(f"{fresh} new links between lessons." if fresh else "No new link.", icon=":material/check:")


def _pair_card(pair: Pair) -> None:
    one, other = pair.one.lesson, pair.other.lesson
    is_merge = pair.kind == "duplicates"
    key = f"settle_{one.id}_{other.id}_{pair.kind}"
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            badge = ":gray-badge[● say the same]" if is_merge else ":violet-badge[◆ contradict]"
            st.markdown(f"{badge} :small[:gray[{escaped(pair.why)}]]", width="content")
            label, icon = ("Merge", ":material/merge:") if is_merge else ("Resolve", ":material/balance:")
            asked = st.button(label, icon=icon, key=key)
        left, right = st.columns(2, gap="medium")
        for column, side in ((left, pair.one), (right, pair.other)):
            with column, st.container(gap="xsmall"):
                _side_in_short(side)
    if asked:
        merge_dialog(pair) if is_merge else conflict_dialog(pair)


def _side_in_short(side: Side) -> None:
    """Two lessons that touch often have one title: their words tell them apart."""
    st.markdown(f"[{escaped(side.title)}](/memory?lesson={side.lesson.id})")
    st.markdown(escaped(shortened(side.lesson.claim, LONGEST_CLAIM)))
    small(f"trust {side.trust.mean:.2f}, {side.trust.words} · {side.record}")


@dialogs.dialog("Merge two lessons", width="large")
def merge_dialog(pair: Pair) -> None:
    """Side by side, which one is kept, and how it shall read; the other is archived, its evidence goes along."""
    _side_by_side(pair)
    if pair.mergeable:
        st.info(escaped(pair.mergeable), icon=":material/info:")
        st.button("Back", key="merge_back", on_click=dialogs.close)
        return
    ids = {side.lesson.id: side for side in (pair.one, pair.other)}
    first = max(ids, key=lambda id: (ids[id].helped + ids[id].hurt, -id))
    prefix = f"merge_{pair.one.lesson.id}_{pair.other.lesson.id}"
    keep = st.radio(
        "Keep",
        list(ids),
        list(ids).index(first),
        format_func=lambda id: f"{id} · {ids[id].title}",
        horizontal=True,
        key=f"{prefix}_keep",
    )
    st.text_area("How it shall read", ids[keep].lesson.claim, key=f"{prefix}_claim_{keep}", height=90, max_chars=2000)
    small("Evidence of both goes to the lesson that is kept; what both earned on one dataset counts once.")
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Merge",
            type="primary",
            icon=":material/merge:",
            key=f"{prefix}_save",
            on_click=_merge,
            args=(pair, prefix),
        )
        _stand_button(pair, "Keep both", prefix)
        st.button("Back", key=f"{prefix}_back", on_click=dialogs.close)


def _merge(pair: Pair, prefix: str) -> None:
    keep = int(st.session_state[f"{prefix}_keep"])
    one, other = pair.one.lesson, pair.other.lesson
    kept, gone = (one, other) if keep == one.id else (other, one)
    claim = str(st.session_state[f"{prefix}_claim_{keep}"]).strip()
    with dialogs.acting():
        changes = {"claim": claim} if claim != kept.claim else None
        merged, stale = workspace().merging.merge(kept, gone, actor(), changes)
        lesson_acts.tell(merged, f"Lesson {gone.id} was merged into it", stale)


def _stand_button(pair: Pair, label: str, prefix: str) -> None:
    """Only for a pair that the program offered: two that a person put together need no settling."""
    if pair.kind:
        st.button(label, key=f"{prefix}_stand", on_click=_stand, args=(pair, "both are kept"))


@dialogs.dialog("Two lessons contradict one another", width="large")
def conflict_dialog(pair: Pair) -> None:
    """What each says and rests on, and three ways out."""
    st.markdown(f":gray[{escaped(pair.why)}]")
    _side_by_side(pair)
    prefix = f"conflict_{pair.one.lesson.id}_{pair.other.lesson.id}"
    st.session_state.setdefault(f"{prefix}_way", "mute")
    way = st.segmented_control(
        "Way out",
        list(WAYS),
        required=True,
        format_func=WAYS.__getitem__,
        key=f"{prefix}_way",
        label_visibility="collapsed",
    )
    if way == "stand":
        st.text_input("Why both may stand", key=f"{prefix}_reason", max_chars=500, placeholder="one for each season")
    else:
        _which(pair, prefix, way or "mute")
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            WAYS[way or "mute"],
            type="primary",
            icon=":material/balance:",
            key=f"{prefix}_save",
            on_click=_resolve,
            args=(pair, prefix),
        )
        st.button("Back", key=f"{prefix}_back", on_click=dialogs.close)


def _which(pair: Pair, prefix: str, way: str) -> None:
    sides = {side.lesson.id: side for side in (pair.one, pair.other)}
    weaker = min(sides, key=lambda id: (sides[id].trust.mean, sides[id].helped + sides[id].hurt))
    verb = "Mute" if way == "mute" else "Narrow"
    chosen = st.radio(
        f"{verb} which",
        list(sides),
        list(sides).index(weaker),
        format_func=lambda id: f"{id} · {sides[id].title}",
        horizontal=True,
        key=f"{prefix}_which",
    )
    if way == "narrow":
        other = pair.other if chosen == pair.one.lesson.id else pair.one
        typed = st.text_input(
            "Applies where",
            sides[chosen].lesson.conditions,
            key=f"{prefix}_conditions_{chosen}",
            max_chars=500,
            placeholder="mean_length < 10 and density < 0.001",
        )
        small(f"The other one applies where {escaped(other.lesson.conditions or 'it likes: it has no conditions')}.")
        _holds_on(typed)


def _holds_on(conditions: str) -> None:
    found = applies(conditions, workspace().store.datasets.all())
    if found.fault:
        st.error(escaped(found.fault), icon=":material/error:")
    chips = [
        f":{'green' if met else 'gray'}-badge[{'✓' if met else '✕'} {escaped(name)}]" for name, met in found.datasets
    ]
    if chips:
        st.markdown(" ".join(chips))


def _resolve(pair: Pair, prefix: str) -> None:
    state, one, other = st.session_state, pair.one.lesson, pair.other.lesson
    way = state[f"{prefix}_way"]
    if way == "stand":
        _stand(pair, str(state.get(f"{prefix}_reason", "")))
        return
    chosen = int(state[f"{prefix}_which"])
    lesson, rival = (one, other) if chosen == one.id else (other, one)
    with dialogs.acting():
        if way == "mute":
            stale = workspace().resolving.mute(lesson, rival, actor())
            lesson_acts.tell(lesson, f"Muted: it contradicted lesson {rival.id}", stale)
        else:
            conditions = str(state[f"{prefix}_conditions_{chosen}"]).strip()
            stale = workspace().resolving.narrow(lesson, rival, conditions, actor())
            lesson_acts.tell(lesson, f"Narrowed: it speaks beside lesson {rival.id} now", stale)


def _stand(pair: Pair, reason: str) -> None:
    with dialogs.acting():
        workspace().resolving.stand(pair.one.lesson, pair.other.lesson, reason, actor())


def _side_by_side(pair: Pair) -> None:
    """Property by property; what differs is set in bold."""
    one, other = pair.one, pair.other
    rows = [(line.label, *_values(line.one, line.other, line.differs)) for line in pair.lines]
    rows += [(label, write(one), write(other)) for label, write in EARNED.items()]
    for label, left, right in rows:
        name, a, b = st.columns([1, 2.6, 2.6], gap="small")
        name.markdown(f":small[:gray[{label}]]")
        a.markdown(left)
        b.markdown(right)


def _values(one: str, other: str, differs: bool) -> tuple[str, str]:
    bold = "**" if differs else ""
    return f"{bold}{escaped(one)}{bold}", f"{bold}{escaped(other)}{bold}"
