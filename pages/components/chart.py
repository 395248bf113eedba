"""Plotly charts that keep zoom and legend while a run goes on.

`st.plotly_chart` is mounted anew at every change of its data; this component calls `Plotly.react` in place instead.
Plotly's script is copied from its own package into the folder Streamlit serves, so nothing is asked of the outside.
"""

import json
import os
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st

from pages.components.style import DARK, LIGHT, Palette, is_dark

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR = STATIC / "vendor"  # not under version control
SOURCE = Path(__file__).with_name("chart.js")
SCRIPT = (
    SOURCE.read_text(encoding="utf-8")
    .replace("PLOTLY_VERSION", plotly.__version__)
    .replace("PALETTE_LIGHT", json.dumps(LIGHT.colours))
    .replace("PALETTE_DARK", json.dumps(DARK.colours))
)

_component = st.components.v2.component("virtualmle_chart", js=SCRIPT, isolate_styles=False)


def chart(figure: go.Figure, key: str, alt: str, height: int = 260) -> None:
    """Draw a figure made with `style.figure()`; `alt` says in words what it shows, `height` is in pixels.

    `key` is also its `uirevision`, unless the figure sets another: while it stays, zoom and hidden lines stay.
    """
    serve_plotly()
    if figure.layout.uirevision is None:
        figure.layout.uirevision = key
    data: dict[str, Any] = {
        "figure": figure.to_json(),
        "alt": alt,
        "height": height,
        "theme": "dark" if is_dark() else "light",
    }
    _component(key=key, data=data, height=height)


def link(text: str, address: str, colours: Palette) -> str:
    """A link in an annotation. `address` is relative to the page's, so that it holds under a base path too."""
    return f'<a href="{address}" target="_self" style="color:{colours.link}">{text}</a>'


def fine(text: str) -> str:
    """Small print in an annotation."""
    return f"<span style='font-size:10.5px'>{text}</span>"


@cache
def serve_plotly() -> Path:
    """Plotly's script in the folder that Streamlit serves; copied once per version."""
    wanted = VENDOR / f"plotly-{plotly.__version__}.min.js"
    if not wanted.exists():
        VENDOR.mkdir(parents=True, exist_ok=True)
        sibling = VENDOR / f".{wanted.name}.{os.getpid()}"
        shutil.copyfile(str(files("plotly") / "package_data" / "plotly.min.js"), sibling)
        os.replace(sibling, wanted)  # another process may do the same at the same moment
    return wanted
