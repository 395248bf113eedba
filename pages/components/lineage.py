"""The lineage of a study's trials as a tree, one row a trial, the difference beside each."""

import plotly.graph_objects as go
import streamlit as st

from core.figures import metric
from core.records import Study
from core.views.lineage import Lineage, Node, lineage
from core.views.trial_table import author_word
from pages.components.chart import chart, link
from pages.components.intervals import marker
from pages.components.live import versioned
from pages.components.rows import head, small
from pages.components.style import Palette, figure, is_dark, palette, sign
from pages.components.workspace import workspace

ROW = 27  # px
WIDE = 26.0  # lanes that would fit side by side


def lineage_card(study: Study, version: int, chosen: int | None) -> None:
    """Draw it in a fragment, so that it follows the theme."""
    key = f"lineage-page-{study.id}"
    page = int(st.session_state.get(key, 1)) - 1
    look = (version, chosen, page)
    seen = versioned(f"lineage-{study.id}", look, lambda: lineage(workspace().store, study, chosen, page))
    with st.container(border=True, key="lineage-card"):
        with head("Which trial came of which", "lineage-head"):
            if seen.pages > 1:
                small(f"{seen.left_out:,} more on {seen.pages} pages, newest first")
                st.session_state[key] = min(page + 1, seen.pages)
                st.number_input("Page", 1, seen.pages, key=key, width=110, label_visibility="collapsed")
        if not seen.nodes:
            small("No trial yet.")
            return
        chart(
            versioned(f"lineage-{study.id}-figure", (*look, is_dark()), lambda: lineage_figure(seen, study.id)),
            key=f"lineage-{study.id}",
            alt=_told(seen),
            height=ROW * len(seen.nodes) + 12,
        )
        small(
            "The trunk at the left leads to the current best; a branch tells what it changed, and at the right its "
            "gain against the current best of its time. A number opens its trial."
        )


def lineage_figure(seen: Lineage, study_id: int) -> go.Figure:
    """Rows downwards, lanes to the right."""
    colours = palette()
    drawn = figure(colours)
    best = {node.row for node in seen.nodes if node.lane == 0}
    for is_trunk in (False, True):
        x: list[float | None] = []
        y: list[float | None] = []
        for node in seen.nodes:
            if node.parent_row is not None and (node.row in best) == is_trunk:
                parent = seen.nodes[node.parent_row]
                x += [parent.lane, parent.lane, node.lane, None]
                y += [parent.row, node.row, node.row, None]
        line = {"color": colours.green if is_trunk else colours.border, "width": 2.4 if is_trunk else 1.4}
        drawn.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")
    _signs(drawn, seen, colours)
    drawn.update_layout(
        margin={"l": 8, "r": 8, "t": 2, "b": 2},
        annotations=[note for node in seen.nodes for note in _notes(node, study_id, colours)],
    )
    drawn.update_xaxes(range=[-0.4, WIDE], visible=False, fixedrange=True)
    drawn.update_yaxes(range=[len(seen.nodes) - 0.5, -0.5], visible=False, fixedrange=True)
    return drawn


def _signs(drawn: go.Figure, seen: Lineage, colours: Palette) -> None:
    """One trace for each standing: a trace costs milliseconds."""
    for name in dict.fromkeys(node.standing for node in seen.nodes):
        look, own = sign(name), [node for node in seen.nodes if node.standing == name]
        drawn.add_scatter(
            x=[node.lane for node in own],
            y=[node.row for node in own],
            mode="markers",
            marker=marker(look.symbol, colours.mark(look.colour), colours),
            text=[_hover(node) for node in own],
            hoverinfo="text",
        )


def _hover(node: Node) -> str:
    mark = f" · {node.mark}" if node.mark else ""
    return (
        f"trial {node.number}, {sign(node.standing).word}{mark}<br>{node.whole_edge or node.edge}<br>"
        f"value {metric(node.value)}, planned by {author_word(node.author)}"
    )


def _notes(node: Node, study_id: int, colours: Palette) -> list[dict[str, object]]:
    """The number with its difference, and the gain at the right."""
    address = link(str(node.number), f"study?study={study_id}&trial={node.number}", colours)
    mark = f"  <b>{node.mark}</b>" if node.mark else ""  # before the edge, whose end a phone leaves no room for
    ink = colours.text if node.lane == 0 else colours.muted
    common = {"y": node.row, "showarrow": False, "font": {"size": 12, "color": ink}, "bgcolor": colours.background}
    text = f"<b>{address}</b>{mark}  {node.edge}"
    notes: list[dict[str, object]] = [{**common, "x": node.lane, "xanchor": "left", "xshift": 11, "text": text}]
    if node.gain:
        gain = f"<b>{node.gain}</b>" if node.standing == "better" else node.gain
        notes.append(
            {**common, "x": 1, "xref": "paper", "xanchor": "right", "xshift": 10, "borderpad": 5, "text": gain}
        )
    return notes


def _told(seen: Lineage) -> str:
    each = (
        f"trial {node.number} ({sign(node.standing).word})"
        + (f" from trial {seen.nodes[node.parent_row].number}: {node.edge}" if node.parent_row is not None else "")
        for node in seen.nodes
    )
    return "Lineage. " + "; ".join(each)
