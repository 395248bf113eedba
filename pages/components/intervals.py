"""Changes with their intervals beside the noise band: predicted, observed, or slice by slice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from core.figures import MINUS, signed
from pages.components.style import FONT, Palette, figure, palette, sign

ROW = 30  # px
FOOT = 44  # px for the axis
LEFT, RIGHT = 92, 132  # px for labels and figures
LETTER = 6.8  # px of a letter of a label, on average


@dataclass(frozen=True)
class Bar:
    """One line: a thick interval with the glyph of its verdict, or a thin one with a diamond for a prediction."""

    label: str
    value: float
    low: float | None
    high: float | None
    standing: str
    shows_spread: bool = True


def interval_figure(bars: Sequence[Bar], noise_floor: float | None, min_gain: float) -> go.Figure:
    """The first bar on top. Grey: the noise floor around zero. Dotted: the smallest gain worth keeping."""
    colours = palette()
    drawn = figure(colours)
    low, high = _span(bars, noise_floor, min_gain)
    if noise_floor:
        drawn.add_vrect(-noise_floor, noise_floor, fillcolor=colours.band, line_width=0, layer="below")
    drawn.add_vline(0, line={"color": colours.muted, "width": 1})
    if min_gain:
        drawn.add_vline(min_gain, line={"color": colours.muted, "width": 1, "dash": "dot"})
    for index, bar in enumerate(bars):
        _draw(drawn, bar, len(bars) - 1 - index, colours)
    left = max(LEFT, round(LETTER * max((len(bar.label) for bar in bars), default=0)) + 18)
    drawn.update_layout(margin={"l": left, "r": RIGHT, "t": 4, "b": 26}, hovermode=False)
    drawn.update_xaxes(range=[low, high], **signed_ticks(low, high))
    drawn.update_xaxes(showgrid=False, showline=False, fixedrange=True, tickangle=0)
    drawn.update_yaxes(range=[-0.6, len(bars) - 0.4], visible=False, fixedrange=True)
    return drawn


def height_of(bars: Sequence[Bar]) -> int:
    """Pixels for a figure of these bars."""
    return ROW * len(bars) + FOOT


def told(bars: Sequence[Bar]) -> str:
    """The figure in words, for those who do not see it."""
    return "; ".join(f"{bar.label} {_words(bar)} ({sign(bar.standing).word})" for bar in bars)


def _span(bars: Sequence[Bar], noise_floor: float | None, min_gain: float) -> tuple[float, float]:
    ends = [end for bar in bars for end in (bar.value, bar.low, bar.high) if end is not None]
    ends += [min_gain, 0.0] + ([-noise_floor, noise_floor] if noise_floor else [])
    pad = (max(ends) - min(ends) or 1.0) * 0.06
    return min(ends) - pad, max(ends) + pad


def signed_ticks(low: float, high: float) -> dict[str, Any]:
    """About four round values of an axis of differences, with their signs; zero has none."""
    rough = max(high - low, 1e-9) / 4
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough * 0.8)
    places = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return {"tickvals": places, "ticktext": [_tick(at) for at in places]}


def _tick(at: float) -> str:
    text = f"{abs(at):.6f}".rstrip("0").rstrip(".")
    return "0" if float(text) == 0 else f"{'+' if at > 0 else MINUS}{text}"


def _draw(drawn: go.Figure, bar: Bar, y: int, colours: Palette) -> None:
    look = sign(bar.standing)
    is_prediction = bar.standing == "predicted"
    colour = colours.mark(look.colour)
    if bar.low is not None and bar.high is not None:
        line = {"color": colour, "width": 2 if is_prediction else 5}
        drawn.add_scatter(
            x=[bar.low, bar.high], y=[y, y], mode="lines", line=line, opacity=1.0 if is_prediction else 0.45
        )
    drawn.add_scatter(x=[bar.value], y=[y], mode="markers", marker=marker(look.symbol, colour, colours))
    text = {"xref": "paper", "yref": "y", "y": y, "showarrow": False}
    drawn.add_annotation(
        **text, x=0, xanchor="right", xshift=-8, text=bar.label, font={"size": 12, "color": colours.text}
    )
    drawn.add_annotation(
        **text,
        x=1,
        xanchor="left",
        xshift=10,
        text=_bold(bar),
        font={"family": FONT, "size": 12, "color": colours.text},
    )


def marker(symbol: str, colour: str, colours: Palette, size: int = 10) -> dict[str, object]:
    """A glyph that stands out from the line below it; hollow ones are filled with the page's colour."""
    if symbol == "circle-open":
        return {"symbol": "circle", "size": size, "color": colours.background, "line": {"color": colour, "width": 1.6}}
    edge = colours.background if "open" not in symbol else colour
    return {"symbol": symbol, "size": size + 1, "color": colour, "line": {"color": edge, "width": 1}}


def _words(bar: Bar) -> str:
    if bar.low is None or bar.high is None or not bar.shows_spread:
        return signed(bar.value)
    return f"{signed(bar.value)} ± {(bar.high - bar.low) / 2:.4f}"


def _bold(bar: Bar) -> str:
    value, _, spread = _words(bar).partition(" ")
    return f"<b>{value}</b> {spread}" if bar.standing != "predicted" else f"{value} {spread}"
