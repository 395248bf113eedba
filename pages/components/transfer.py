"""Parts of the Transfer page: a dataset beside the study's own, rules by datasets, the fate of carried lessons."""

from textwrap import wrap

import plotly.graph_objects as go
import streamlit as st

from core.figures import signed_percent
from core.records import Study
from core.views.lessons import backbone_words
from core.views.likeness_map import short_name
from core.views.rules import Mark, Matrix
from core.views.transfer import TELLING, Carried, Near, Transfer
from pages.components.chart import chart, fine
from pages.components.chips import chip, glyph
from pages.components.intervals import marker
from pages.components.live import versioned
from pages.components.rows import head, small
from pages.components.style import Palette, figure, palette, sign
from pages.components.workspace import escaped

ALIKE = 0.5  # scales: the grey band, as in the words "alike"
FURTHEST = 3.0  # scales: what lies beyond stands at the edge
SHOWN = (*TELLING, "tail_share")
LOOKS = {"alike": ("circle", "green"), "between": ("circle", "gray"), "unlike": ("diamond", "violet")}
ROW = 22  # px
MOST_CHIPS = 3
CELL, HEADER = 40, 76  # px; the header leaves room for names on end
MOST_FIGURES = 6  # columns; with more of them the figures stand in the tooltip
MOST_RULES, MOST_DATASETS = 14, 6  # drawn until a person asks for all
RULE_WIDTH = 16  # letters of a rule's name in a line
WHOLE = 0.1  # a change from here on is written without decimals
MOST_CARRIED = 14
GLYPHS = {"helped": "▲", "hurt": "▼", "both": "▲▼", "inconclusive": "○", "untested": "–"}


def near_card(near: Near, is_alone: bool = False) -> None:
    """One dataset: how alike, feature by feature, and in words with both values; `is_alone`: its features stand in a
    card of their own."""
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{escaped(near.dataset.name)}**", width="content")
            st.markdown(f"**{near.likeness:.2f}** :small[:gray[alike]]", width="content")
        shown = [each for each in near.features if each.name in SHOWN]
        words = "; ".join(f"{each.label} {each.there}, here {each.here}: {each.kind}" for each in shown)
        drawn = versioned(f"near figure {near.dataset.id}", (near, palette()), lambda: near_figure(near))
        chart(drawn, key=f"near_{near.dataset.id}", alt=words, height=ROW * len(shown) + 30)
        small(f"Alike in {escaped(near.alike)}." if near.alike else "Alike in nothing that is known of both.")
        if near.unlike:
            small(f"Unlike in {escaped(near.unlike)}.")
        if is_alone:
            return
        st.space("stretch")
        with st.popover("All features", type="tertiary", key=f"features_{near.dataset.id}"):
            _features(near)


def features_card(near: Near) -> None:
    """Every feature with both values, where there is room for them."""
    with st.container(border=True, height="stretch"):
        st.markdown("**All features**")
        _features(near)


def near_figure(near: Near) -> go.Figure:
    """Offsets in scales from this study's dataset; within the grey band two datasets are alike."""
    colours = palette()
    drawn = figure(colours)
    shown = [each for each in near.features if each.name in SHOWN]
    drawn.add_vrect(-ALIKE, ALIKE, fillcolor=colours.band, line_width=0, layer="below")
    drawn.add_vline(0, line={"color": colours.muted, "width": 1})
    for place, each in enumerate(reversed(shown)):
        symbol, name = LOOKS[each.kind]
        x, colour = max(-FURTHEST, min(FURTHEST, each.offset)), colours.mark(name)
        line = {"color": colour, "width": 3}
        drawn.add_scatter(x=[0, x], y=[place, place], mode="lines", line=line, opacity=0.45, hoverinfo="skip")
        text = f"{each.label}: {each.there}, here {each.here}"
        drawn.add_scatter(
            x=[x],
            y=[place],
            mode="markers",
            marker=marker(symbol, colour, colours, 9),
            hovertext=text,
            hoverinfo="text",
        )
    labels = [each.label for each in reversed(shown)]
    drawn.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=labels,
        showgrid=False,
        range=[-0.7, len(shown) - 0.3],
        fixedrange=True,
    )
    drawn.update_xaxes(
        range=[-FURTHEST - 0.3, FURTHEST + 0.3],
        tickvals=[-2, 0, 2],
        ticktext=["less", "same", "more"],
        showline=False,
        fixedrange=True,
    )
    drawn.update_layout(margin={"l": 8, "r": 8, "t": 2, "b": 22})
    return drawn


def _features(near: Near) -> None:
    columns = {
        "feature": [each.label for each in near.features],
        "here": [each.here for each in near.features],
        "there": [each.there for each in near.features],
        "": [_kind_chip(each.kind) for each in near.features],
    }
    st.table(columns, border="horizontal", hide_header=False, alt="Every feature that both profiles know")


def _kind_chip(kind: str) -> str:
    return {
        "alike": ":green-badge[● alike]",
        "between": ":gray-badge[● between]",
        "unlike": ":violet-badge[◆ unlike]",
    }[kind]


def chosen_matrix(study: Study) -> str:
    """The backbone whose rules are shown, also before the choice was drawn."""
    return str(st.session_state.get(f"matrix_backbone_{study.id}") or study.backbone)


def matrix_card(study: Study, every: Matrix) -> None:
    """Rules by datasets: glyph and colour, with figures in the tooltip; one backbone at a time."""
    with st.container(border=True, height="stretch"):
        with head("Which rule helped where", "matrix-head"):
            _matrix_backbone(study, every)
        if not every.rules:
            st.markdown(f"No rule about {backbone_words(every.backbone)} is known yet.")
            return
        has_all = bool(st.session_state.get("matrix_all"))
        held = every if has_all else every.first(MOST_RULES, MOST_DATASETS)
        drawn = versioned("matrix figure", (held, palette()), lambda: matrix_figure(held))
        chart(drawn, key="matrix", alt=_told(held), height=CELL * len(held.rules) + HEADER)
        legend = f"{glyph('helped')} helped · {glyph('inconclusive')} inconclusive · {glyph('hurt')} hurt · – untested"
        small(
            f"{legend} · with the number of trials and their mean change" + (" · * from a pack" if held.foreign else "")
        )
        rules, datasets = len(every.rules), len(every.datasets)
        if rules > MOST_RULES or datasets > MOST_DATASETS:
            st.toggle(f"Show all {rules} rules and {datasets} datasets", key="matrix_all")


def _matrix_backbone(study: Study, every: Matrix) -> None:
    """A step that helps one backbone may hurt another: their rules are never put together."""
    known = sorted({study.backbone, *every.backbones})
    if len(known) > 1:
        st.segmented_control(
            "Backbone",
            known,
            default=study.backbone,
            required=True,
            format_func=backbone_words,
            key=f"matrix_backbone_{study.id}",
            label_visibility="collapsed",
        )
    else:
        small(backbone_words(study.backbone))


def matrix_figure(held: Matrix) -> go.Figure:
    """Cells in the soft colour of their state with its glyph in ink; the first rule on top."""
    colours = palette()
    drawn = figure(colours)
    for row, marks in enumerate(held.marks):
        for column, mark in enumerate(marks):
            _cell(drawn, colours, (column, len(held.rules) - 1 - row), mark, len(held.datasets) <= MOST_FIGURES)
    x = [column for marks in held.marks for column in range(len(marks))]
    y = [len(held.rules) - 1 - row for row, marks in enumerate(held.marks) for _ in marks]
    words = [
        f"{rule} on {name}: {_state(mark)}, {mark.words}"
        for rule, marks in zip(held.rules, held.marks, strict=True)
        for name, mark in zip(held.datasets, marks, strict=True)
    ]
    points = {"size": 26, "symbol": "square", "opacity": 0}  # they only carry the tooltips
    drawn.add_scatter(x=x, y=y, mode="markers", marker=points, hovertext=words, hoverinfo="text")
    drawn.update_xaxes(
        tickvals=list(range(len(held.datasets))),
        ticktext=_columns(held),
        side="top",
        range=[-0.5, len(held.datasets) - 0.5],
        showline=False,
        fixedrange=True,
        autotickangles=[0, -90],  # on end where the width leaves no room
    )
    labels = ["<br>".join(wrap(rule, RULE_WIDTH)) for rule in reversed(held.rules)]
    drawn.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=labels,
        showgrid=False,
        range=[-0.5, len(labels) - 0.5],
        fixedrange=True,
    )
    drawn.update_layout(margin={"l": 8, "r": 4, "t": 26, "b": 2})
    return drawn


def _cell(drawn: go.Figure, colours: Palette, place: tuple[int, int], mark: Mark, has_figures: bool) -> None:
    x, y = place
    name = {"both": "gray"}.get(mark.state) or sign(mark.state).colour
    if mark.state != "untested":
        soft = str(getattr(colours, f"{name}_soft"))
        edge = {"color": colours.background, "width": 2}
        drawn.add_shape(
            type="rect", x0=x - 0.48, x1=x + 0.48, y0=y - 0.46, y1=y + 0.46, fillcolor=soft, line=edge, layer="below"
        )
    drawn.add_annotation(
        x=x, y=y, text=_in_cell(mark, has_figures), showarrow=False, font={"size": 13, "color": colours.ink(name)}
    )


def _in_cell(mark: Mark, has_figures: bool) -> str:
    """`▲ 2` over `+3.1 %`; the glyph alone where columns are narrow."""
    if not has_figures or not mark.trials:
        return GLYPHS[mark.state]
    if mark.effect is None:
        return f"{GLYPHS[mark.state]} {mark.trials}"
    change = signed_percent(mark.effect, 0 if abs(mark.effect) >= WHOLE else 1)
    return f"{GLYPHS[mark.state]} {mark.trials}<br>{fine(change)}"


def _state(mark: Mark) -> str:
    return "helped and hurt" if mark.state == "both" else mark.state


def _columns(held: Matrix) -> list[str]:
    """Names of the datasets as there is room for them, those of packs with an asterisk."""
    longest = 11
    named = [(name, place in held.foreign) for place, name in enumerate(held.datasets)]
    return [short_name(name, is_foreign, longest) + ("*" if is_foreign else "") for name, is_foreign in named]


def _told(held: Matrix) -> str:
    rows = zip(held.rules, held.marks, strict=True)
    return "; ".join(
        f"{rule}: " + ", ".join(f"{name} {_state(mark)}" for name, mark in zip(held.datasets, marks, strict=True))
        for rule, marks in rows
    )


def carried_table(view: Transfer) -> None:
    """Lessons from elsewhere that were found for this study, and what became of each."""
    with st.container(border=True, height="stretch"):
        head("What became of each carried lesson", "carried-head")
        if not view.carried:
            st.markdown(_none_carried(view))
            return
        told = view.carried[:MOST_CARRIED]
        for each in told:
            _carried(each, view.study.id)
        if (more := len(view.carried) - len(told)) > 0:
            small(f"{more:,} more were shown; those tested here and cited most stand first. All are in the Memory.")
        small("Trust moves only when a trial tests the step a lesson chose. An inconclusive trial pays nothing.")


def _carried(each: Carried, study_id: int) -> None:
    """Two lines, which a narrow screen breaks where it must: what it is with its outcome, then where it is from."""
    with st.container(gap=None):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
            st.markdown(f"[{escaped(each.title)}](/memory?lesson={each.lesson.id})", width="content")
            st.markdown(_outcome(each, study_id), width="content")
        used = [f"shown {_times(each.shown)}"]
        used += [f"cited {_times(each.cited)}"] if each.cited else []
        used += [f"chose the step {_times(each.decisive)}"] if each.decisive else []
        small(f"{escaped(each.origin)} · {', '.join(used)} · trust {_trust(each)}")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _none_carried(view: Transfer) -> str:
    if not view.study.use_memory:
        return "This study was started with memory off: no lesson was shown to its agent."
    if not view.across:
        return "No lesson across datasets is known yet. Studies write them when they end."
    return "None yet: lessons are looked up with the first proposal after the baseline."


def _trust(each: Carried) -> str:
    if not each.moved:
        return f"{each.trust_now:.2f}"
    return f"{each.trust_before:.2f} → **{each.trust_now:.2f}**"


def _outcome(each: Carried, study_id: int) -> str:
    if not each.tested:
        return chip("untested")
    chips = [(chip(test.fate, f"trial {test.number}"), test.number) for test in each.tested[:MOST_CHIPS]]
    return " ".join(f"[{text}](/study?study={study_id}&trial={number})" for text, number in chips)
