"""The three plots: learning curves, trials so far, the measured effect of every change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.figures import metric, signed
from core.report.drawing import (
    BAND,
    BLUE,
    GREEN,
    GREY,
    GREY_TEXT,
    GRID,
    POINTS,
    TEXT,
    VIOLET,
    end_labels,
    new_axes,
    svg_of,
)
from core.report.facts import Facts, TrialFacts
from core.report.sentences import title_of
from core.states import Verdict
from core.verdict import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 16  # of the plot of changes
GLYPHS = {Verdict.BETTER: ("^", GREEN), Verdict.NOT_BETTER: ("v", VIOLET), Verdict.INCONCLUSIVE: ("o", GREY)}


@dataclass(frozen=True)
class Plot:
    """One plot as SVG, with what a reader who cannot see it is told."""

    name: str
    title: str
    alt: str
    caption: str
    svg: str


def plots(facts: Facts) -> tuple[Plot, ...]:
    """Those that have something to show."""
    drawn = []
    if any(facts.curves.values()):
        drawn.append(_plot("curves", "Learning curves", *_curves_told(facts), partial(_curves, facts)))
    if len(_valued(facts)) > 1:
        drawn.append(_plot("trials", "Trials and the best so far", *_trials_told(facts), partial(_trials, facts)))
    if chosen_rows(facts):
        drawn.append(_plot("changes", "What each change did", *_changes_told(facts), partial(_changes, facts)))
    return tuple(drawn)


def _plot(name: str, title: str, alt: str, caption: str, draw: partial[Figure]) -> Plot:
    return Plot(name, title, alt, caption, svg_of(draw, name, alt))


def _curves_told(facts: Facts) -> tuple[str, str]:
    best = f" and trial {facts.best.number}" if facts.best and not facts.is_baseline_best else ""
    told = f"{facts.objective} on validation by epoch, of the baseline{best}; one line per seed"
    return told, f"{told}. The marks are the best epochs, which count."


def _curves(facts: Facts) -> Figure:
    figure, axes = new_axes(4.7, 2.15, (0.45, 0.95, 0.38, 0.06))
    labels = []
    for each in (facts.baseline, None if facts.is_baseline_best else facts.best):
        if each is None or not facts.curves.get(each.trial.id):
            continue
        is_baseline = each.trial.kind == "baseline"
        colour, glyph = (GREY, "s") if is_baseline else (GREEN, "^")
        ends = []
        for curve in facts.curves[each.trial.id]:
            epochs = [value.epoch for value in curve]
            values = [value.metrics[facts.study.objective] for value in curve]
            if not values:
                continue
            axes.plot(epochs, values, color=colour, lw=1.2, alpha=0.85)
            top = max(range(len(values)), key=values.__getitem__)
            axes.plot(epochs[top], values[top], glyph, color=colour, ms=4.5)
            ends.append((epochs[-1], values[-1]))
        if ends:
            name = f"{each.number} baseline" if is_baseline else f"{each.number} {_best_word(facts)}"
            labels.append((max(x for x, _ in ends), sum(y for _, y in ends) / len(ends), name, _ink(colour)))
    _finish(axes, "epoch")
    end_labels(axes, labels)
    return figure


def _mark(axes: Axes, x: float, y: float, glyph: str, colour: str) -> None:
    """A verdict's glyph; inconclusive is hollow."""
    axes.plot(x, y, glyph, color=colour, mfc="white" if glyph == "o" else colour, ms=5.2, zorder=3)


def _best_word(facts: Facts) -> str:
    return "recommended" if facts.study.recommended_id else "best so far"


def _ink(colour: str) -> str:
    """The darker tone of a mark's colour, for its label."""
    return {GREY: GREY_TEXT, GREEN: "#0b6b4f", VIOLET: "#6535a6"}.get(colour, colour)


def _finish(axes: Axes, label: str) -> None:
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_xlabel(label, color=GREY_TEXT, labelpad=3)
    axes.margins(x=0.03, y=0.12)
    axes.locator_params(axis="y", nbins=5)
    axes.locator_params(axis="x", nbins=6, integer=True)


def _valued(facts: Facts) -> tuple[TrialFacts, ...]:
    return tuple(each for each in facts.trials if each.trial.value is not None)


def _trials_told(facts: Facts) -> tuple[str, str]:
    told = f"{facts.objective} on validation of each trial, with the current best as a step"
    noise = "; band: spread between seeds" if facts.noise.degrees else ""
    marks = "■ baseline, ▲ better, ▼ not better, ○ inconclusive"
    return told, f"{told}. {marks}; bars: 95 % interval of the change{noise}."


def _trials(facts: Facts) -> Figure:
    figure, axes = new_axes(4.7, 2.15, (0.45, 0.95, 0.38, 0.06))
    valued = _valued(facts)
    last = max(each.number for each in valued)
    labels = _noise_band(facts, axes, last)
    for each in valued:
        glyph, colour = GLYPHS[each.comparison.verdict] if each.comparison else ("s", GREY)
        c = each.comparison
        if c is not None and c.low is not None and c.high is not None:
            ends = (c.reference + c.low, c.reference + c.high)
            axes.plot([each.number] * 2, ends, color=colour, lw=2.6, alpha=0.4, solid_capstyle="butt")
        _mark(axes, each.number, each.trial.value or 0.0, glyph, colour)
    labels += _incumbent_steps(facts, axes, last)
    _finish(axes, "trial")
    end_labels(axes, labels)
    return figure


def _noise_band(facts: Facts, axes: Axes, last: int) -> list[tuple[float, float, str, str]]:
    value = facts.baseline.trial.value if facts.baseline else None
    if value is None:
        return []
    if facts.noise.degrees:
        axes.axhspan(value - facts.noise.deviation, value + facts.noise.deviation, color=BAND, lw=0, zorder=0)
    return [(last, value, "baseline", GREY_TEXT)]


def _incumbent_steps(facts: Facts, axes: Axes, last: int) -> list[tuple[float, float, str, str]]:
    best = [each for id in facts.incumbents if (each := facts.by_id(id)) and each.trial.value is not None]
    points = sorted((each.number, each.trial.value or 0.0) for each in best)
    if not points:
        return []
    numbers, values = zip(*[*points, (last, points[-1][1])], strict=True)
    axes.step(numbers, values, where="post", color=GREEN, lw=1.3, zorder=1)
    return [(last, values[-1], "current best", _ink(GREEN))] if len(points) > 1 else []


def chosen_rows(facts: Facts) -> tuple[TrialFacts, ...]:
    """Trials for the plot of changes: all, or where they are too many the conclusive ones and the largest."""
    known = [each for each in facts.judged if each.comparison and each.comparison.low is not None]
    known = [each for each in known if each.trial.value is not None]  # a pruned one was compared at an epoch

    def weight(each: TrialFacts) -> tuple[bool, float]:
        assert each.comparison is not None
        return each.comparison.verdict is Verdict.INCONCLUSIVE, -abs(each.comparison.difference)

    return tuple(sorted(sorted(known, key=weight)[:MOST_ROWS], key=lambda each: each.number))


def _changes_told(facts: Facts) -> tuple[str, str]:
    rows, count = chosen_rows(facts), len(facts.judged)
    told = f"Change of {facts.objective} by each trial against the best of its moment, with 95 % intervals"
    part = f" {len(rows)} of {count} trials: the conclusive ones and the largest." if len(rows) < count else ""
    gain = " Dotted: smallest gain worth keeping." if facts.study.min_gain else ""
    return told, f"{told}; blue ◆ and thin line: what was predicted, ± 2 standard deviations.{gain}{part}"


def _changes(facts: Facts) -> Figure:
    rows = chosen_rows(facts)
    figure, axes = new_axes(9.6, 0.4 + 0.27 * len(rows), (2.6, 1.25, 0.28, 0.06))
    axes.axvline(0, color=GREY, lw=0.9, zorder=1)
    if facts.study.min_gain:
        axes.axvline(facts.study.min_gain, color=GREY, lw=0.9, ls=":", zorder=1)
    for row, each in enumerate(rows):
        assert each.comparison is not None
        _observed(axes, row, each.comparison)
        _predicted(axes, row, each)
    axes.set_yticks(range(len(rows)), [_row_name(each) for each in rows], color=TEXT)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.04)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.locator_params(axis="x", nbins=7)
    axes.xaxis.set_major_formatter(lambda value, _: signed(value, 4).rstrip("0").rstrip(".") if value else "0")
    return figure


def _observed(axes: Axes, row: int, comparison: Comparison) -> None:
    assert comparison.low is not None and comparison.high is not None
    glyph, colour = GLYPHS[comparison.verdict]
    axes.plot((comparison.low, comparison.high), (row, row), color=colour, lw=4, alpha=0.45, solid_capstyle="butt")
    _mark(axes, comparison.difference, row, glyph, colour)
    reach = (comparison.high - comparison.low) / 2
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    axes.annotate(signed(comparison.difference), (1, row), (8, 0), **place, weight="bold", color=TEXT)
    axes.annotate(f"± {metric(reach)}", (1, row), (8 + 5 * POINTS, 0), **place, color=GREY_TEXT)


def _predicted(axes: Axes, row: int, each: TrialFacts) -> None:
    expected = each.proposal.expected if each.proposal else {}
    mean, sd = expected.get("absolute"), expected.get("absolute_sd")
    if mean is None or sd is None:
        return
    axes.plot((mean - 2 * sd, mean + 2 * sd), (row + 0.28, row + 0.28), color=BLUE, lw=0.9)
    axes.plot(mean, row + 0.28, "D", color=BLUE, ms=2.6)


def _row_name(each: TrialFacts) -> str:
    name = title_of(each)
    return f"{each.number}   {name if len(name) <= 44 else name[:43] + '…'}"
