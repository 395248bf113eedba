"""The report's lists in words: how sure it is, what it cost, what was ruled out, what it rests on."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from core.figures import duration, metric, param_changes, percent, signed, signed_percent
from core.report.facts import Facts, TrialFacts
from core.report.headline import interval
from core.report.text import one_line
from core.states import RunState, TrialState, Verdict
from core.store.calls import Spent
from core.studies.guards import GUARDS

ERROR_RATE = 0.05
MOST_ITEMS = 12  # of a list; the table of trials holds more, the export all
_SPLITS = {
    "leave_one_out": "Each user's last item is the sealed test, the one before it validation, the rest training.",
    "global_time": "Training, validation and sealed test follow one another in time; items never seen in training "
    "count as misses.",
}
_MASKING = {
    "seen": "items of the user's history are no candidates",
    "none": "items of the user's history stay candidates",
}


def how_sure(facts: Facts) -> list[str]:
    """Seeds, noise, the smallest change that would have been seen, the rate of false `better`."""
    return [*_noise(facts), *_detectable(facts), *_false_positives(facts)]


def _noise(facts: Facts) -> list[str]:
    value = facts.baseline.trial.value if facts.baseline else None
    if not facts.noise.degrees:
        return ["No config has run with two seeds yet, so the noise is unknown and nothing can be called better."]
    gap = facts.noise.deviation * 2**0.5
    share = f" ({percent(gap / value)} of the baseline)" if value else ""
    return [
        f"Two runs of one config that differ only in the seed differ by about {metric(gap)}{share}: measured over "
        f"repeated configs, {facts.noise.degrees} degrees of freedom. Every verdict counts this noise, and that of "
        "the users, in its interval."
    ]


def _detectable(facts: Facts) -> list[str]:
    sizes = [c.smallest_detectable for each in facts.judged if (c := each.comparison) and c.smallest_detectable]
    value = facts.baseline.trial.value if facts.baseline else None
    if not sizes or not value:
        return []
    typical = median(sizes)
    text = (
        f"Smallest detectable effect: a change of {metric(typical)} ({percent(typical / value)}) in a trial would be "
    )
    text += "seen four times in five; smaller ones can be missed."
    final = facts.final.smallest_detectable if facts.final else None
    return [text + (f" In the final figure: {metric(final)} ({percent(final / value)})." if final else "")]


def _false_positives(facts: Facts) -> list[str]:
    count = len(facts.judged)
    if not count:
        return ["No comparison has been made yet."]
    expected = f"{count * ERROR_RATE:.2f}".rstrip("0").rstrip(".")
    plural = "comparison was" if count == 1 else "comparisons were"
    return [
        f"{count} {plural} made, each with less than {percent(ERROR_RATE, 0)} risk of calling an equal config better: "
        f"if nothing had helped, fewer than {expected} false “better” would be expected in this study. A figure on "
        "fresh seeds is free of lucky seeds."
    ]


def costs(facts: Facts) -> list[str]:
    """Time, runs, money."""
    cost, runs = facts.cost, facts.cost.runs
    states = ", ".join(f"{runs[state]} {state}" for state in RunState if runs.get(state))
    fresh = f", {duration(cost.fresh_seconds)} of it on fresh seeds" if cost.fresh_seconds else ""
    total = f"{duration(cost.training_seconds)} of training{fresh}; {duration(cost.wall_seconds)} from start to "
    return [
        total + ("end." if facts.study.has_ended else "now."),
        f"{cost.trials} trials ran in {sum(runs.values())} runs ({states or 'none yet'}).",
        _money(cost.model),
    ]


def _money(spent: Spent) -> str:
    if not spent.calls:
        return "Money: 0. No language model was called; the machine's own price is not counted."
    calls = "1 call" if spent.calls == 1 else f"{spent.calls} calls"
    return f"Money: {calls} of a language model, {spent.bill}; the machine's own price is not counted."


def title_of(each: TrialFacts) -> str:
    """A trial by what it changed."""
    if each.trial.kind in ("baseline", "production"):
        return {"baseline": "the plain config", "production": "the config in production"}[each.trial.kind]
    return param_changes(each.changes) or "the plain config again"


def ruled_out(facts: Facts) -> list[str]:
    """Changes whose interval lies below the smallest gain worth keeping."""
    return _largest(facts.with_verdict(Verdict.NOT_BETTER))


def left_open(facts: Facts) -> list[str]:
    """Changes that neither helped nor were ruled out."""
    return _largest(facts.with_verdict(Verdict.INCONCLUSIVE))


def _largest(trials: Sequence[TrialFacts]) -> list[str]:
    """Each trial with its change; of very many those that changed most."""

    def size(each: TrialFacts) -> float:
        return abs(each.comparison.difference) if each.comparison else 0.0

    kept = sorted(sorted(trials, key=size, reverse=True)[:MOST_ITEMS], key=lambda each: each.number)
    rest = len(trials) - len(kept)
    return [_measured(each) for each in kept] + ([f"and {rest} more, with smaller changes"] if rest else [])


def _measured(each: TrialFacts) -> str:
    assert each.comparison is not None
    against = f", against trial {each.against}" if each.against else ""
    figure = f"{signed(each.comparison.difference)} ({interval(each.comparison)}{against})"
    stopped = f", pruned: as of epoch {each.comparison.epoch}" if each.comparison.epoch is not None else ""
    return f"Trial {each.number}, {title_of(each)}: {figure}{stopped}"


def refused_by_guards(facts: Facts) -> list[str]:
    """Better trials that broke a guard, with what they broke."""
    return [
        f"Trial {each.number}, {title_of(each)}: better, but {one_line('; '.join(each.comparison.broken_guards))}"
        for each in facts.trials
        if each.was_refused and each.comparison
    ]


def vetoes(facts: Facts) -> list[str]:
    """What people refused, and why, in their words."""
    told = []
    for each in facts.trials:
        if each.veto is not None:
            by, reason = one_line(each.veto.actor, 60), one_line(each.veto.reason)
            told.append(f"Trial {each.number}, {title_of(each)}: “{reason}” ({by}, {day(each.veto.at)})")
    told = _capped(told)
    expired = sum(each.trial.state is TrialState.EXPIRED for each in facts.trials)
    return told + ([f"{expired} more expired or were planned again without being run"] if expired else [])


def lessons(facts: Facts) -> list[str]:
    """What the memory keeps of this study, narrow rules first; a rule at several levels is told at its widest."""
    levels = {"study": "this study", "dataset": "this dataset", "cognition": "across datasets"}
    order = list(levels)
    widest: dict[tuple[str, str], Any] = {}
    for lesson in sorted(facts.lessons, key=lambda each: order.index(each.level)):
        widest[lesson.axis, lesson.direction] = lesson
    told = [
        f"{one_line(lesson.claim).rstrip('.')} ({levels[lesson.level]}"
        + (f", mean {signed_percent(lesson.effect)}" if lesson.effect is not None else "")
        + ")"
        for lesson in widest.values()
    ]
    return _capped(told)


def _capped(items: list[str]) -> list[str]:
    rest = len(items) - MOST_ITEMS
    return items if rest <= 0 else [*items[:MOST_ITEMS], f"and {rest} more"]


def guards(facts: Facts) -> list[str]:
    """The limits a better trial had to keep."""
    return [f"{name} = {limit:g}: {GUARDS.get(name, 'no longer known')}" for name, limit in facts.study.guards.items()]


def about_data(facts: Facts) -> list[str]:
    """The card and the profile in words."""
    card, counts = facts.card, facts.card.counts
    synthetic = "Synthetic data, made by a generator. " if card.synthetic else ""
    made = f"{synthetic}{one_line(card.source, 100)} ({card.format}), data {card.id}, lineage {card.lineage}."
    size = f"{counts['users']:,} users, {counts['items']:,} items, {counts['interactions']:,} interactions"
    period = f" from {card.first_time[:10]} to {card.last_time[:10]}" if card.first_time and card.last_time else ""
    return [made, f"{size}{period}: {', '.join(facts.words)}."]


def data_warnings(facts: Facts) -> list[str]:
    """What to beware of in the data."""
    return [one_line(finding.message) for finding in facts.card.warnings]


def protocol(facts: Facts) -> list[str]:
    """The stamp in words."""
    card, masking = facts.card, _MASKING.get(facts.study.masking, facts.study.masking)
    users, items = card.counts["validation_targets"], card.counts["items"]
    ranked = (
        f"Each of {users:,} users' targets is ranked among all {items:,} items; {masking}; ties count by expectation."
    )
    meaning = f"{facts.objective}: {_metric_meaning(facts.study.objective)}."
    best = "A run's value is that of its best validation epoch."
    gain = f" A gain must exceed {metric(facts.study.min_gain)} to count." if facts.study.min_gain else ""
    return [meaning, _SPLITS.get(card.split, card.split), ranked, best + gain]


def _metric_meaning(objective: str) -> str:
    name, _, k = objective.partition("@")
    among = f"among the first {k} recommended"
    return {
        "recall": f"share of users whose next item is {among}",
        "ndcg": f"how high a user's next item stands {among}; 1 is always first, 0 never there",
        "mrr": f"one over the position of a user's next item {among}, 0 where it is not",
    }.get(name, "as the protocol defines it")


def day(at: float | None) -> str:
    """`2026-11-21`, UTC."""
    return "–" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def moment(at: float) -> str:
    """`2026-11-21 10:04 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    parts = list(names)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
