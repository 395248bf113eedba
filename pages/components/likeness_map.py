"""The map of nearest datasets: the study's own in the middle, the others as far away as they are unlike."""

from collections.abc import Sequence
from math import cos, sin

import plotly.graph_objects as go
import streamlit as st

from core.views.likeness_map import Box, Place, Spot, label_sides, short_name
from pages.components.chart import chart
from pages.components.intervals import marker
from pages.components.rows import small
from pages.components.style import Palette, figure, palette
from pages.components.workspace import escaped

RINGS = {0.5: "alike", 1.0: "unlike"}  # scales, as in the words for features
FURTHEST = 2.0  # scales: what lies beyond stands at the edge
HEIGHT = 232  # px
MOST_LABELS, LONGEST_NAME = 8, 16
NARROWEST = 0.85  # of its height, on a phone
LETTER = 6.4  # px of a name's letter, on average


def map_card(name: str, spots: Sequence[Spot]) -> None:
    """The map with its legend."""
    with st.container(border=True, height="stretch"):
        st.markdown(f"**Around {escaped(name)}**")
        words = "; ".join(spot.words for spot in spots)
        chart(map_figure(name, spots), key="likeness_map", alt=words, height=HEIGHT)
        small(
            "● with lessons · ○ without · □ from a memory pack. Distance from the middle is exact; neighbours at "
            "the rim are like one another."
        )


def map_figure(name: str, spots: Sequence[Spot]) -> go.Figure:
    """Rings at the limits of alike and unlike; names of the nearest."""
    colours = palette()
    drawn = figure(colours)
    reach = min(max([1.1, *(spot.distance for spot in spots)]), FURTHEST) * 1.12
    for radius in (radius for radius in RINGS if radius < reach):
        _ring(drawn, colours, radius)
    drawn.add_scatter(
        x=[0.0],
        y=[0.0],
        mode="markers",
        marker=marker("diamond", colours.blue, colours, 11),
        hovertext=name,
        hoverinfo="text",
    )
    sides = _sides(spots, reach)
    for place, spot in enumerate(spots):
        _spot(drawn, colours, spot, sides[place] if place < MOST_LABELS else "")
    wide = 1.6 * reach  # the card is wider than it is high, and names stand beside their places
    held = {"visible": False, "fixedrange": True, "constrain": "domain"}  # else each resize would widen the ranges
    drawn.update_xaxes(range=[-wide, wide], **held)
    drawn.update_yaxes(range=[-reach, reach], scaleanchor="x", **held)
    drawn.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return drawn


def _sides(spots: Sequence[Spot], reach: float) -> list[str]:
    """Where each name goes; measured as on a narrow screen, where names take most room."""
    pixel = 2 * reach / (HEIGHT * NARROWEST)
    line = 13 * pixel
    rings = [_ring_label(radius, pixel) for radius in RINGS if radius < reach]
    widths = [LETTER * pixel * len(short_name(spot.name, spot.is_foreign, LONGEST_NAME)) for spot in spots]
    middle = (-line / 2, -line / 2, line / 2, line / 2)
    return label_sides([_place(spot) for spot in spots], widths, line, [*rings, middle])


def _ring_label(radius: float, pixel: float) -> Box:
    x, y = -0.71 * radius, -0.71 * radius
    wide = LETTER * pixel * len(RINGS[radius])
    return (x - wide / 2, y - 8 * pixel, x + wide / 2, y + 8 * pixel)


def _place(spot: Spot) -> Place:
    radius = min(spot.distance, FURTHEST)
    return radius * cos(spot.angle), radius * sin(spot.angle)


def _ring(drawn: go.Figure, colours: Palette, radius: float) -> None:
    line = {"color": colours.border, "width": 1, "dash": "dot"}
    box = {"x0": -radius, "x1": radius, "y0": -radius, "y1": radius}
    drawn.add_shape(type="circle", **box, line=line, layer="below")
    note = {"font": {"size": 10.5, "color": colours.muted}, "showarrow": False, "bgcolor": colours.background}
    drawn.add_annotation(x=-0.71 * radius, y=-0.71 * radius, text=RINGS[radius], **note)


def _spot(drawn: go.Figure, colours: Palette, spot: Spot, side: str) -> None:
    x, y = _place(spot)
    symbol = "square-open" if spot.is_foreign else "circle" if spot.lessons else "circle-open"
    drawn.add_scatter(
        x=[x],
        y=[y],
        mode="markers+text" if side else "markers",
        marker=marker(symbol, colours.blue if spot.lessons else colours.gray, colours, 9),
        text=[short_name(spot.name, spot.is_foreign, LONGEST_NAME)],
        textposition=side or "top center",
        textfont={"size": 11, "color": colours.text},
        hovertext=spot.words,
        hoverinfo="text",
        cliponaxis=False,
    )
