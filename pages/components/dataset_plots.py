"""The curves of a dataset, with another one's in grey behind them."""

from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from core.data.distributions import Curve
from core.views.datasets import Plot, in_words
from core.views.moments import zone_named
from pages.components.chart import chart
from pages.components.rows import small
from pages.components.style import FONT, Palette, figure, palette
from pages.components.workspace import escaped

HEIGHT = 170
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SPANS = {1.0: "1 s", MINUTE: "1 min", HOUR: "1 h", DAY: "1 d", 30 * DAY: "30 d", 365 * DAY: "1 y"}
DECADES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)


def plot_card(plot: Plot, key: str) -> None:
    """One plot with its title and what it says."""
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plot.title}**")
        small(plot.told)
        chart(plot_figure(plot), key=f"{key}-{plot.name}", alt=in_words(plot), height=HEIGHT)


def legend(names: list[str]) -> None:
    """Which line is whose, once for all plots."""
    looks = (":blue[**━**]", ":gray[**┅**]")
    small(" &nbsp; ".join(f"{look} {escaped(name)}" for look, name in zip(looks, names, strict=False)))


def plot_figure(plot: Plot) -> go.Figure:
    """Shares up; the dataset itself blue, the other one grey and dotted."""
    colours = palette()
    drawn = figure(colours)
    for place, (name, curve) in reversed(list(enumerate(plot.curves))):
        drawn.add_scatter(
            x=_places(plot, curve),
            y=curve.y,
            mode="lines",
            name=name,
            line=_line(place, colours),
            hovertemplate=f"%{{y:.1%}} at %{{x}}<extra>{name}</extra>",
        )
    drawn.update_layout(margin={"l": 8, "r": 14, "t": 6, "b": 8}, font={"family": FONT})
    drawn.update_yaxes(tickformat=".0%", range=[0, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], fixedrange=True)
    drawn.update_xaxes(title_text=plot.axis, **_axis(plot))
    return drawn


def _line(place: int, colours: Palette) -> dict[str, object]:
    if place == 0:
        return {"color": colours.blue, "width": 2.2}
    return {"color": colours.gray, "width": 1.8, "dash": "dot"}


def _places(plot: Plot, curve: Curve) -> list[object]:
    if plot.scale == "time":
        return [datetime.fromtimestamp(x, zone_named(st.context.timezone)).isoformat() for x in curve.x]
    return list(curve.x)


def _axis(plot: Plot) -> dict[str, object]:
    ends = [x for _, curve in plot.curves for x in (curve.x[0], curve.x[-1])]
    if plot.scale == "share":
        return {"tickformat": ".0%", "range": [0, 1.01], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    if plot.scale == "time":
        return {"nticks": 3, "tickangle": 0}
    ticks = SPANS if plot.scale == "seconds" else {float(each): f"{each:,}" for each in DECADES}
    shown = {at: text for at, text in ticks.items() if min(ends) <= at <= max(ends)}
    return {"type": "log", "tickangle": 0, "tickvals": list(shown), "ticktext": list(shown.values())}
