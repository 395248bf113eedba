"""Reflections that need no agent: of a trial that was pruned, and in a study that goes without reflecting."""

from core.agents.protocol import Evidence, Outcome, ReflectionDraft
from core.figures import change, metric, objective_words, percent, signed_percent
from core.states import Verdict

AUTHOR = "computed"


def on_pruned(evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
    """Where it was pruned, why, and what may be concluded from that; `outcome` has no value."""
    view = outcome.view
    seen = view.comparison
    expected = view.proposal.expected if view.proposal else {}
    mean, sd = expected.get("relative"), expected.get("relative_sd")
    causes = sorted({run.error for run in view.runs if run.error})
    told = f"Pruned: {'; '.join(causes)}."
    if seen is not None:
        told += f" After epoch {seen.epoch}: {change(seen.difference, seen.low, seen.high)}, {seen.verdict}."
    is_worse = seen is not None and seen.verdict is Verdict.NOT_BETTER
    return ReflectionDraft(
        observed=told,
        predicted=f"{signed_percent(mean)} ± {percent(sd)} (one standard deviation)." if mean is not None else NOTHING,
        why="It was stopped early to save time; its best value is not known, only its lag at that epoch.",
        claim_held=_claim(outcome, is_worse),
        rule="",
        next_action="Plan elsewhere; to be sure of it, retry its run to the end."
        if is_worse
        else "No lesson from this: retry its run to the end if it matters.",
        facts={"pruned_at_epoch": seen.epoch if seen else None, "objective": evidence.study.objective},
        author=AUTHOR,
    )


NOTHING = "Nothing was predicted."


def _claim(outcome: Outcome, is_worse: bool) -> str:
    """A predicted gain is refuted by a sure loss; all else stays open."""
    proposal = outcome.view.proposal
    expected = proposal.expected.get("relative") if proposal and outcome.test_of_claim else None
    return "no" if is_worse and expected is not None and expected > 0 else "unknown"


def without_reflection(evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
    """What was observed, for the record of a study whose agent hears verdicts alone."""
    view = outcome.view
    if view.is_pruned:
        return on_pruned(evidence, outcome)
    told = (
        f"{objective_words(evidence.study.objective)} {metric(view.trial.value)}"
        if view.trial.value is not None
        else "No value"
    )
    if view.comparison:
        seen = view.comparison
        told += f": {change(seen.difference, seen.low, seen.high)} against trial {seen.against}, {seen.verdict}"
    return ReflectionDraft(
        observed=f"{told}.",
        predicted="",
        why="This study goes without reflection: nothing is concluded, and the memory learns nothing.",
        claim_held="unknown",
        rule="",
        next_action="",
        author=AUTHOR,
    )
