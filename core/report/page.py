"""The report as rows and sentences, the same for both formats; the templates only lay it out."""

from dataclasses import dataclass

from core.agents.names import AGENTS
from core.figures import change, metric, param_value
from core.report.facts import Facts, TrialFacts, differing
from core.report.headline import TONES, Headline, Tile, headline, tiles
from core.report.plots import Plot, plots
from core.report.reproducing import Reproduction, reproduction
from core.report.sealed_test import SealedTest, sealed_note, sealed_test
from core.report.sentences import (
    about_data,
    costs,
    data_warnings,
    day,
    guards,
    how_sure,
    left_open,
    lessons,
    moment,
    protocol,
    refused_by_guards,
    ruled_out,
    title_of,
    vetoes,
)
from core.report.text import one_line
from core.states import RunState, TrialState
from recmodels.registry import get_backbone

MOST_TRIALS = 40  # rows of the table; a page is read, an export is searched
GLYPHS = {"better": "▲", "not-better": "▼", "inconclusive": "○", "baseline": "■", "none": ""}


@dataclass(frozen=True)
class TrialRow:
    """One line of the table of trials; `tone` names colour and glyph."""

    number: int
    glyph: str
    tone: str
    changed: str
    value: str
    change: str
    against: str
    outcome: str
    rule: str


@dataclass(frozen=True)
class Listing:
    """A titled list; `empty` is said where nothing is in it, and without `empty` the list is left out."""

    title: str
    tone: str
    items: tuple[str, ...]
    empty: str = ""


@dataclass(frozen=True)
class Page:
    """Everything on the page, in plain text."""

    title: str
    subtitle: str
    state: str
    dates: str
    headline: Headline
    glyph: str
    tiles: tuple[Tile, ...]
    best_title: str
    differences: tuple[tuple[str, str, str, str], ...]  # field, meaning, baseline's value, best's value
    sure: tuple[str, ...]
    costs: tuple[str, ...]
    plots: tuple[Plot, ...]
    trials: tuple[TrialRow, ...]
    trials_note: str
    findings: tuple[Listing, ...]
    test: SealedTest | None
    sealed_note: str
    basis: tuple[Listing, ...]
    reproduction: Reproduction | None
    stamp: str
    written: str


def page(facts: Facts) -> Page:
    """Lay the facts out in words."""
    first = headline(facts)
    rows = _trial_rows(facts)
    return Page(
        title=one_line(facts.study.name, 120),
        subtitle=_subtitle(facts),
        state=str(facts.study.state),
        dates=_dates(facts),
        headline=first,
        glyph=GLYPHS[first.tone],
        tiles=tiles(facts),
        best_title=_best_title(facts),
        differences=_differences(facts),
        sure=tuple(how_sure(facts)),
        costs=tuple(costs(facts)),
        plots=plots(facts),
        trials=rows,
        trials_note=_trials_note(facts, len(rows)),
        findings=_findings(facts),
        test=sealed_test(facts),
        sealed_note=sealed_note(facts),
        basis=_basis(facts),
        reproduction=reproduction(facts),
        stamp=facts.study.stamp,
        written=f"Written by VirtualMLE on {moment(facts.written_at)} from study {facts.study.id}. "
        "Figures are computed from its record; reasons, rules and lessons are in their authors' words.",
    )


def _subtitle(facts: Facts) -> str:
    study = facts.study
    synthetic = " (synthetic data)" if facts.card.synthetic else ""
    title = get_backbone(study.backbone).title
    agent = AGENTS.get(study.agent, study.agent)
    parts = (f"{title} on {one_line(facts.dataset.name, 120)}{synthetic}", agent, f"decisions: {study.autonomy}")
    return " · ".join((*parts, *study.switched_off))


def _dates(facts: Facts) -> str:
    started, ended = day(facts.study.created_at), day(facts.study.ended_at) if facts.study.ended_at else "now"
    return started if started == ended else f"{started} to {ended}"


def _best_title(facts: Facts) -> str:
    if facts.best is None or facts.is_baseline_best:
        return "What improved"
    word = "" if facts.study.recommended_id else ", best so far,"
    return f"What improved: trial {facts.best.number}{word} against the baseline"


def _differences(facts: Facts) -> tuple[tuple[str, str, str, str], ...]:
    if facts.best is None or facts.baseline is None:
        return ()
    declared = get_backbone(facts.study.backbone).params()
    changes = differing(facts.baseline.trial.params, facts.best.trial.params)
    return tuple(
        (name, declared[name].help if name in declared else "", param_value(before), param_value(after))
        for name, (before, after) in changes.items()
    )


def _trial_rows(facts: Facts) -> tuple[TrialRow, ...]:
    def weight(each: TrialFacts) -> tuple[bool, bool, float]:
        is_known = each.comparison is not None
        size = -abs(each.comparison.difference) if each.comparison else 0.0
        return each.trial.kind != "baseline" and each.trial.id not in facts.incumbents, not is_known, size

    kept = sorted(sorted(facts.trials, key=weight)[:MOST_TRIALS], key=lambda each: each.number)
    return tuple(_trial_row(each) for each in kept)


def _trial_row(each: TrialFacts) -> TrialRow:
    comparison = each.comparison
    tone = TONES[comparison.verdict] if comparison else "none"
    is_reference = comparison is None and each.trial.value is not None
    edited = f" (edited by {one_line(each.edited_by, 40)})" if each.edited_by else ""
    rule = one_line(each.reflection.rule) if each.reflection else ""
    return TrialRow(
        number=each.number,
        glyph="■" if is_reference else GLYPHS[tone],
        tone="baseline" if is_reference else tone,
        changed=title_of(each) + edited,
        value=metric(each.trial.value),
        change=change(comparison.difference, comparison.low, comparison.high) if comparison else "–",
        against=str(each.against) if comparison and each.against else "–",
        outcome=_outcome(each),
        rule=rule or "–",
    )


def _outcome(each: TrialFacts) -> str:
    """The verdict, or how far the trial got."""
    trial, states = each.trial, [run.state for run in each.runs]
    if trial.state is not TrialState.APPROVED:
        return "waits for a decision" if trial.waits else str(trial.state)
    if trial.judged_at is None:
        return "running" if RunState.RUNNING in states else "second look" if each.comparison else "queued"
    if trial.value is None:
        if each.comparison is not None and each.comparison.epoch is not None:
            return f"pruned, {each.comparison.verdict} by epoch {each.comparison.epoch}"
        return "failed" if RunState.FAILED in states else "no value"
    if each.comparison is None:
        return trial.kind
    return f"{each.comparison.verdict}, guard broken" if each.was_refused else str(each.comparison.verdict)


def _trials_note(facts: Facts, rows: int) -> str:
    if rows == len(facts.trials):
        return "± is half of the 95 % interval; each change is measured against the best of its moment."
    return (
        f"{rows} of {len(facts.trials)} trials: those that were best once and the largest changes. "
        f"All of them: python -m core export {facts.study.id}"
    )


def _findings(facts: Facts) -> tuple[Listing, ...]:
    return (
        Listing("Ruled out at 95 %", "not-better", tuple(ruled_out(facts)), "Nothing was ruled out."),
        Listing("Stayed inconclusive", "inconclusive", tuple(left_open(facts)), "Nothing stayed open."),
        Listing("Better, but refused by a guard", "better", tuple(refused_by_guards(facts))),
        Listing("Vetoed by people", "none", tuple(vetoes(facts)), "Nothing was vetoed."),
        Listing("Lessons written", "none", tuple(lessons(facts)), "No lesson was drawn."),
    )


def _basis(facts: Facts) -> tuple[Listing, ...]:
    return (
        Listing("Data", "none", tuple(about_data(facts))),
        Listing("Beware of", "warning", tuple(data_warnings(facts))),
        Listing("Protocol", "none", tuple(protocol(facts))),
        Listing("Guards", "none", tuple(guards(facts)), "No guard was set."),
    )
