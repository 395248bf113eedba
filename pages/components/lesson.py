"""A lesson, whole, as a card: its verbs, what it has earned, where it applies, what it rests on, how it changed."""

import plotly.graph_objects as go
import streamlit as st

from core.memory.records import Lesson
from core.records import Study
from core.views.lesson import Change, LessonPage, Revision, Use
from core.views.lesson_evidence import Elsewhere, Witness
from core.views.lesson_form import moves
from core.views.lessons import LEVEL_WORDS, Segment, Trust, title
from core.views.pairs import Related, pair_of
from pages.components import lesson_acts
from pages.components.chart import chart
from pages.components.chips import chip
from pages.components.intervals import marker
from pages.components.lesson_form import edit_lesson
from pages.components.lesson_pair import conflict_dialog, merge_dialog
from pages.components.live import REFRESH
from pages.components.moments import when
from pages.components.rows import row, small
from pages.components.style import figure, palette
from pages.components.workspace import escaped, workspace

NARROW = "\N{NO-BREAK SPACE}"
LOCK = "nobody changes it then, the agent included, before a person unlocks it"
RESTORES = "its text and fields become the newest revision; trials and trust stay as they are"
MOVES = {"promote": ":material/arrow_upward:", "demote": ":material/arrow_downward:"}
MET = {True: ":green[✓]", False: ":gray[✕]", None: ":gray[?]"}


def lesson_card(page: LessonPage, study: Study | None) -> None:
    """Everything about one lesson; `study` is the one the page looks from."""
    lesson = page.lesson
    with st.container(border=True, key="lesson-card"):
        _head(page)
        lesson_acts.show_told(lesson)
        _verbs(page, study)
        st.markdown(escaped(lesson.claim))
        with row("Trust"):
            _trust(page.trust, lesson.id)
        with row("Rule"):
            st.markdown(escaped(page.rule))
            if page.figures:
                small(escaped(page.figures))
        with row("Conditions"):
            _conditions(page)
        with row("Evidence"):
            _evidence(page.evidence)
        if page.elsewhere:
            with row("Elsewhere"):
                _elsewhere(page.elsewhere)
        if page.related or page.mergeable_with:
            with row("Related"):
                _related(page)
        with row("Used"):
            _uses(page)
        with row("Comes from"):
            st.markdown(f"{escaped(page.provenance)} · {when(lesson.created_at)}")
        with row("Revisions"):
            for revision in page.revisions:
                _revision(lesson, revision)


def _head(page: LessonPage) -> None:
    lesson = page.lesson
    marks = [f":gray-badge[{page.level}]"]
    marks += [":blue-badge[:material/keep: pinned]"] if lesson.pinned else []
    marks += [":orange-badge[:material/lock: locked]"] if lesson.locked else []
    marks += [f":gray-badge[{lesson.status}]"] if lesson.status != "active" else []
    if page.looked_from:
        name, is_fit = page.looked_from
        fits = ":green-badge[:material/check_circle: fits" if is_fit else ":gray-badge[✕ not for"
        marks.append(f"{fits} {escaped(name)}]")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(escaped(page.title), anchor=False, width="content")
        st.markdown(" ".join(marks), width="content")


def _verbs(page: LessonPage, study: Study | None) -> None:
    lesson = page.lesson
    if lesson.locked:
        _locked(lesson)
        return
    with st.container(horizontal=True, gap="small"):
        asked = st.button(
            "Edit", icon=":material/edit:", key="lesson_edit", on_click=lesson_acts.choose, args=(lesson.id,)
        )  # chosen, though another may stand first in the list by now
        pin = ("Unpin", ":material/keep_off:") if lesson.pinned else ("Pin", ":material/keep:")
        st.button(pin[0], icon=pin[1], key="lesson_pin", on_click=lesson_acts.pin, args=(lesson,))
        if lesson.status == "active":
            _status_verb("Mute", ":material/notifications_off:", lesson, "muted")
        else:
            _status_verb("Use again", ":material/unarchive:", lesson, "active")
        if lesson.status != "archived":
            _status_verb("Archive", ":material/archive:", lesson, "archived")
        else:
            _delete_verb(lesson)
        _further_verbs(lesson)
    if asked:
        edit_lesson(lesson, study, page.waiting)


def _locked(lesson: Lesson) -> None:
    """What a lock means, before anybody fills a form in vain."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Unlock", icon=":material/lock_open:", key="lesson_lock", on_click=lesson_acts.lock, args=(lesson,))
        small("Locked: nobody edits, moves or archives it, the agent included, before a person unlocks it.")


def _further_verbs(lesson: Lesson) -> None:
    """Those less used, out of the way."""
    with st.popover("More", key="lesson_more"):
        st.button(
            "Lock", icon=":material/lock:", key="lesson_lock", on_click=lesson_acts.lock, args=(lesson,), help=LOCK
        )
        st.button(
            "Undo the last change",
            icon=":material/undo:",
            key="lesson_undo",
            on_click=lesson_acts.undo,
            args=(lesson,),
            disabled=lesson.revision < 2,
        )
        for verb, level in moves(lesson):
            st.button(
                f"{verb.capitalize()} to “{LEVEL_WORDS[level]}”",
                icon=MOVES[verb],
                key=f"lesson_{verb}",
                on_click=lesson_acts.move,
                args=(lesson, level),
            )


def _status_verb(label: str, icon: str, lesson: Lesson, status: str) -> None:
    key = f"lesson_{status}"
    st.button(label, icon=icon, key=key, on_click=lesson_acts.set_status, args=(lesson, status))


def _delete_verb(lesson: Lesson) -> None:
    with st.popover("Delete", icon=":material/delete:", key="lesson_delete_ask"):
        st.markdown("The lesson goes with its evidence and every revision. This cannot be undone.")
        st.button("Delete for good", key="lesson_delete", on_click=lesson_acts.delete, args=(lesson,))


@st.fragment(run_every=REFRESH)
def _trust(trust: Trust, lesson_id: int) -> None:
    """A fragment, so that the chart follows a switch of theme."""
    begins = f"{trust.begins:.2f} before any trial"
    alt = f"Trust {trust.mean:.2f}, 95 % interval {trust.low:.2f} to {trust.high:.2f}; {begins}"
    chart(trust_figure(trust), key=f"trust_{lesson_id}", alt=alt, height=72)


def trust_figure(trust: Trust) -> go.Figure:
    """Mean and interval of the posterior; dotted: where trust begins, the rate without memory once that is known."""
    colours = palette()
    drawn = figure(colours)
    is_tried = bool(trust.wins + trust.losses)
    colour = colours.green if is_tried and trust.mean > trust.begins else colours.violet if is_tried else colours.gray
    drawn.add_scatter(
        x=[trust.low, trust.high], y=[0, 0], mode="lines", line={"color": colour, "width": 5}, opacity=0.45
    )
    drawn.add_vline(trust.begins, line={"color": colours.muted, "width": 1.5, "dash": "dot"})
    symbol = "circle" if is_tried else "circle-open"
    drawn.add_scatter(x=[trust.mean], y=[0], mode="markers", marker=marker(symbol, colour, colours))
    note = {"showarrow": False, "font": {"size": 11.5, "color": colours.muted}}
    drawn.add_annotation(
        **note,
        x=trust.begins,
        y=1,
        text="rate without memory" if trust.basis else "before any trial",
        xanchor="left",
        xshift=5,
        yshift=4,
    )
    text = f"<b>{trust.mean:.2f}</b>, {trust.words}"
    drawn.add_annotation(
        xref="paper", x=1, y=0, xanchor="left", xshift=12, text=text, showarrow=False, font={"size": 12.5}
    )
    drawn.update_layout(margin={"l": 8, "r": 96, "t": 2, "b": 22}, hovermode=False)
    drawn.update_xaxes(range=[-0.01, 1.01], tickvals=[0, 0.5, 1], fixedrange=True, showline=False)
    drawn.update_yaxes(range=[-1, 1.6], visible=False, fixedrange=True)
    return drawn


def _conditions(page: LessonPage) -> None:
    held = page.conditions
    if held is None:
        st.markdown("none: it applies wherever its level and backbone do")
        return
    columns = {"applies where": [f"`{clause}`" for clause in held.clauses]}
    for place, name in enumerate(held.datasets):
        columns[escaped(name)] = [f"{MET[cells[place].met]}{NARROW}{cells[place].value}" for cells in held.cells]
    st.table(columns, border="horizontal", hide_header=False, alt="Each condition with every dataset's value")
    if held.others:
        small(f"and {held.others} more datasets; fits: {escaped(', '.join(page.fitting) or 'none')}")


def _evidence(evidence: tuple[Witness, ...]) -> None:
    if not evidence:
        st.markdown("none yet: no trial has tested it")
        return
    columns = {
        "trial": [_trial_link(each.study, each.number) for each in evidence],
        "change": [each.change for each in evidence],
        "outcome": [chip("helped" if each.helped else "hurt") for each in evidence],
    }
    st.table(columns, border="horizontal", hide_header=False, alt="Trials that speak for or against the lesson")


def _elsewhere(elsewhere: tuple[Elsewhere, ...]) -> None:
    """Trials of other homes, apart from our own: nobody here saw them."""
    columns = {
        "data": [escaped(each.dataset) for each in elsewhere],
        "trial": [escaped(f"{each.study} · {each.number}" if each.number else each.study) for each in elsewhere],
        "change": [each.change for each in elsewhere],
        "outcome": [chip("helped" if each.helped else "hurt") for each in elsewhere],
    }
    st.table(columns, border="horizontal", hide_header=False, alt="Trials of other homes, brought by a memory pack")
    small("Brought by a memory pack. They count for the effect, not for trust: that is earned here.")


def _related(page: LessonPage) -> None:
    """Links to other lessons; what is open can be settled from here."""
    asked = [each for each in page.related if _related_line(page.lesson, each)]
    if page.mergeable_with and not any(each.kind == "duplicates" and each.is_open for each in page.related):
        names = {lesson.id: f"{lesson.id} · {title(lesson)}" for lesson in page.mergeable_with}
        with st.popover("Merge with …", icon=":material/merge:", type="tertiary", key="lesson_merge_ask"):
            other = st.selectbox("Lesson", list(names), format_func=names.__getitem__, key=f"merge_{page.lesson.id}")
            if st.button("Side by side", key="lesson_merge"):
                merge_dialog(pair_of(workspace().store, page.lesson, workspace().store.lessons.get(other)))
    for each in asked:
        link = next(link for link in workspace().store.links.of(page.lesson.id) if each.is_about(link))
        pair = pair_of(workspace().store, page.lesson, each.other, link)
        merge_dialog(pair) if each.kind == "duplicates" else conflict_dialog(pair)


def _related_line(lesson: Lesson, each: Related) -> bool:
    """A link in words; whether a person wants to settle it now."""
    link = f"[{escaped(each.title)}](/memory?lesson={each.other.id})"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        why = "" if each.is_open else f" :small[:gray[{escaped(each.why)}]]"  # the dialog tells it
        st.markdown(f"{each.words} {link}{why}", width="content")
        if not each.is_open:
            return False
        label, icon = ("Merge", ":material/merge:") if each.kind == "duplicates" else ("Resolve", ":material/balance:")
        key = f"related_{lesson.id}_{each.other.id}_{each.kind}"
        return st.button(label, icon=icon, key=key, type="tertiary")


def _trial_link(study: Study, number: int) -> str:
    return f"[{escaped(study.name)} · {number}](/study?study={study.id}&trial={number})"


def _uses(page: LessonPage) -> None:
    if not page.uses:
        st.markdown("not yet: no proposal has found it")
    for use in page.uses:
        st.markdown(_use_line(use))
    if page.other_uses:
        small(f"and for {page.other_uses} more proposals")


def _use_line(use: Use) -> str:
    role = f":blue-badge[{use.role}]" if use.decisive else f":gray-badge[{use.role}]"
    state = f" {chip(use.standing)}"
    state += " :orange-badge[:material/sync_problem: stale]" if use.is_stale else ""
    parts = " · ".join(use.parts)
    return f"{_trial_link(use.study, use.number)} {role}{state} :small[:gray[{parts}]]"


def _revision(lesson: Lesson, revision: Revision) -> None:
    record = revision.record
    reason = f" · {escaped(record.reason)}" if record.reason else ""
    line = f":gray[{record.revision}] · {when(record.at)} · {escaped(record.author)}{reason}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(line, width="content")
        if not revision.is_current and not lesson.locked:
            key = f"lesson_restore_{record.revision}"
            act, args = lesson_acts.restore, (lesson, record)
            st.button("Restore", key=key, type="tertiary", on_click=act, args=args, help=RESTORES)
    for change in revision.changes:
        st.markdown(f":small[{_change(change)}]")


def _change(change: Change) -> str:
    if change.diff:
        return " ".join(_segment(each) for each in change.diff)
    return f"{change.field}: ~~{escaped(change.before) or 'none'}~~ → **{escaped(change.after) or 'none'}**"


def _segment(segment: Segment) -> str:
    text = escaped(segment.text)
    return {"removed": f"~~{text}~~", "added": f"**{text}**"}.get(segment.mark, text)
