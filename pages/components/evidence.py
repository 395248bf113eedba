"""What a verdict rests on: the users who gained and lost, and where the gain sits."""

import plotly.graph_objects as go
import streamlit as st

from core.figures import change, objective_words, percent, signed
from core.records import Study
from core.views.slices import SliceGain, slice_gains
from core.views.trial import TrialView
from core.views.user_gains import WIDTH, UserGains, user_gains
from pages.components.chart import chart
from pages.components.intervals import Bar, height_of, interval_figure, told
from pages.components.live import versioned
from pages.components.rows import small
from pages.components.style import figure, palette, sign
from pages.components.workspace import shown_errors, workspace

HEIGHT = 150


def evidence(study: Study, seen: TrialView) -> None:
    """Users first, then slices of them."""
    parts = workspace()
    with shown_errors():
        gains = versioned(
            f"users-{seen.trial.id}",
            (seen.trial.judged_at, len(seen.runs)),
            lambda: user_gains(parts.store, parts.artifacts, study, seen.trial),
        )
        if gains is not None:
            _users(study, seen, gains)
    gain_by_slice(study, seen)


def _users(study: Study, seen: TrialView, gains: UserGains) -> None:
    counts = (
        ("better", "gained", gains.gained),
        ("not better", "lost", gains.lost),
        ("inconclusive", "the same", gains.same),
    )
    words = " &nbsp; ".join(
        f":{sign(name).colour}[{sign(name).glyph}] **{count:,}** {word} ({percent(count / gains.users, 0)})"
        for name, word, count in counts
    )
    st.markdown(f":small[{words}]")
    mean = change(gains.mean, gains.low, gains.high)
    alt = f"{gains.gained} users gained, {gains.lost} lost, {gains.same} stayed the same; mean {mean}"
    chart(users_figure(gains, seen.standing), key=f"users-{seen.trial.id}", alt=alt, height=HEIGHT)
    small(
        f"Change of each user's validation {objective_words(study.objective)} against trial {gains.against}, of those "
        "whose score moved. "
        f"Band: the 95 % interval of the mean over all {gains.users:,} users, {mean}."
    )


def users_figure(gains: UserGains, standing: str) -> go.Figure:
    """Losses violet at the left, gains green at the right, the verdict's interval as a band."""
    colours = palette()
    drawn = figure(colours)
    shown = [(at, count) for at, count in gains.bins if count]
    reach = max((abs(at) for at, _ in shown), default=WIDTH) + WIDTH
    for is_gain, colour in ((False, colours.violet), (True, colours.green)):
        part = [(at, count) for at, count in gains.bins if (at > 0) == is_gain]
        drawn.add_bar(
            x=[at for at, _ in part],
            y=[count for _, count in part],
            width=WIDTH * 0.86,
            marker={"color": colour, "opacity": 0.75},
            hovertemplate="%{y} users moved by about %{x:+.2f}<extra></extra>",
        )
    look = colours.mark(sign(standing).colour)
    if gains.low is not None and gains.high is not None:
        drawn.add_vrect(gains.low, gains.high, fillcolor=look, opacity=0.3, line_width=0)
    drawn.add_vline(gains.mean, line={"color": look, "width": 2})
    drawn.add_vline(0, line={"color": colours.muted, "width": 1})
    drawn.update_layout(margin={"l": 8, "r": 14, "t": 6, "b": 8}, bargap=0)
    ticks = [round(index * 2 * WIDTH, 1) for index in range(-5, 6)]
    drawn.update_xaxes(range=[-reach, reach], tickvals=ticks, ticktext=[signed(at, 1) for at in ticks])
    drawn.update_yaxes(title_text="users", nticks=4)
    return drawn


def gain_by_slice(study: Study, seen: TrialView) -> None:
    """The change of each slice of users, with the verdict's own test."""
    parts = workspace()
    with shown_errors():
        gains = versioned(
            f"slices-{seen.trial.id}",
            (seen.trial.judged_at, len(seen.runs)),
            lambda: slice_gains(parts.store, parts.artifacts, parts.settings.datasets, study, seen.trial),
        )
        if not gains:
            small("There is no verdict to take apart yet.")
            return
        bars = [_slice_bar(gain) for gain in gains]
        drawn = interval_figure(bars, seen.noise_floor, seen.min_gain)
        drawn.update_layout(margin={"l": 108, "r": 76})
        chart(drawn, key=f"slices-{seen.trial.id}", alt=f"Gain per slice: {told(bars)}", height=height_of(bars))
        small(
            f"Validation {objective_words(study.objective)}, 95 % intervals; by popularity of the target, by length of "
            "the history"
        )


def _slice_bar(gain: SliceGain) -> Bar:
    return Bar(gain.label, gain.change, gain.low, gain.high, gain.standing, shows_spread=False)
