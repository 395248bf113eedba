"""The first thing a reader sees: one figure with its interval, or why there is none yet. No figure is invented."""

from dataclasses import dataclass

from core.figures import duration, metric, percent, signed, signed_percent
from core.report.facts import Facts, TrialFacts
from core.report.text import one_line
from core.states import StudyState, Verdict
from core.verdict import Comparison

TONES = {Verdict.BETTER: "better", Verdict.NOT_BETTER: "not-better", Verdict.INCONCLUSIVE: "inconclusive"}


@dataclass(frozen=True)
class Headline:
    """`figure` is empty where there is none; `tone` names its colour and glyph."""

    title: str
    figure: str
    unit: str
    interval: str
    tone: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """A small figure beside the headline."""

    label: str
    value: str
    note: str


def headline(facts: Facts) -> Headline:
    """The test's figure where it was opened, else the one on fresh seeds, else what keeps it away."""
    tested = revealed_gain(facts)
    if tested is not None:
        return _figure(facts, tested, "on the sealed test", _test_sentences(facts))
    if facts.final is not None:
        return _figure(facts, facts.final, "on validation, fresh seeds", _validation_sentences(facts))
    title, *sentences = _without_figure(facts)
    return Headline(title, "", "", "", "none", tuple(sentences))


def revealed_gain(facts: Facts) -> Comparison | None:
    """Recommended against baseline on the test, fresh seeds alone; None before the reveal or when they are one."""
    done = facts.reveal if facts.reveal and facts.reveal.state == "done" else None
    found = done.result.get("headline") if done and done.result else None
    return Comparison.from_json(found) if found else None


def tiles(facts: Facts) -> tuple[Tile, ...]:
    """Before and after, sureness, cost, the sealed test."""
    return (_value_tile(facts), _noise_tile(facts), _cost_tile(facts), _test_tile(facts))


def relative_interval(comparison: Comparison) -> str:
    """`+4.5 % to +12.0 %`, as shares of the reference."""
    if comparison.low is None or comparison.high is None or not comparison.reference:
        return "interval unknown: no config was repeated"
    low, high = comparison.low / comparison.reference, comparison.high / comparison.reference
    return f"{signed_percent(low)} to {signed_percent(high)}"


def interval(comparison: Comparison) -> str:
    """`−0.0011 to +0.0027`, in units of the metric."""
    if comparison.low is None or comparison.high is None:
        return "interval unknown: no config was repeated"
    return f"{signed(comparison.low)} to {signed(comparison.high)}"


def _figure(facts: Facts, comparison: Comparison, where: str, sentences: list[str]) -> Headline:
    assert facts.best is not None
    shown = {
        Verdict.BETTER: f"Trial {facts.best.number} beats the baseline {where}",
        Verdict.INCONCLUSIVE: f"No gain shown {where}",
        Verdict.NOT_BETTER: f"No gain worth keeping {where}" if comparison.difference > 0 else f"No gain {where}",
    }[comparison.verdict]
    return Headline(
        title=shown,
        figure=signed_percent(comparison.relative),
        unit=facts.objective,
        interval=relative_interval(comparison),
        tone=TONES[comparison.verdict],
        sentences=(_pair(facts, comparison), *sentences, *_label(facts)),
    )


def _pair(facts: Facts, comparison: Comparison) -> str:
    ours, theirs = comparison.reference + comparison.difference, comparison.reference
    seeds = f"{comparison.seeds[0]} and {comparison.seeds[1]} fresh seeds"
    return (
        f"{facts.objective} {metric(theirs)} → {metric(ours)}: {signed(comparison.difference)}, "
        f"95 % interval {interval(comparison)}, {comparison.users:,} users, {seeds}."
    )


def _test_sentences(facts: Facts) -> list[str]:
    assert facts.reveal is not None
    sentences = [f"The test was opened once for this study, by {one_line(facts.reveal.actor, 60)}."]
    if facts.final is not None:
        shown = f"{signed_percent(facts.final.relative)} ({relative_interval(facts.final)})"
        sentences.append(f"On validation, fresh seeds: {shown}.")
    return sentences


def _validation_sentences(facts: Facts) -> list[str]:
    state = facts.reveal.state if facts.reveal else None
    if state == "requested":
        return ["The sealed test is being scored; this figure is still the one on validation."]
    if state == "failed":
        return ["The sealed test could not be scored; this figure is the one on validation."]
    return ["The search chose on the same users; only the sealed test is independent of it, and it is not opened yet."]


def _label(facts: Facts) -> list[str]:
    """What a recommendation is that is not the best by verdict."""
    by_verdict = facts.by_id(facts.study.incumbent_id)
    if facts.best is None or by_verdict is None or by_verdict is facts.best or not facts.recommended_why:
        return []
    why = one_line(facts.recommended_why)
    return [f"Trial {facts.best.number} is recommended as {why}. The best by verdict is trial {by_verdict.number}."]


def _without_figure(facts: Facts) -> list[str]:
    study = facts.study
    baseline = facts.baseline
    if study.state is StudyState.CANCELLED:
        return ["Cancelled: there is no final figure", *_so_far(facts)]
    if not study.has_ended:
        word = {StudyState.PAUSED: "Paused", StudyState.STOPPING: "Ending"}.get(study.state, "Still running")
        return [f"{word}: there is no final figure yet", *_so_far(facts), _when_final(facts)]
    if baseline is None or baseline.trial.value is None:
        return ["No figure: the baseline never got a value", *_failures(baseline)]
    if facts.is_baseline_best:
        return ["Nothing tried beat the baseline", _baseline_stays(facts)]
    return ["No final figure: the fresh seeds are incomplete", *_missing_fresh(facts), *_so_far(facts)]


def _so_far(facts: Facts) -> list[str]:
    judged = sum(each.trial.is_judged for each in facts.trials)
    sentences = [f"{judged} of at most {facts.study.max_trials} trials are judged."]
    best = facts.best
    if best is not None and facts.is_baseline_best:
        sentences.append("So far nothing has beaten the baseline.")
    elif best is not None and best.comparison is not None:
        change = (
            f"{signed(best.comparison.difference)} ({interval(best.comparison)}) against trial {best.against or '–'}"
        )
        sentences.append(f"The best so far by verdict is trial {best.number}: {change} when it was judged.")
    elif best is None:
        sentences.append("The baseline has no value yet.")
    return sentences


def _when_final(facts: Facts) -> str:
    if facts.study.state is StudyState.STOPPING:
        return "The final figure comes when baseline and recommended trial have run on fresh seeds."
    return "What is best now was also chosen by luck; the final figure is measured at the end, on fresh seeds."


def _failures(baseline: TrialFacts | None) -> list[str]:
    causes = {one_line(run.error) for run in baseline.runs if run.error} if baseline else set()
    return [f"Cause: {cause}" for cause in sorted(causes)] or ["None of its runs ended with a value."]


def _baseline_stays(facts: Facts) -> str:
    assert facts.baseline is not None
    judged = len(facts.judged)
    stays = f"The plain config stays, at {facts.objective} {metric(facts.baseline.trial.value)} on validation"
    return f"{stays}; {judged} other{'s were' if judged != 1 else ' was'} compared with it or with its successor."


def _missing_fresh(facts: Facts) -> list[str]:
    if facts.final_problem:
        return [one_line(facts.final_problem)]
    return [
        "A run on fresh seeds failed or was cancelled; see its log. Figures of the search alone flatter the winner."
    ]


def _value_tile(facts: Facts) -> Tile:
    compared = revealed_gain(facts) or facts.final
    if compared is not None:
        values = f"{metric(compared.reference)} → {metric(compared.reference + compared.difference)}"
        place = "test" if revealed_gain(facts) else "validation"
        return Tile(f"{facts.objective}, {place}", values, "baseline → recommended")
    value = facts.baseline.trial.value if facts.baseline else None
    return Tile(f"{facts.objective}, validation", metric(value), "baseline")


def _noise_tile(facts: Facts) -> Tile:
    value = facts.baseline.trial.value if facts.baseline else None
    if not facts.noise.degrees or not value:
        return Tile("Noise between seeds", "–", "not measured yet")
    gap = facts.noise.deviation * 2**0.5
    return Tile("Noise between seeds", percent(gap / value), "between two runs of one config")


def _cost_tile(facts: Facts) -> Tile:
    count, runs = facts.cost.trials, sum(facts.cost.runs.values())
    trials = f"{count} trial{'' if count == 1 else 's'}, {runs} run{'' if runs == 1 else 's'}"
    return Tile("Training", duration(facts.cost.training_seconds), trials)


def _test_tile(facts: Facts) -> Tile:
    reveal = facts.reveal
    if reveal is None:
        return Tile("Sealed test", "not opened", "no test figure is known")
    if reveal.state == "done":
        return Tile("Sealed test", f"look {reveal.look}", f"{ordinal(reveal.look)} look at this data's test")
    return Tile("Sealed test", {"requested": "being scored"}.get(reveal.state, "failed"), "no test figure is known")


def ordinal(number: int) -> str:
    """`first`, `second`, `third`, `4th`."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}{ending}")
