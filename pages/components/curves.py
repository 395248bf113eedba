"""The learning curves: live, several trials overlaid, zoom kept."""

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.views.curves import TRAIN_LOSS, VALIDATION, Curves, Line, smoothed
from core.views.curves import curves as curves_view
from core.views.study import StudyView
from pages.components.chart import chart
from pages.components.live import versioned
from pages.components.rows import head, small
from pages.components.style import Palette, palette, template
from pages.components.workspace import workspace

BOTH = "both"
HEIGHT = 232
LABEL_GAP = 17  # px between two labels at line ends
OPACITY = {"chosen": 1.0, "best": 1.0, "best before": 0.9, "baseline": 0.9, "other": 0.55}


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
        drawn = curves_figure(smoothed(seen, float(weight)), str(what or VALIDATION), str(by or "epoch"))
        if is_log:
            drawn.update_xaxes(type="log")
        drawn.layout.uirevision = f"{study.id} {what} {by} {is_log}"
        chart(drawn, key=f"curves-{study.id}", alt=_told(seen), height=HEIGHT)
        told = f":blue[:material/play_circle:] {view.running}" if _is_live(seen) else view.protocol
        small(f"{told} · smoothed" if weight else told)


def curves_figure(seen: Curves, what: str, by: str) -> go.Figure:
    """Validation, training loss, or both above each other with one axis along."""
    colours = palette()
    parts = [VALIDATION, TRAIN_LOSS] if what == BOTH else [what]
    drawn = make_subplots(rows=len(parts), cols=1, shared_xaxes=True, vertical_spacing=0.08)
    drawn.update_layout(template=template(colours), margin={"l": 8, "r": 122, "t": 6, "b": 8})
    for index, part in enumerate(parts, start=1):
        if part == VALIDATION:
            _mark_best(drawn, seen, index, colours)
        lines = [line for line in seen.lines if any(value is not None for value in _values(line, part))]
        for line in reversed(lines):
            _draw(drawn, line, part, by, index, colours)
        _name_lines(drawn, lines, part, by, index, len(parts), colours)
        drawn.update_yaxes(
            range=_range(lines, part, seen), tickformat=".3f" if part == VALIDATION else ".3~g", nticks=5, row=index
        )
    drawn.update_xaxes(title_text=by, row=len(parts))
    return drawn


def _also(view: StudyView) -> list[int]:
    ran = [step for step in view.steps if step.standing not in ("waiting", "vetoed", "expired")]
    known = [step.number for step in ran if not step.is_archived]
    return list(st.multiselect("Also these trials", known, key=f"curves-also-{view.study.id}", max_selections=6))


def _mark_best(drawn: go.Figure, seen: Curves, row: int, colours: Palette) -> None:
    if seen.best is None:
        return
    if seen.noise_floor:
        low, high = seen.best - seen.noise_floor, seen.best + seen.noise_floor
        drawn.add_hrect(low, high, fillcolor=colours.band, line_width=0, layer="below", row=row, col=1)
    drawn.add_hline(seen.best, line={"color": colours.green, "width": 1, "dash": "dot"}, row=row, col=1)


def _draw(drawn: go.Figure, line: Line, part: str, by: str, row: int, colours: Palette) -> None:
    x, colour = _along(line, by), _colour(line, colours)
    if part == VALIDATION and line.low:
        outline = {"x": [*x, *reversed(x)], "y": [*line.high, *reversed(line.low)]}
        drawn.add_scatter(
            **outline,
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=colour,
            opacity=0.16,
            hoverinfo="skip",
            row=row,
            col=1,
        )
    style = {"color": colour, "width": 2.2 if line.role in ("chosen", "best") or line.is_live else 1.5}
    if line.role == "best before":
        style["dash"] = "dash"
    drawn.add_scatter(
        x=x,
        y=_values(line, part),
        mode="lines" if len(x) > 1 else "markers",
        line=style,
        name=line.label,
        marker={"color": colour, "size": 6},
        opacity=OPACITY[line.role] if not line.is_live else 1.0,
        hovertemplate=f"{line.label}<br>{by} %{{x:.4~g}}: %{{y:.4f}}<extra></extra>",
        row=row,
        col=1,
    )
    if line.is_live:
        drawn.add_scatter(
            x=x[-1:],
            y=_values(line, part)[-1:],
            mode="markers",
            marker={"color": colour, "size": 8},
            hoverinfo="skip",
            row=row,
            col=1,
        )


def _name_lines(drawn: go.Figure, lines: list[Line], part: str, by: str, row: int, rows: int, colours: Palette) -> None:
    """Labels at the right edge, pushed apart so that none covers another."""
    low, high = _range(lines, part, None)
    gap = (high - low) * LABEL_GAP * rows / (HEIGHT - 52)
    ends = sorted(((float(_last(line, part)), line) for line in lines), key=lambda pair: pair[0])
    place = float("-inf")
    for value, line in ends:
        place = max(value, place + gap, low)
        drawn.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=place,
            yref=f"y{row if row > 1 else ''}",
            showarrow=False,
            text=f"<b>{line.number}</b>{line.label.removeprefix(str(line.number))}",
            font={"size": 12, "color": _ink(line, colours)},
        )


def _range(lines: list[Line], part: str, seen: Curves | None) -> tuple[float, float]:
    values = [float(value) for line in lines for value in _values(line, part) if value is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if part == VALIDATION:  # the first epochs are steep and tell little: leave the lowest part out
        low = max(low, high * 0.35) if len(values) > 12 else low
    pad = (high - low or high or 1.0) * 0.06
    return low - pad, high + pad


def _values(line: Line, part: str) -> tuple[float | None, ...]:
    return line.validation if part == VALIDATION else line.loss


def _last(line: Line, part: str) -> float:
    return next(value for value in reversed(_values(line, part)) if value is not None)


def _along(line: Line, by: str) -> tuple[float, ...]:
    return line.epochs if by == "epoch" else line.minutes


def _colour(line: Line, colours: Palette) -> str:
    if line.is_live or line.role == "chosen":
        return colours.blue
    return {"best": colours.green, "best before": colours.text}.get(line.role, colours.gray)


def _ink(line: Line, colours: Palette) -> str:
    if line.is_live or line.role == "chosen":
        return colours.blue_text
    return {"best": colours.green_text, "best before": colours.text}.get(line.role, colours.muted)


def _is_live(seen: Curves) -> bool:
    return any(line.is_live for line in seen.lines)


def _told(seen: Curves) -> str:
    ends = (f"{line.label}: {line.validation[-1]:.4f} at epoch {line.epochs[-1]}" for line in seen.lines)
    return "Learning curves of the validation objective. " + "; ".join(ends)
