"""The expert's reflection: observed against predicted, why, whether the claim held, and what follows."""

from typing import Any

from core.agents.expert.candidates import failures
from core.agents.protocol import Evidence, Outcome, ReflectionDraft, TrialView
from core.figures import change, metric, objective_words, percent, signed_percent
from core.states import Verdict
from core.verdict import Comparison

_EDITED = "The config was edited by a person, so the agent's claim was not put to the test."
SLICE_SHARE = 0.05  # a slice that moved by more than this share of its value is worth a sentence


def reflect(evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
    """A reflection for any judged trial: baseline, planned, a person's own, or one whose runs all failed."""
    if outcome.view.trial.value is None:
        return _on_failure(outcome)
    if outcome.view.comparison is None or outcome.test_of_claim is None:
        return _without_claim(evidence, outcome)
    return _on_claim(evidence, outcome, outcome.view.comparison, outcome.test_of_claim)


def _was_edited(view: TrialView) -> bool:
    """Whether a person let another config run: the claim was about something else then."""
    return "edit" in view.decisions


def _on_failure(outcome: Outcome) -> ReflectionDraft:
    causes = sorted({run.error for run in outcome.view.runs if run.error}) or ["no run completed"]
    return ReflectionDraft(
        observed="No value: " + "; ".join(causes),
        predicted=_predicted(outcome.view),
        why="A run that fails says nothing about the config's quality.",
        claim_held="unknown",
        rule="",
        next_action="Look at the run's log; retry it, or try a smaller step on another axis.",
    )


def _without_claim(evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
    view, study = outcome.view, evidence.study
    spread = evidence.noise.deviation
    observed = f"{objective_words(study.objective)} {metric(view.trial.value)} over {_seeds(view)}"
    if evidence.noise.degrees:
        observed += f"; two seeds differ by about {metric(spread * 2**0.5)}"
    if outcome.view.comparison:
        observed += f"; {_difference(outcome.view.comparison)} against trial {_number(outcome.against)}"
    curve = f"Its curve: {view.curve.sentence}." if view.curve else ""
    return ReflectionDraft(
        observed=observed + ".",
        predicted=_EDITED if _was_edited(view) else "Nothing was predicted.",
        why=curve or "There is no curve.",
        claim_held="unknown",
        rule="",
        next_action="Plan from here." if outcome.against is None else _next_action(evidence, outcome),
        facts=_facts(outcome),
    )


def _on_claim(evidence: Evidence, outcome: Outcome, comparison: Comparison, step: Comparison) -> ReflectionDraft:
    view = outcome.view
    assert view.proposal is not None
    held = {Verdict.BETTER: "yes", Verdict.NOT_BETTER: "no"}.get(step.verdict, "unknown")
    if view.proposal.expected["relative"] is not None and view.proposal.expected["relative"] < 0:
        held = {"yes": "no", "no": "yes"}.get(held, held)
    return ReflectionDraft(
        observed=f"{objective_words(evidence.study.objective)} {metric(view.trial.value)}: {_difference(comparison)} "
        f"against trial {_number(outcome.against)}, {comparison.verdict}.{_own_step(outcome, step)}",
        predicted=_predicted(view),
        why=_why(outcome, comparison),
        claim_held=held,
        rule=_rule(evidence, outcome, step),
        next_action=_next_action(evidence, outcome),
        facts=_facts(outcome),
    )


def _own_step(outcome: Outcome, step: Comparison) -> str:
    """What the change of its one axis did, where it was judged against another trial than it was planned from."""
    if step.against == (outcome.view.comparison and outcome.view.comparison.against) or outcome.view.proposal is None:
        return ""
    axis = outcome.view.proposal.axis
    return f" The step on {axis} itself, from trial {_number(outcome.base)}: {_difference(step)}, {step.verdict}."


def _difference(comparison: Comparison) -> str:
    figure = change(comparison.difference, comparison.low, comparison.high)
    return f"{figure} ({signed_percent(comparison.relative)})"


def _predicted(view: TrialView) -> str:
    if view.proposal is None or view.proposal.expected["relative"] is None:
        return "Nothing was predicted."
    sd = view.proposal.expected["relative_sd"]
    return f"{signed_percent(view.proposal.expected['relative'])} ± {percent(sd)} (one standard deviation)."


def _why(outcome: Outcome, comparison: Comparison) -> str:
    sentences = []
    ours, theirs = outcome.view.curve, outcome.against.curve if outcome.against else None
    if ours:
        sentences.append(f"Its curve: {ours.sentence}.")
    if ours and theirs and ours.best_epoch != theirs.best_epoch:
        moved = "later" if ours.best_epoch > theirs.best_epoch else "sooner"
        sentences.append(f"The best epoch came {moved} ({theirs.best_epoch} → {ours.best_epoch}).")
    sentences += _slices(outcome)
    if comparison.verdict is Verdict.INCONCLUSIVE and comparison.smallest_detectable is not None:
        sentences.append(
            f"With {comparison.seeds[0]} against {comparison.seeds[1]} seeds a change of "
            f"{metric(comparison.smallest_detectable)} would be seen four times in five; this one is smaller."
        )
    if comparison.broken_guards:
        sentences.append(f"It breaks a guard: {'; '.join(comparison.broken_guards)}.")
    return " ".join(sentences) or "The curves do not tell."


def _slices(outcome: Outcome) -> list[str]:
    ours, theirs = outcome.view.slices, outcome.against.slices if outcome.against else {}
    moved = []
    for name in ours.keys() & theirs.keys():
        if theirs[name] and abs(ours[name] / theirs[name] - 1) > SLICE_SHARE:
            moved.append((abs(ours[name] - theirs[name]), f"{name} {metric(theirs[name])} → {metric(ours[name])}"))
    moved.sort(reverse=True)
    return [f"Slices that moved: {'; '.join(text for _, text in moved[:3])}."] if moved else []


def _rule(evidence: Evidence, outcome: Outcome, step: Comparison) -> str:
    view = outcome.view
    if step.verdict is Verdict.INCONCLUSIVE or outcome.test_of_axis is None:
        return ""
    assert view.proposal is not None
    before, after = view.proposal.changes[view.proposal.axis]
    verb = "helps" if step.verdict is Verdict.BETTER else "does not help"
    effect = signed_percent(step.relative)
    return f"{view.proposal.axis} from {before} to {after} {verb} on {evidence.dataset_name} ({effect})."


def _next_action(evidence: Evidence, outcome: Outcome) -> str:
    view, comparison = outcome.view, outcome.view.comparison
    if comparison is None or view.proposal is None:
        return "Plan from the current best."
    axis = view.proposal.axis
    if comparison.verdict is Verdict.BETTER:
        return f"Keep it as the current best and try the next step on {axis}, or another axis if that gains less."
    if comparison.verdict is Verdict.NOT_BETTER:
        return f"Go back, and try {axis} the other way or in a smaller step only after other axes."
    if comparison.difference > evidence.study.min_gain and view.trial.looks <= 1:
        return "It points up: one more seed would tell more; plan from the pooled best estimate meanwhile."
    tried = failures(evidence, axis)
    times = "once" if tried <= 1 else f"{tried} times"
    return f"No lesson from this. {axis} was tried {times} without a clear gain; look at other axes."


def _facts(outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if outcome.view.comparison:
        comparison = outcome.view.comparison
        facts |= {"relative": comparison.relative, "low": comparison.low, "high": comparison.high}
    if outcome.view.proposal and outcome.test_of_claim:
        expected = outcome.view.proposal.expected
        mean, sd = expected.get("relative"), expected.get("relative_sd")
        if mean is not None and sd is not None:
            facts["inside_prediction"] = abs(outcome.test_of_claim.relative - mean) <= 1.96 * sd
    if outcome.view.curve:
        facts |= {"best_epoch": outcome.view.curve.best_epoch, "diagnosis": outcome.view.curve.diagnosis}
    return facts


def _seeds(view: TrialView) -> str:
    count = sum(run.value is not None and run.purpose != "fresh" for run in view.runs)
    return "one seed" if count == 1 else f"{count} seeds"


def _number(view: TrialView | None) -> str:
    return str(view.trial.number) if view else "–"
