"""A trial that is queued or runs: how far each seed is, and whether it is ahead of the current best at its epoch."""

import plotly.graph_objects as go
import streamlit as st

from core.figures import metric, objective_words, signed
from core.records import Study
from core.views.lessons import enumerated
from core.views.trial import TrialView
from core.views.under_way import Lead, SeedLine, UnderWay, under_way
from pages.components.chart import chart
from pages.components.curves import FRAME, LABEL_GAP, apart
from pages.components.intervals import signed_ticks
from pages.components.live import versioned
from pages.components.rows import row, small
from pages.components.style import Palette, figure, palette, whole_ticks
from pages.components.workspace import workspace

HEIGHT = 128
RIGHT = 72  # px for the labels at line ends
SMALLEST = 1e-4  # what the axis reaches at least


def under_way_rows(study: Study, seen: TrialView) -> None:
    """Nothing once all its runs have ended."""
    number = seen.trial.number
    key = f"under-way-{study.id}-{number}"
    now = versioned(key, study.version, lambda: under_way(workspace().store, study, number))
    if now is None:
        return
    with row("Now"):
        _seeds(now)
    if now.lead:
        with row("So far", "The running seed less the current best, epoch by epoch."):
            _ahead(study, seen, now.lead)


def _seeds(now: UnderWay) -> None:
    for line in now.ended:
        small(f"Seed {line.seed}: {line.state} after epoch {line.epoch}, {metric(line.value)} at best")
    for line in now.running:
        told = [f"epoch {line.epoch} of at most {now.most_epochs}", *([line.left] if line.left else [])]
        st.progress(min(line.epoch / now.most_epochs, 1.0), text=f":small[Seed {line.seed}: {' · '.join(told)}]")
    if now.queued:
        small(_waits(now.queued, now.in_line if not now.running else 0))


def _waits(queued: tuple[SeedLine, ...], in_line: int) -> str:
    seeds = enumerated([str(line.seed) for line in queued])
    told = f"Seeds {seeds} are queued" if len(queued) > 1 else f"Seed {seeds} is queued"
    if queued[0].epoch:
        told += f", from epoch {queued[0].epoch} on"
    if not in_line:
        return told
    return (
        f"{told}; {in_line} {'run' if in_line == 1 else 'runs'} of this study {'is' if in_line == 1 else 'are'} first"
    )


def _ahead(study: Study, seen: TrialView, lead: Lead) -> None:
    last = lead.differences[-1]
    floor = seen.noise_floor
    inside = "" if floor is None or abs(last) > floor else ", inside the noise floor"
    words = (
        f"{signed(last)} {objective_words(study.objective)} against trial {lead.against}, the current best, "
        f"at epoch {lead.epochs[-1]}{inside}"
    )
    drawn = lead_figure(lead, floor)
    chart(drawn, key=f"lead-{seen.trial.id}", alt=words, height=HEIGHT)
    small(f"{words}. Only the end is judged.")


def lead_figure(lead: Lead, noise_floor: float | None) -> go.Figure:
    """The current best is the dotted line at zero; the grey band is the noise floor around it."""
    colours = palette()
    drawn = figure(colours)
    if noise_floor:
        drawn.add_hrect(-noise_floor, noise_floor, fillcolor=colours.band, line_width=0, layer="below")
    drawn.add_hline(0, line={"color": colours.green, "width": 1, "dash": "dot"})
    line = {"color": colours.blue, "width": 2.2}
    hover = "epoch %{x}: %{y:+.4f}<extra></extra>"
    drawn.add_scatter(x=lead.epochs, y=lead.differences, mode="lines", line=line, hovertemplate=hover)
    end = {"x": lead.epochs[-1:], "y": lead.differences[-1:]}
    drawn.add_scatter(**end, mode="markers", marker={"color": colours.blue, "size": 8}, hoverinfo="skip")
    reach = 1.15 * max(*map(abs, lead.differences), noise_floor or 0.0, SMALLEST)
    _name_ends(drawn, lead, reach, colours)
    drawn.update_yaxes(range=[-reach, reach], **signed_ticks(-reach, reach))
    last = lead.epochs[-1]
    drawn.update_xaxes(range=[1, max(last, 2)], **whole_ticks(last))
    drawn.update_layout(margin={"l": 8, "r": RIGHT, "t": 4, "b": 8})
    return drawn


def _name_ends(drawn: go.Figure, lead: Lead, reach: float, colours: Palette) -> None:
    """The last difference, and the trial that the line at zero stands for."""
    last = lead.differences[-1]
    ends = sorted(
        [(last, f"<b>{signed(last)}</b>", colours.blue_text), (0.0, f"trial {lead.against}", colours.green_text)]
    )
    gap = 2 * reach * LABEL_GAP / (HEIGHT - FRAME)
    for (_, text, ink), y in zip(ends, apart([at for at, _, _ in ends], gap, -reach, reach), strict=True):
        drawn.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=y,
            showarrow=False,
            text=text,
            font={"size": 12, "color": ink},
        )
