"""Trials so far: every value with its interval, the current best as a stepped line, the noise floor around it."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.views.edits import Edit
from core.views.study import Point, StudyView
from pages.components.chart import chart
from pages.components.chips import glyph
from pages.components.intervals import marker
from pages.components.live import versioned
from pages.components.rows import small
from pages.components.style import Palette, figure, palette, sign, whole_ticks
from pages.components.workspace import escaped

HEIGHT = 166


def trials_so_far(view: StudyView, edits: Sequence[Edit] = (), references: Sequence[tuple[str, float]] = ()) -> None:
    """The chart with its legend of signs; a line where the study was edited, and the reference lines."""
    if not view.points:
        small("No trial has a value yet.")
        return
    drawn = versioned(
        f"progress-{view.study.id}",
        (view.version, palette(), tuple(edits), tuple(references)),
        lambda: _with_lines(view, edits, references),
    )
    chart(drawn, key=f"progress-{view.study.id}", alt=_told(view), height=HEIGHT)
    present = dict.fromkeys(point.standing for point in view.points)
    small("  ".join(f"{glyph(name)} {sign(name).word}" for name in present))
    for edit in edits:
        what = "; ".join(edit.words)
        small(f":blue[┆] after trial {edit.after}: {escaped(what)} ({escaped(edit.author)})")


def _with_lines(view: StudyView, edits: Sequence[Edit], references: Sequence[tuple[str, float]]) -> go.Figure:
    drawn = progress_figure(view)
    _mark_references(drawn, references)
    mark_edits(drawn, [(edit.after + 0.5, edit) for edit in edits])
    return drawn


def _mark_references(drawn: go.Figure, references: Sequence[tuple[str, float]]) -> None:
    colours = palette()
    ink = {"size": 11, "color": colours.muted}
    for place, (label, value) in enumerate(sorted(references, key=lambda each: -each[1])):
        side = {"x": 1, "xanchor": "right"} if place % 2 == 0 else {"x": 0, "xanchor": "left"}  # neighbours keep apart
        drawn.add_hline(value, line={"color": colours.muted, "width": 1, "dash": "dot"})
        text = {"text": label, "showarrow": False, "font": ink}
        drawn.add_annotation(xref="paper", y=value, yanchor="bottom", **side, **text)


def mark_edits(drawn: go.Figure, places: Sequence[tuple[float, Edit]]) -> None:
    """Dashed lines where a study was edited, its topics above; edits at one place share a line."""
    colours = palette()
    together: dict[float, list[str]] = {}
    for at, edit in places:
        together.setdefault(at, []).extend(topic for topic in edit.topics if topic not in together.get(at, []))
    for at, topics in together.items():
        drawn.add_vline(at, line={"color": colours.blue, "width": 1, "dash": "dash"})
        ink = {"size": 11, "color": colours.blue_text}
        text = topics[0] if len(topics) == 1 else f"{topics[0]} +{len(topics) - 1}"
        drawn.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=text, showarrow=False, font=ink)
    if together:
        drawn.update_layout(margin={"t": 20})


def progress_figure(view: StudyView) -> go.Figure:
    """Trial numbers along, the objective up."""
    colours = palette()
    drawn = figure(colours)
    drawn.update_layout(margin={"l": 8, "r": 14, "t": 6, "b": 8})
    _best_line(drawn, view, colours)
    for name in dict.fromkeys(point.standing for point in view.points):
        _draw(drawn, [point for point in view.points if point.standing == name], colours)
    last = max(step.number for step in view.steps)
    drawn.update_xaxes(title_text="trial", range=[0.5, last + 0.5], **whole_ticks(last))
    drawn.update_yaxes(tickformat=".3f", nticks=5)
    if len({point.value for point in view.points}) == 1:  # one height alone: the axis would span a whole unit
        only = view.points[0].value
        drawn.update_yaxes(range=[0.8 * only, 1.2 * only] if only > 0 else None)
    return drawn


def _best_line(drawn: go.Figure, view: StudyView, colours: Palette) -> None:
    values = {point.number: point.value for point in view.points}
    best = [number for number in view.incumbents if number in values]
    if not best:
        return
    ends = [*best, max(step.number for step in view.steps)]
    heights = [values[number] for number in best] + [values[best[-1]]]
    if view.noise_floor:
        low, high = heights[-1] - view.noise_floor, heights[-1] + view.noise_floor
        drawn.add_hrect(low, high, fillcolor=colours.band, line_width=0, layer="below")
    line = {"color": colours.green, "width": 2, "shape": "hv"}
    drawn.add_scatter(x=ends, y=heights, mode="lines", line=line, hoverinfo="skip")


def _draw(drawn: go.Figure, points: Sequence[Point], colours: Palette) -> None:
    """All points of one standing as one trace: a trace for each of a thousand trials would take seconds."""
    look = sign(points[0].standing)
    colour = colours.mark(look.colour)
    ends = [(point.value, point.low, point.high) for point in points]
    error = {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if high is None else high - value for value, _, high in ends],
        "arrayminus": [0.0 if low is None else value - low for value, low, _ in ends],
        "color": colour,
        "thickness": 1.2,
        "width": 0,
    }
    drawn.add_scatter(
        x=[point.number for point in points],
        y=[point.value for point in points],
        mode="markers",
        marker=marker(look.symbol, colour, colours),
        error_y=error,
        hovertemplate=f"trial %{{x}}, {look.word}: %{{y:.4f}}<extra></extra>",
    )


def _told(view: StudyView) -> str:
    each = (f"trial {point.number} {sign(point.standing).word} {point.value:.4f}" for point in view.points[-20:])
    return "Trials so far. " + "; ".join(each)
