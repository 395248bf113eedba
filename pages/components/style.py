"""Colours, glyphs and the one Plotly template; the values are those of .streamlit/config.toml.

Verdicts are green against violet (what does not help is knowledge, not an accident), red is for what broke, and a glyph
always stands beside the colour.
"""

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

FONT = "IBM Plex Sans, sans-serif"
FEW = 6  # numbers along an axis, each with its tick
LABEL_MARGIN = 116  # px at the right, where labels at line ends stand instead of a legend


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; `green` marks and lines, `green_text` text, `green_soft` areas behind either."""

    background: str
    soft: str
    text: str
    muted: str
    border: str
    primary: str
    link: str
    grid: str
    band: str
    gray: str
    gray_text: str
    gray_soft: str
    green: str
    green_text: str
    green_soft: str
    violet: str
    violet_text: str
    violet_soft: str
    blue: str
    blue_text: str
    blue_soft: str
    orange: str
    orange_text: str
    orange_soft: str
    red: str
    red_text: str
    red_soft: str
    series: tuple[str, ...]  # of things to tell apart; from one another and from `text` 27 (CIE76) in any sight

    @property
    def colours(self) -> tuple[str, ...]:
        """All of them, in the same order in both themes, the background first."""
        return (*(value for value in vars(self).values() if isinstance(value, str)), *self.series)

    def mark(self, colour: str) -> str:
        """The colour of marks and lines by its name ("green")."""
        return str(getattr(self, colour))

    def ink(self, colour: str) -> str:
        """The colour of text by its name."""
        return str(getattr(self, f"{colour}_text"))


LIGHT = Palette(
    *("#ffffff", "#f3f5f8", "#121722", "#566074", "#dfe3ea", "#3355cc", "#2b4bb8"),
    *("#e9ecf1", "rgba(86,96,116,.13)"),
    *("#6b7588", "#566074", "#eef0f4"),
    *("#12805c", "#0b6b4f", "#e4f4ed"),
    *("#7b4fc0", "#6535a6", "#f2ecfb"),
    *("#2f6fe0", "#1f55b5", "#e8f0fd"),
    *("#c9660f", "#8f430a", "#fdf0e3"),
    *("#c93a42", "#a82a32", "#fdecec"),
    ("#2e1ed1", "#b5511a", "#307e72", "#50127c", "#5f2b0e"),
)
DARK = Palette(
    *("#12161d", "#1c222c", "#e4e8ee", "#a3adbd", "#2c3441", "#476aeb", "#9db6ff"),
    *("#232a35", "rgba(163,173,189,.16)"),
    *("#8b95a7", "#a3adbd", "#252c37"),
    *("#3fbf8f", "#74d6ae", "#12352a"),
    *("#a884ee", "#c8adf7", "#2c2145"),
    *("#6ba3ff", "#94bcff", "#182c4d"),
    *("#e08a3c", "#f0ab6c", "#3d2813"),
    *("#e8646c", "#f59a9e", "#45191d"),
    ("#e1c82e", "#9367e9", "#83ed8e", "#c669a7", "#169823"),
)


@dataclass(frozen=True)
class Sign:
    """How a standing looks: `glyph` in Markdown, `colour` by Streamlit's name (also Palette.mark and ink), `symbol` for
    Plotly's markers, `word` as it is read."""

    glyph: str
    colour: str
    symbol: str
    word: str


SIGNS = {
    "better": Sign("▲", "green", "triangle-up", "better"),
    "helped": Sign("▲", "green", "triangle-up", "helped"),
    "not better": Sign("▼", "violet", "triangle-down", "not better"),
    "hurt": Sign("▼", "violet", "triangle-down", "hurt"),
    "inconclusive": Sign("○", "gray", "circle-open", "inconclusive"),
    "baseline": Sign("■", "gray", "square", "baseline"),
    "pruned": Sign("✕", "orange", "x", "pruned"),
    "failed": Sign(":material/error:", "red", "x-thin-open", "failed"),
    "running": Sign(":material/play_circle:", "blue", "circle", "running"),
    "queued": Sign(":material/schedule:", "gray", "circle-open", "queued"),
    "waiting": Sign(":material/hourglass_empty:", "gray", "diamond-open", "waits for you"),
    "predicted": Sign("◆", "blue", "diamond", "predicted"),
    "vetoed": Sign(":material/block:", "gray", "circle-x-open", "vetoed"),
    "expired": Sign(":material/timer_off:", "gray", "circle-x-open", "expired"),
    "cancelled": Sign(":material/cancel:", "gray", "circle-x-open", "cancelled"),
    "complete": Sign(":material/check_circle:", "green", "circle", "complete"),
    "active": Sign(":material/play_circle:", "blue", "circle", "active"),
    "paused": Sign(":material/pause_circle:", "gray", "circle", "paused"),
    "stopping": Sign(":material/stop_circle:", "orange", "circle", "stopping"),
    "finished": Sign(":material/check_circle:", "green", "circle", "finished"),
    "lesson": Sign(":material/psychology:", "gray", "star-open", "lesson"),
    "approved": Sign(":material/check:", "blue", "circle-open", "approved"),
    "untested": Sign("–", "gray", "circle-open", "untested"),
}


def sign(name: str) -> Sign:
    """The sign of a state, verdict or outcome; an unknown word is shown grey, as it is."""
    return SIGNS.get(str(name)) or Sign("·", "gray", "circle-open", str(name))


def is_dark() -> bool:
    """Whether the viewer's theme is dark; it may change without a rerun, so ask within a fragment."""
    return st.context.theme.type == "dark"


def palette() -> Palette:
    """The colours of the viewer's theme."""
    return DARK if is_dark() else LIGHT


def template(colours: Palette | None = None) -> go.layout.Template:
    """Transparent paper, Plex, horizontal grid only, no legend, room at the right for labels at line ends."""
    colours = colours or palette()
    axis = {
        "zeroline": False,
        "linecolor": colours.border,
        "tickcolor": colours.border,
        "tickfont": {"size": 11.5, "color": colours.muted},
        "title": {"font": {"size": 11.5, "color": colours.muted}, "standoff": 8},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": colours.text},
            "showlegend": False,
            "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": colours.soft,
                "bordercolor": colours.border,
                "font": {"family": FONT, "size": 12, "color": colours.text},
            },
            "margin": {"l": 8, "r": LABEL_MARGIN, "t": 8, "b": 8},
            "separators": ". ",
            "xaxis": {**axis, "showgrid": False, "showline": True},
            "yaxis": {**axis, "showgrid": True, "gridcolor": colours.grid, "showline": False},
            "colorway": [colours.blue, colours.green, colours.gray, colours.violet, colours.orange],
        }
    )


def whole_ticks(last: int) -> dict[str, object]:
    """Of an axis from 1 to `last`: whole numbers, few enough to stand upright on a phone."""
    step = {"dtick": 1 if last <= FEW else 2, "tick0": 0} if last <= 2 * FEW else {}
    return {"tickformat": "d", "tickangle": 0, **step}


def figure(colours: Palette | None = None) -> go.Figure:
    """An empty figure in our template, without Plotly's own large one."""
    return go.Figure(layout={"template": template(colours)})
