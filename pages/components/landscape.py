"""Importance and Optuna's plots in our own look."""

import plotly.graph_objects as go
import streamlit as st

from core.figures import percent
from core.views.landscape import CONTOUR, EDF, FEWEST, KINDS, MOST_AXES, SLICE, Landscape, drawn
from pages.components.chart import chart
from pages.components.intervals import LETTER
from pages.components.live import versioned
from pages.components.rows import head, small
from pages.components.style import Palette, figure, palette, template

HEIGHT = 330
LEAST = 64  # px of the importance chart
SHOWN_AXES = 3


def importance_card(seen: Landscape, study_id: int) -> None:
    """Which axes the spread of the values hangs on."""
    with st.container(border=True, key="importance"):
        head("What the value hangs on", "importance-head")
        if not _enough(seen):
            return
        rows = seen.importance[:8]
        alt = "; ".join(f"{name} {percent(share, 0)}" for name, share in rows)
        chart(
            _bars(rows), key=f"importance-{study_id}", alt=f"Importance: {alt}", height=max(30 * len(rows) + 16, LEAST)
        )
        small(f"PED-ANOVA through Optuna, over {seen.counted}. It tells of where was looked, not of causes.")


@st.fragment
def landscape_card(seen: Landscape, study_id: int, version: int) -> None:
    """One of Optuna's four plots over chosen axes. A fragment of its own: its choices draw nothing else again."""
    with st.container(border=True, key="landscape"):
        with head("Trials over the search space", "landscape-head"):
            kind = st.segmented_control(
                "Plot", KINDS, default=SLICE, required=True, key="landscape_kind", label_visibility="collapsed"
            )
        if not _enough(seen):
            return
        chosen = list(seen.axes)
        if kind != EDF:
            most = 2 if kind == CONTOUR else MOST_AXES
            chosen = st.multiselect(
                "Axes",
                seen.axes,
                list(seen.axes[: min(most, SHOWN_AXES)]),
                max_selections=most,
                key=f"landscape_axes_{study_id}_{most}",
                label_visibility="collapsed",
            )
            if len(chosen) < (2 if kind == CONTOUR else 1):
                small("Choose two axes." if kind == CONTOUR else "Choose an axis.")
                return
        colours = palette()
        made = versioned(
            f"landscape {study_id} {kind}",
            (version, tuple(chosen), colours),
            lambda: _ours(drawn(seen, kind, chosen), colours),
        )
        key = f"landscape-{study_id}-{kind}-{'-'.join(chosen)}"
        chart(made, key=key, alt=f"{kind} of {seen.objective} over {', '.join(chosen)}", height=HEIGHT)
        small(f"{seen.counted}; drawn by Optuna.")


def _enough(seen: Landscape) -> bool:
    if seen.missing:
        small(
            f"Shown from {FEWEST} trials with a value on: {seen.valued} so far, **{seen.missing} more** needed. Fewer "
            "would only show noise."
        )
    elif not seen.importance:
        small("Every trial has the same values on every searched axis; there is nothing to compare yet.")
    return bool(seen.importance)


def _bars(rows: tuple[tuple[str, float], ...]) -> go.Figure:
    colours = palette()
    made = figure(colours)
    names, shares = [name for name, _ in reversed(rows)], [share for _, share in reversed(rows)]
    made.add_bar(
        x=shares, y=names, orientation="h", marker={"color": colours.blue}, hovertemplate="%{x:.1%}<extra></extra>"
    )
    for name, share in rows:
        made.add_annotation(x=share, y=name, text=percent(share, 0), xanchor="left", xshift=6, showarrow=False)
    left = round(LETTER * max(len(name) for name in names)) + 16  # a figure this low gets no automatic margin
    width = min(0.55, 0.25 * len(rows))
    made.update_layout(margin={"l": left, "r": 48, "t": 4, "b": 8}, bargap=1 - width)
    made.update_xaxes(range=[0, max(shares) * 1.02], visible=False)
    made.update_yaxes(showgrid=False, automargin=False)
    return made


def _ours(made: go.Figure, colours: Palette) -> go.Figure:
    """Optuna's figure under our template: no title of its own, our paper, our colours of scale."""
    ours = go.Figure(made)
    ours.update_layout(template=template(colours), title={"text": ""}, margin={"l": 8, "r": 14, "t": 28, "b": 8})
    ours.update_xaxes(tickangle=0)
    if len(list(ours.select_xaxes())) > 1:  # side by side, each has little room
        ours.update_xaxes(tickfont={"size": 10})
        ours.update_xaxes(nticks=3, selector=lambda axis: axis.type != "category")
        ours.update_xaxes(nticks=2, selector={"type": "log"})
    ours.update_layout(font={"color": colours.text, "size": 12}, showlegend=False, width=None, height=None)
    scale = [[0.0, colours.blue_soft], [1.0, colours.blue_text]]
    for trace in ours.data:
        if trace.type == "contour":
            trace.update(colorscale=scale, reversescale=False)
        elif trace.type == "scatter" and trace.marker.color is not None:
            trace.marker.update(colorscale=scale, reversescale=False, showscale=False)
        elif trace.type == "scatter" and trace.mode == "lines":
            trace.line.update(color=colours.blue)
        elif trace.type == "parcoords":
            trace.line.update(colorscale=scale, reversescale=False)
    return ours
