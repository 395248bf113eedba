"""A trial's title and its verdict, in sentences."""

from core.figures import metric
from core.records import Study, Trial
from core.verdict import Comparison

TITLES = {
    "waiting": "waits for you",
    "baseline": "is the baseline",
    "failed": "failed",
    "expired": "expired",
    "pruned": "was pruned",
    "vetoed": "was vetoed",
    "cancelled": "was cancelled",
}


def title_of(study: Study, trial: Trial, stands: str, comparison: Comparison | None) -> str:
    """What became of the trial; `stands` is its standing."""
    name = f"Trial {trial.number}"
    if trial.id == study.recommended_id:
        return f"{name} is recommended"
    if trial.id == study.incumbent_id:
        return f"{name} is the current best"
    if stands == "better":
        guarded = comparison is not None and comparison.broken_guards
        return f"{name} is better, but breaks a guard" if guarded else f"{name} was better than the best before it"
    who = ", the baseline," if trial.kind == "baseline" and stands != "baseline" else ""
    return f"{name}{who} {TITLES.get(stands, f'is {stands}')}"


def verdict_words_of(study: Study, trial: Trial, comparison: Comparison | None) -> str:
    """How sure the verdict is and against what, in a sentence."""
    if comparison is None:
        seeds = len(trial.seeds)
        return f"{metric(trial.value)} over {seeds} seed{'s' if seeds != 1 else ''}." if trial.value is not None else ""
    where = {
        "better": "it lies above the smallest gain worth keeping" if study.min_gain else "it lies above zero",
        "not better": "it lies below the smallest gain worth keeping" if study.min_gain else "it lies below zero",
        "inconclusive": "it crosses the smallest gain worth keeping" if study.min_gain else "it crosses zero",
    }[comparison.verdict]
    ours, theirs = comparison.seeds
    if comparison.low is None and comparison.epoch is not None:
        where = "no interval: no whole trial was compared before it, so the noise between users is unknown"
    elif comparison.low is None:
        where = "no interval: no config was repeated, so the noise between seeds is unknown"
    versus = f"against trial {comparison.against}, " if comparison.against else ""
    if comparison.epoch is not None:
        versus = f"of the best by epoch {comparison.epoch}, {versus}"
    return (
        f"95 % interval {versus}{comparison.users:,} users, {ours} seed{'s' if ours > 1 else ''} to {theirs}: {where}."
    )


def detail_of(comparison: Comparison | None) -> tuple[str, ...]:
    """What it could detect, and the guards it breaks."""
    if comparison is None:
        return ()
    said_of = []
    if comparison.smallest_detectable is not None:
        said_of.append(
            f"The smallest change it could detect (four times in five) is {comparison.smallest_detectable:.4f}."
        )
    return (*said_of, *(f"It breaks a guard: {guard}." for guard in comparison.broken_guards))
