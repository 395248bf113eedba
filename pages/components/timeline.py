"""The timeline of a study: lanes of trials, lines where its settings changed, and what happened in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

import plotly.graph_objects as go
import streamlit as st

from core.records import Study
from core.views.edits import Edit
from core.views.moments import zone_named
from core.views.timeline import Lane, Timeline, timeline
from pages.components.chart import chart
from pages.components.chips import glyph
from pages.components.intervals import marker
from pages.components.live import versioned
from pages.components.moments import when
from pages.components.rows import head, small
from pages.components.style import Palette, figure, is_dark, palette, sign
from pages.components.workspace import escaped, workspace

Line = tuple[float | None, float | None, float, str]  # from, to, row, what it says
ROW = 22  # px
LEAST_SPARE = 5.0  # seconds beside the first and the last moment
RUN_COLOURS = {"running": "blue", "complete": "green", "pruned": "orange", "failed": "red", "cancelled": "gray"}
LEGEND = (
    ":gray[┄] waits for a decision &nbsp; :gray[─] waits for the worker &nbsp; :green[▬] run complete &nbsp; "
    ":blue[▬] running &nbsp; :orange[▬] pruned &nbsp; :red[▬] failed &nbsp; the sign at the end is the verdict"
)


def timeline_card(study: Study, version: int) -> None:
    """Draw it in a fragment, so that it follows the theme."""
    parts = workspace()
    with st.container(border=True, key="timeline-card"):
        with head("What took how long", "timeline-head"):
            key = f"timeline-{study.id}-page"
            page = int(st.session_state.get(key, 1)) - 1
            seen = versioned(
                f"timeline-{study.id}",
                (version, page),
                lambda: timeline(parts.store, study, parts.clock.now(), page),
            )
            if seen.pages > 1:
                st.number_input(f"Page of {seen.pages}, newest first", 1, seen.pages, 1, key=key, width=190)
        if not seen.lanes:
            small("No trial yet.")
            return
        zone = zone_named(st.context.timezone)
        look = (version, page, is_dark(), str(zone))
        drawn = versioned(f"timeline-{study.id}-figure", look, lambda: timeline_figure(seen, zone))
        chart(drawn, key=f"timeline-{study.id}-{page}", alt=_told(seen), height=ROW * len(seen.lanes) + 62)
        st.markdown(f":small[:gray[{LEGEND}]]")
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        _edits(seen.every_edit)
    with right:
        _happened(seen)


def timeline_figure(seen: Timeline, zone: tzinfo) -> go.Figure:
    """A row for each trial, the newest on top; times in the viewer's zone. Few traces: each costs milliseconds."""
    colours = palette()
    drawn = figure(colours)
    rows = list(enumerate(seen.lanes))
    gray = {"color": colours.gray, "width": 1.4}
    _lines(
        drawn,
        [(lane.proposed_at, lane.decided_at or lane.open_until, row, "") for row, lane in rows],
        zone,
        {**gray, "dash": "dot"},
    )
    _lines(drawn, [(lane.decided_at, _first(lane), row, "") for row, lane in rows], zone, gray)
    for state, colour in RUN_COLOURS.items():
        for is_one in (True, False):
            spans = [
                each for row, lane in rows if (len(lane.spans) == 1) == is_one for each in _spans(lane, row, state)
            ]
            _lines(drawn, spans, zone, {"color": colours.mark(colour), "width": 9 if is_one else 4})
    _signs(drawn, rows, zone, colours)
    for edit in seen.edits:
        _mark(drawn, edit, zone, colours)
    drawn.update_layout(margin={"l": 8, "r": 14, "t": 24, "b": 8})
    numbers = [str(lane.number) for lane in seen.lanes]
    drawn.update_yaxes(
        range=[len(seen.lanes) - 0.4, -0.6], tickvals=list(range(len(numbers))), ticktext=numbers, title_text="trial"
    )
    drawn.update_yaxes(showgrid=False, fixedrange=True)
    first, last = seen.reach
    spare = max((last - first) * 0.04, LEAST_SPARE)  # a long wait would squeeze all else: it leaves at the right
    ends = [_local(first - spare, zone), _local(last + spare, zone)]
    drawn.update_xaxes(showgrid=True, gridcolor=colours.grid, nticks=6, range=ends)
    return drawn


def _first(lane: Lane) -> float | None:
    return min((span.start for span in lane.spans), default=None)


def _spans(lane: Lane, row: int, state: str) -> list[Line]:
    """The lane's runs in a state, each seed a little below the one before."""
    step = 0.6 / max(len(lane.spans), 2)
    middle = (len(lane.spans) - 1) / 2
    return [
        (span.start, span.end, row + (index - middle) * step, f"trial {lane.number}, seed {span.seed}: {span.state}")
        for index, span in enumerate(lane.spans)
        if span.state == state
    ]


def _lines(drawn: go.Figure, ends: Sequence[Line], zone: tzinfo, line: Mapping[str, object]) -> None:
    """Lines of one look as one trace."""
    x: list[datetime | None] = []
    y: list[float | None] = []
    told: list[str | None] = []
    for start, end, row, words in ends:
        if start is not None and end is not None:
            x += [_local(start, zone), _local(end, zone), None]
            y += [row, row, None]
            told += [words, words, None]
    if x:
        hover = {"text": told, "hoverinfo": "text"} if any(told) else {"hoverinfo": "skip"}
        drawn.add_scatter(x=x, y=y, mode="lines", line=line, opacity=0.85, **hover)


def _signs(drawn: go.Figure, rows: Sequence[tuple[int, Lane]], zone: tzinfo, colours: Palette) -> None:
    """How each trial ended, where it ended."""
    ended = [(row, lane, at) for row, lane in rows if (at := _ended(lane)) is not None]
    for name in dict.fromkeys(lane.standing for _, lane, _ in ended):
        look, own = sign(name), [each for each in ended if each[1].standing == name]
        drawn.add_scatter(
            x=[_local(at, zone) for _, _, at in own],
            y=[row for row, _, _ in own],
            mode="markers",
            marker=marker(look.symbol, colours.mark(look.colour), colours),
            text=[f"trial {lane.number}: {look.word}<br>{_plain(lane.decision)}" for _, lane, _ in own],
            hoverinfo="text",
        )


def _ended(lane: Lane) -> float | None:
    return lane.judged_at or (lane.decided_at if lane.standing in ("vetoed", "expired", "cancelled") else None)


def _mark(drawn: go.Figure, edit: Edit, zone: tzinfo, colours: Palette) -> None:
    """A line where the study was edited, with its topics above."""
    at = _local(edit.at, zone)
    drawn.add_vline(at, line={"color": colours.blue, "width": 1, "dash": "dash"})
    ink = {"size": 11, "color": colours.blue_text}
    more = f" +{len(edit.topics) - 1}" if len(edit.topics) > 1 else ""
    text = f"{edit.topics[0]}{more}"
    drawn.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=text, showarrow=False, font=ink)


def _local(at: float, zone: tzinfo) -> datetime:
    """Plotly draws what a clock on the wall shows; it knows no zones."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _plain(text: str) -> str:
    """Foreign text in a hover, which reads a little HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _edits(edits: tuple[Edit, ...]) -> None:
    with st.container(border=True, key="timeline-edits"):
        st.subheader("Edited mid-study", anchor=False)
        if not edits:
            small("Nobody has changed space, budget, instructions or autonomy; *More* at the top does.")
            return
        for edit in reversed(edits):
            words = "; ".join(escaped(each) for each in edit.words)
            reason = f" · {escaped(edit.reason)}" if edit.reason else ""
            place = f"after trial {edit.after}" if edit.after else "before the first trial"
            st.markdown(f"{words}  \n:small[:gray[{escaped(edit.author)}, {when(edit.at)}, {place}{reason}]]")


def _happened(seen: Timeline) -> None:
    with st.container(border=True, key="timeline-happened"):
        st.subheader("What happened", anchor=False)
        for each in seen.happened:
            about = f"**trial {each.number}** " if each.number else "the study "
            more = f" · {escaped(each.more)}" if each.more else ""
            st.markdown(f"{glyph(each.sign)} {about}{escaped(each.says)}  \n:small[:gray[{when(each.at)}{more}]]")


def _told(seen: Timeline) -> str:
    each = (f"trial {lane.number}: {lane.decision or 'waits'}, {sign(lane.standing).word}" for lane in seen.lanes)
    edits = "; ".join(f"{edit.label} edited after trial {edit.after}" for edit in seen.edits)
    return f"Timeline. {'; '.join(each)}. {edits}"
