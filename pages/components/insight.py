"""Cards of the Insight page: the race, the axes, the calibration of the agent, the A/A test."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.figures import objective_words, percent, signed, signed_percent
from core.views.insight import Axis, Calibration, Claim, Insight, Pair, Racer
from core.views.study import protocol_words
from pages.components.chart import chart
from pages.components.chips import chip, glyph
from pages.components.intervals import Bar, height_of, interval_figure, marker, signed_ticks, told
from pages.components.live import versioned
from pages.components.progress import mark_edits
from pages.components.references import References, references_line
from pages.components.rows import head, small
from pages.components.style import Palette, figure, palette, sign
from pages.components.workspace import escaped

MINUTES, TRIALS = "training minutes", "trials"
_CLICK = "open_racer"
MOST_TOLD = 20  # claims that the text beside the chart names
FEWEST_CLAIMS = 5  # below it a share inside says little


@st.fragment
def race_card(seen: Insight, references: References = ()) -> None:
    """The current best over time, of this study and of those that may be compared with it. A fragment of its own: its
    switch draws nothing else again."""
    with st.container(border=True, key="race"):
        with head("Best so far", "race-head"):
            along = st.segmented_control(
                "Along",
                [MINUTES, TRIALS],
                default=MINUTES,
                required=True,
                key="race_along",
                label_visibility="collapsed",
            )
        racers = [racer for racer in seen.racers if racer.values]
        if not racers:
            small("No trial has a value yet.")
            return
        by_minutes = along == MINUTES
        drawn = race_figure(racers, by_minutes, references)
        mark_edits(drawn, [(minutes if by_minutes else count, edit) for minutes, count, edit in seen.edits])
        alt = "; ".join(f"{racer.name} ({racer.agent}) ends at {racer.values[-1]:.4f}" for racer in racers)
        alt += "".join(f"; {label} {value:.4f}" for label, value in references)
        key = f"race-{seen.study.id}-{along}"
        chart(drawn, key=key, alt=f"Best validation {objective_words(seen.study.objective)} so far: {alt}", height=250)
        small(f"The current best by verdict. {protocol_words(seen.study)}")
        _paces(racers)
        if len(racers) == 1:
            small("No control yet: a study of the same data and model given to random search or TPE is drawn beside.")
        references_line(seen.study)


def race_figure(racers: list[Racer], by_minutes: bool, references: References = ()) -> go.Figure:
    """Stepped lines with their names at the right end; this study green, the others grey, reference lines dotted."""
    colours = palette()
    drawn = figure(colours)
    last = max((racer.minutes[-1] if by_minutes else len(racer.values)) for racer in racers)
    for _, value in references:
        drawn.add_hline(value, line={"color": colours.muted, "width": 1.2, "dash": "dot"})
    for racer in reversed(racers):
        x = [*(racer.minutes if by_minutes else range(1, len(racer.values) + 1)), last]
        colour = colours.green if racer.is_this else colours.gray
        line = {"color": colour, "width": 2.4 if racer.is_this else 1.6, "shape": "hv"}
        drawn.add_scatter(x=x, y=[*racer.values, racer.values[-1]], mode="lines", line=line, name=racer.name)
    ends = [(racer.values[-1], racer.name, racer.is_this) for racer in racers]
    ends += [(value, label, False) for label, value in references]
    every = [*(value for racer in racers for value in racer.values), *(value for _, value in references)]
    _names(drawn, ends, (max(every) - min(every) or 1.0) / 12, colours)
    drawn.update_xaxes(title_text=MINUTES if by_minutes else "judged trials", range=[0, last * 1.01])
    drawn.update_yaxes(tickformat=".3f", nticks=6)
    return drawn


def _names(drawn: go.Figure, ends: list[tuple[float, str, bool]], least: float, colours: Palette) -> None:
    """At the right edge, moved apart where two would cover each other."""
    below = float("inf")
    for value, name, is_this in sorted(ends, key=lambda each: -each[0]):
        below = min(value, below - least)
        text = name if len(name) <= 15 else name[:14] + "…"
        ink = {"color": colours.green_text if is_this else colours.gray_text, "size": 12}
        text = f"<b>{text}</b>" if is_this else text
        drawn.add_annotation(x=1, xref="paper", y=below, text=text, xanchor="left", xshift=6, showarrow=False, font=ink)


def _paces(racers: list[Racer]) -> None:
    """Figures first: a narrow screen shows those at the left."""
    columns = st.column_config
    gain, number = columns.NumberColumn(format="%+.2f %%", width=84), columns.NumberColumn
    st.dataframe(
        paces(racers),
        hide_index=True,
        height="content",
        key="race_paces",
        placeholder="–",
        alt="Each study's gain, for a minute and for a dollar, and its best value",
        column_config={
            "study": columns.ButtonColumn(
                pinned=True,
                alignment="left",
                type="tertiary",
                on_click=_open,
                args=(tuple(racers),),
                key=_CLICK,
                width=116,
            ),
            "gain": number(format="%+.1f %%", width=72, help="over its own baseline"),
            "a minute": gain,
            "a dollar": gain,
            "best": number(format="%.4f", width=72),
            "○ estimate": number(format="%.4f", width=84, help="recommended by its pooled estimate, without a verdict"),
            "trials": number(width=60),
            "minutes": number(format="%.1f", width=76),
        },
    )
    unpriced = " No figure a dollar: its price is not set." if any(racer.money is None for racer in racers) else ""
    small(
        "Gain over its own baseline; a minute is one of training, a dollar one of the language model's bill. Best: the "
        f"current best by verdict.{unpriced}"
    )


def paces(racers: Sequence[Racer]) -> list[dict[str, object]]:
    """A row for each study; a column that none fills is left out."""
    has_bill = any(racer.per_dollar is not None for racer in racers)
    has_estimate = any(racer.estimate is not None for racer in racers)
    return [
        {
            "study": racer.name,
            "gain": None if racer.gain is None else racer.gain * 100,
            "a minute": racer.per_minute,
            **({"a dollar": racer.per_dollar} if has_bill else {}),
            "best": racer.values[-1],
            **({"○ estimate": racer.estimate} if has_estimate else {}),
            "trials": len(racer.values),
            "minutes": racer.minutes[-1] if racer.minutes else None,
            "planned by": racer.agent,
        }
        for racer in racers
    ]


def _open(racers: Sequence[Racer]) -> None:
    study = racers[st.session_state[_CLICK]["row"]]
    st.switch_page("pages/study.py", query_params={"study": str(study.study_id)})


def axes_card(axes: tuple[Axis, ...]) -> None:
    """Where the study has looked, and where it has not."""
    with st.container(border=True, key="axes"):
        tried = [axis for axis in axes if axis.tried]
        with head("Axes tried", "axes-head"):
            small(f"{len(tried)} of {len(axes)}")
        axes_table(tried)
        missing = [f"`{axis.name}`" for axis in axes if not axis.tried]
        if missing:
            with st.expander(f"{len(missing)} not tried yet", key="axes-missing"):
                st.markdown(" ".join(missing))


def axes_table(tried: Sequence[Axis]) -> None:
    """A row for each axis that was moved; nothing where none was."""
    rows = [
        {
            "axis": f"`{axis.name}`",
            "moved in": f"{axis.tried} trial{'s'[: axis.tried != 1]}",
            "came out": _outcomes(axis),
            "values": axis.values,
        }
        for axis in tried
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True, height=min(40 + 34 * len(rows), 320))


def _outcomes(axis: Axis) -> str:
    counts = (
        ("better", axis.better),
        ("not better", axis.not_better),
        ("inconclusive", axis.inconclusive),
        ("failed", axis.failed),
    )
    return " &nbsp; ".join(f"{glyph(name)} {count}" for name, count in counts if count) or ":gray[open]"


def calibration_card(study_id: int, seen: Calibration) -> None:
    """Predicted against observed: how far to trust this agent."""
    with st.container(border=True, key="calibration"):
        head("Does its agent know itself?", "calibration-head")
        if not seen.claims:
            small("No judged trial had a prediction: a sampler makes none, and the first proposals lack a scale.")
            return
        with st.grid(2, min_column_width=150):
            count = len(seen.claims)
            st.metric(
                "Inside the stated interval",
                f"{sum(claim.is_inside for claim in seen.claims)} of {count}",
                delta_description=f"{percent(seen.share, 0)}; 95 % was stated",
            )
            leans = "promises too much" if (seen.bias or 0) < 0 else "promises too little"
            st.metric("Observed minus predicted", signed_percent(seen.bias), delta_description=f"on average {leans}")
        newest = seen.claims[-MOST_TOLD:]
        each = (f"trial {c.number}: {signed(c.predicted)}, came {signed(c.observed)}" for c in newest)
        alt = f"Predicted against observed. {'; '.join(each)}"
        drawn = versioned(f"calibration figure {study_id}", (seen, palette()), lambda: calibration_figure(seen))
        chart(drawn, key=f"calibration-{study_id}", alt=alt, height=230)
        within = sum(claim.is_inside_noise for claim in seen.claims)
        small(f"Allowing for the noise of the measurement: {within} of {count}. Dotted: exactly as predicted.")
        if seen.beside:
            small(escaped(f"{seen.beside}."))
        if count < FEWEST_CLAIMS:
            plural = "s" if count != 1 else ""
            small(f"{count} prediction{plural}; from about {FEWEST_CLAIMS} on the share begins to mean something.")


def calibration_figure(seen: Calibration) -> go.Figure:
    """Each claim as a point with both its spreads; on the diagonal it would be exactly right."""
    colours = palette()
    drawn = figure(colours)
    spans = [(c.predicted - c.deviation, c.predicted + c.deviation, c.observed, c.low, c.high) for c in seen.claims]
    ends = [end for span in spans for end in span if end is not None]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    line = {"color": colours.muted, "width": 1, "dash": "dot"}
    drawn.add_scatter(x=[low, high], y=[low, high], mode="lines", line=line, hoverinfo="skip")
    for verdict in dict.fromkeys(claim.verdict for claim in seen.claims):
        _draw_claims(drawn, [claim for claim in seen.claims if claim.verdict == verdict], colours)
    drawn.update_layout(margin={"l": 8, "r": 14, "t": 6, "b": 8})
    spare = (high - low) * 0.05 or 1e-6
    scale = {**signed_ticks(low, high), "range": [low - spare, high + spare]}  # one for both axes
    drawn.update_xaxes(title_text="predicted change", **scale)
    drawn.update_yaxes(title_text="observed", **scale)
    return drawn


def _draw_claims(drawn: go.Figure, claims: Sequence[Claim], colours: Palette) -> None:
    """All claims of one verdict as one trace."""
    look = sign(claims[0].verdict)
    colour = colours.mark(look.colour)
    halves = [0.0 if each.low is None or each.high is None else (each.high - each.low) / 2 for each in claims]
    deviations = [each.deviation for each in claims]
    drawn.add_scatter(
        x=[each.predicted for each in claims],
        y=[each.observed for each in claims],
        customdata=[each.number for each in claims],
        mode="markers",
        marker=marker(look.symbol, colour, colours),
        error_x={"type": "data", "array": deviations, "color": colours.blue, "thickness": 1, "width": 0},
        error_y={"type": "data", "array": halves, "color": colour, "thickness": 1, "width": 0},
        hovertemplate=f"trial %{{customdata}}, {look.word}: %{{x:.4f}}, came %{{y:.4f}}<extra></extra>",
    )


def aa_card(seen: Insight) -> None:
    """Two seeds of one config are no improvement: the verdict must say so."""
    with st.container(border=True, key="aa"):
        alarms = [pair for pair in seen.pairs if pair.comparison.verdict != "inconclusive"]
        with head("A/A: the baseline against itself", "aa-head"):
            if seen.pairs:
                st.markdown(chip("inconclusive", f"{len(seen.pairs) - len(alarms)} of {len(seen.pairs)} inconclusive"))
        if not seen.pairs:
            small(f"Not yet: {escaped(seen.problem)}.")
            return
        bars = [_pair_bar(pair) for pair in seen.pairs]
        drawn = interval_figure(bars, seen.noise_floor, seen.study.min_gain)
        chart(drawn, key=f"aa-{seen.study.id}", alt=f"Seeds against each other: {told(bars)}", height=height_of(bars))
        small(
            "Seed by seed, judged as a trial is judged. Each must come out inconclusive; about one in twenty may not, "
            "by the 95 % of the interval. Grey: the noise floor."
        )
        if alarms:
            st.warning("A seed was called a change: read this study's verdicts with care.", icon=":material/warning:")


def _pair_bar(pair: Pair) -> Bar:
    seen = pair.comparison
    return Bar(pair.label, seen.difference, seen.low, seen.high, str(seen.verdict))
