"""How the report's plots look (the light theme), and how a figure becomes clean SVG that needs nothing from outside.

matplotlib (0.5 s) is imported where it draws: every verb of the command line passes here.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT, GREY, GREY_TEXT, GRID, BAND = "#121722", "#6b7588", "#566074", "#e9ecf1", "#e8eaee"
GREEN, VIOLET, BLUE = "#12805c", "#7b4fc0", "#2f6fe0"
FONT = "'IBM Plex Sans', system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
POINTS = 8  # of all text; a plot of 4.7 inches is shown about 430 px wide
# Text is measured in DejaVu, which comes with matplotlib, and shown in the reader's own font of FONT.
_RC = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": POINTS,
    "axes.unicode_minus": True,
}
_drawing = threading.Lock()  # matplotlib's settings belong to the whole process


def new_axes(width: float, height: float, margins: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    """A figure in inches with `margins` left, right, bottom, top in inches; no frame, no ticks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    left, right, bottom, top = margins
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    )
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=GREY_TEXT, labelsize=POINTS - 0.5)
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    return figure, axes


def end_labels(axes: Axes, labels: Sequence[tuple[float, float, str, str]]) -> None:
    """Names at line ends instead of a legend, moved apart where they would touch; each (x, y, text, colour)."""
    if not labels:
        return
    low, high = axes.get_ylim()
    inches = axes.get_window_extent().height / axes.figure.dpi
    gap = (high - low) * (POINTS * 1.25 / 72) / inches
    placed: float | None = None
    right = max(x for x, *_ in labels)
    for _, y, text, colour in sorted(labels, key=lambda each: each[1]):
        placed = y if placed is None else max(y, placed + gap)
        axes.annotate(
            text, (right, placed), (6, 0), textcoords="offset points", va="center", color=colour, annotation_clip=False
        )


def svg_of(draw: Callable[[], Figure], name: str, alt: str) -> str:
    """Run `draw() -> Figure` and give its SVG: no metadata, no unused ids, ids that differ from other plots'."""
    import matplotlib

    settings: Any = {**_RC, "svg.hashsalt": name}
    with _drawing, matplotlib.rc_context(settings):
        buffer = io.StringIO()
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        draw().savefig(buffer, format="svg", metadata=none)
    return _clean(buffer.getvalue(), alt)


def _clean(svg: str, alt: str) -> str:
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"font-family: 'DejaVu Sans';? ?", "", svg)  # once, on the root, from where it is inherited
    root, rest = svg.split(">", 1)
    root = re.sub(r' (?:width|height)="[^"]*"', "", root)
    root += f' role="img" aria-label="{escape(alt)}" font-family="{FONT}"'
    return re.sub(r"\n\s*", "\n", f"{root}>{rest}").strip() + "\n"
