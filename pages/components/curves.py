"""The learning curves: live, several trials overlaid, zoom kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.views.curves import TRAIN_LOSS, VALIDATION, Curves, Line, smoothed
from core.views.curves import curves as curves_view
from core.views.study import StudyView
from pages.components.chart import chart
from pages.components.intervals import LETTER
from pages.components.live import versioned
from pages.components.references import References, references_line, references_of
from pages.components.rows import head, small
from pages.components.style import Palette, palette, template, whole_ticks
from pages.components.workspace import workspace

BOTH = "both"
HEIGHT = 232
LABEL_GAP = 17  # px between two labels at line ends
RIGHT = 122  # px for the labels at line ends, at least
FRAME = 52  # px of a figure's height that are not the plot
STEEP = 0.35  # of the highest value: below it lie the first epochs, which tell little
OPACITY = {"best before": 0.9, "baseline": 0.9, "other": 0.55}


@dataclass(frozen=True)
class Look:
    """How a line is drawn, and the colour of its label."""

    colour: str
    ink: str
    width: float = 1.5
    dash: str = "solid"
    opacity: float = 1.0


def curves_card(view: StudyView, chosen: int | None) -> None:
    """The chosen trial beside the current best, the baseline and what runs; more by choice."""
    study = view.study
    with st.container(border=True, key="curves-card"):
        with head("Learning curves", "curves-head"):
            what = st.segmented_control(
                "What",
                [VALIDATION, TRAIN_LOSS, BOTH],
                default=VALIDATION,
                required=True,
                key=f"curves-what-{study.id}",
                label_visibility="collapsed",
            )
            with st.popover("", icon=":material/tune:", help="Axis, smoothing, further trials", key="curves-more"):
                by = st.segmented_control(
                    "Along", ["epoch", "minutes"], default="epoch", required=True, key="curves-by"
                )
                is_log = st.toggle("Logarithmic", key="curves-log")
                weight = st.slider("Smoothing", 0.0, 0.9, 0.0, 0.1, key="curves-smooth")
                also = _also(view)
                references_line(study)
        references = references_of(workspace(), study)
        seen = versioned(
            f"curves-{study.id}",
            (view.version, chosen, tuple(also)),
            lambda: curves_view(workspace().store, study, chosen, also, view.noise_floor),
        )
        if seen.untrained:
            small(f"Trial {seen.untrained} trained nothing: it took over weights that differ in their priors alone.")
        if not seen.lines:
            small("No epoch has ended yet; the first point appears with the first epoch.")
            return
        drawn = curves_figure(smoothed(seen, float(weight)), str(what or VALIDATION), str(by or "epoch"), references)
        if is_log:
            drawn.update_xaxes(type="log", dtick=None)
        drawn.layout.uirevision = f"{study.id} {what} {by} {is_log}"
        chart(drawn, key=f"curves-{study.id}", alt=_told(seen, references), height=HEIGHT)
        told = f":blue[:material/play_circle:] {view.running}" if _is_live(seen) else view.protocol
        more = [" · smoothed"] if weight else []
        more += [" · grey band: the noise floor"] if seen.best is not None and seen.noise_floor else []
        small(told + "".join(more))


def curves_figure(
    seen: Curves,
    what: str,
    by: str,
    references: References = (),
    looks: Mapping[int, Look] | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """Validation, training loss, or both above each other with one axis along. `looks` are by trial number, where a
    line is told from another by more than its role; reference lines below the plot are left out."""
    colours = palette()
    parts = [VALIDATION, TRAIN_LOSS] if what == BOTH else [what]
    drawn = make_subplots(rows=len(parts), cols=1, shared_xaxes=True, vertical_spacing=0.08)
    right = round(LETTER * max((len(line.label) for line in seen.lines), default=0)) + 16
    drawn.update_layout(template=template(colours), margin={"l": 8, "r": max(right, RIGHT), "t": 6, "b": 8})
    for index, part in enumerate(parts, start=1):
        lines = [line for line in seen.lines if any(value is not None for value in _values(line, part))]
        low, high = _range(lines, part, references)
        marks = [(label, value) for label, value in references if part == VALIDATION and value >= low]
        if part == VALIDATION:
            _mark_best(drawn, seen, index, colours)
            _mark_references(drawn, marks, index, colours)
        drawn_as = [(line, (looks or {}).get(line.number) or _look(line, colours)) for line in lines]
        for line, look in reversed(drawn_as):
            _draw(drawn, line, look, part, by, index)
        ends = [(_last(line, part), _bold(line), look.ink) for line, look in drawn_as]
        ends += [(value, label, colours.muted) for label, value in marks]
        _name_ends(drawn, ends, (low, high), index, (height - FRAME) / len(parts))
        drawn.update_yaxes(range=[low, high], tickformat=".3f" if part == VALIDATION else ".3~g", nticks=5, row=index)
    drawn.update_xaxes(title_text=by, row=len(parts))
    if by == "epoch":
        drawn.update_xaxes(**whole_ticks(max((line.epochs[-1] for line in seen.lines), default=0)))
    return drawn


def _also(view: StudyView) -> list[int]:
    ran = [step for step in view.steps if step.standing not in ("waiting", "vetoed", "expired")]
    known = [step.number for step in ran if not step.is_archived]
    return list(st.multiselect("Also these trials", known, key=f"curves-also-{view.study.id}", max_selections=6))


def _mark_best(drawn: go.Figure, seen: Curves, row: int, colours: Palette) -> None:
    """Before any trace is there, so the empty subplot must be asked for: Plotly leaves those out unasked."""
    if seen.best is None:
        return
    place = {"row": row, "col": 1, "exclude_empty_subplots": False}
    if seen.noise_floor:
        low, high = seen.best - seen.noise_floor, seen.best + seen.noise_floor
        drawn.add_hrect(low, high, fillcolor=colours.band, line_width=0, layer="below", **place)
    drawn.add_hline(seen.best, line={"color": colours.green, "width": 1, "dash": "dot"}, **place)


def _mark_references(drawn: go.Figure, marks: References, row: int, colours: Palette) -> None:
    line = {"color": colours.muted, "width": 1.2, "dash": "dot"}
    for _, value in marks:
        drawn.add_hline(value, line=line, layer="below", row=row, col=1, exclude_empty_subplots=False)


def _draw(drawn: go.Figure, line: Line, look: Look, part: str, by: str, row: int) -> None:
    x = _along(line, by)
    place = {"row": row, "col": 1}
    if part == VALIDATION and line.low:
        outline = {"x": [*x, *reversed(x)], "y": [*line.high, *reversed(line.low)]}
        drawn.add_scatter(
            **outline,
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=look.colour,
            opacity=0.16,
            hoverinfo="skip",
            **place,
        )
    drawn.add_scatter(
        x=x,
        y=_values(line, part),
        mode="lines" if len(x) > 1 else "markers",
        line={"color": look.colour, "width": look.width, "dash": look.dash},
        name=line.label,
        marker={"color": look.colour, "size": 6},
        opacity=look.opacity,
        hovertemplate=f"{line.label}<br>{by} %{{x:.4~g}}: %{{y:.4f}}<extra></extra>",
        **place,
    )
    if line.is_live:
        end = {"x": x[-1:], "y": _values(line, part)[-1:]}
        drawn.add_scatter(**end, mode="markers", marker={"color": look.colour, "size": 8}, hoverinfo="skip", **place)


def _name_ends(
    drawn: go.Figure, ends: Sequence[tuple[float, str, str]], span: tuple[float, float], row: int, pixels: float
) -> None:
    """Labels at the right edge: value, text and ink of each, moved apart so that none covers another."""
    low, high = span
    ordered = sorted(ends, key=lambda each: each[0])
    places = apart([value for value, _, _ in ordered], (high - low) * LABEL_GAP / pixels, low, high)
    for (_, text, ink), place in zip(ordered, places, strict=True):
        drawn.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=place,
            yref=f"y{row if row > 1 else ''}",
            showarrow=False,
            text=text,
            font={"size": 12, "color": ink},
        )


def apart(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Rising values moved so that two neighbours are `gap` apart, inside low to high where there is room."""
    places: list[float] = []
    for value in values:
        places.append(max(value, low, places[-1] + gap if places else low))
    above = high
    for index in reversed(range(len(places))):
        places[index] = min(places[index], above)
        above = places[index] - gap
    return places


def _bold(line: Line) -> str:
    return f"<b>{line.number}</b>{line.label.removeprefix(str(line.number))}"


def _range(lines: list[Line], part: str, references: References) -> tuple[float, float]:
    """From the lowest to the highest without first epochs far below every end; reference lines widen it, unless they
    lie far below."""
    values = [float(value) for line in lines for value in _values(line, part) if value is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if part == VALIDATION:
        high = max([high, *(value for _, value in references)])
        low = max(low, min(_last(line, part) for line in lines) * STEEP) if len(values) > 12 else low
        low = min([low, *(value for _, value in references if value >= high * STEEP)])
    pad = (high - low or high or 1.0) * 0.06
    return low - pad, high + pad


def _values(line: Line, part: str) -> tuple[float | None, ...]:
    return line.validation if part == VALIDATION else line.loss


def _last(line: Line, part: str) -> float:
    return next(value for value in reversed(_values(line, part)) if value is not None)


def _along(line: Line, by: str) -> tuple[float, ...]:
    return line.epochs if by == "epoch" else line.minutes


def _look(line: Line, colours: Palette) -> Look:
    """By its role: blue is what runs or is chosen, green the current best, the rest is grey."""
    if line.is_live or line.role == "chosen":
        return Look(colours.blue, colours.blue_text, 2.2)
    if line.role == "best":
        return Look(colours.green, colours.green_text, 2.2)
    if line.role == "best before":
        return Look(colours.text, colours.text, dash="dash", opacity=OPACITY[line.role])
    return Look(colours.gray, colours.muted, opacity=OPACITY[line.role])


def _is_live(seen: Curves) -> bool:
    return any(line.is_live for line in seen.lines)


def _told(seen: Curves, references: References) -> str:
    ends = [f"{line.label}: {line.validation[-1]:.4f} at epoch {line.epochs[-1]}" for line in seen.lines]
    ends += [f"{label}: {value:.4f}" for label, value in references]
    return "Learning curves of the validation objective. " + "; ".join(ends)
