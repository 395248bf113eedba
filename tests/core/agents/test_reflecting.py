"""Reflections: their figures are those of the record."""

import re

from core.agents.expert import Expert
from core.agents.protocol import Outcome, ReflectionDraft, TrialView
from core.states import RunState, Verdict
from tests.core.agents.building import BASE, baseline, comparison, curve, evidence, step, view

SHORT, LONG = "length ≤ 5", "length > 5"


def reflect(trial: TrialView, *others: TrialView) -> ReflectionDraft:
    shown = evidence(baseline(), *others, trial)
    against = None if trial.trial.kind == "baseline" else shown.trials[0]
    return Expert().reflect(shown, Outcome(trial, against, against))


def test_observed_and_predicted_hold_the_figures_of_the_comparison():
    told = reflect(step(2, "dropout", 0.3, 0.08, Verdict.BETTER))
    assert told.observed == "NDCG@10 0.0540: +0.0040 ± 0.0020 (+8.0 %) against trial 1, better."
    assert told.predicted == "+1.0 % ± 3.0 % (one standard deviation)."
    assert told.rule == "dropout from 0.2 to 0.3 helps on toy (+8.0 %)."
    assert told.claim_held == "yes"
    assert told.facts["inside_prediction"] is False


def test_every_number_of_a_reflection_is_in_the_record():
    trial = step(2, "dropout", 0.3, -0.05, Verdict.NOT_BETTER, curve_=curve([0.02, 0.03, 0.04, 0.045, 0.0475]))
    told = reflect(trial)
    words = " ".join((told.observed, told.why, told.rule))
    assert trial.comparison is not None
    record = {"0.0475", "0.0025", "0.0020", "5.0", "1", "2", "0.2", "0.3", "10", "5"}
    record |= {"15", "24", f"{trial.curve.best:.4f}" if trial.curve else "", "23"}
    numbers = set(re.findall(r"\d+(?:\.\d+)?", words)) - {"95"}
    known = numbers & record | {n for n in numbers if trial.curve and f"{trial.curve.slope:+.1%}".strip("+%−-") == n}
    assert numbers == known, f"not in the record: {numbers - known}"


def test_an_inconclusive_trial_teaches_no_rule_and_says_what_could_have_been_seen():
    told = reflect(step(2, "dropout", 0.3, 0.01))
    assert told.rule == ""
    assert told.claim_held == "unknown"
    assert "With 1 against 3 seeds a change of 0.0028 would be seen four times in five" in told.why


def test_the_rule_is_about_the_step_even_where_the_verdict_is_about_another_trial():
    base = step(2, "lr", 0.002, 0.05)
    own = comparison(-0.06, Verdict.NOT_BETTER, against=2)
    trial = step(3, "dropout", 0.3, 0.08, Verdict.BETTER, step_=own)
    told = Expert().reflect(evidence(base, trial), Outcome(trial, baseline(), base))
    assert "better. The step on dropout itself, from trial 2: −0.0030 ± 0.0020 (−6.0 %), not better." in told.observed
    assert told.rule == "dropout from 0.2 to 0.3 does not help on toy (−6.0 %)."
    assert told.claim_held == "no"


def test_tries_are_counted_as_they_were():
    assert "dropout was tried once" in reflect(step(2, "dropout", 0.3, -0.01)).next_action
    second = reflect(step(3, "dropout", 0.25, -0.01), step(2, "dropout", 0.3, -0.01))
    assert "dropout was tried 2 times" in second.next_action


def test_slices_that_moved_are_named_with_both_values():
    before = view(1, baseline().trial.params, kind="baseline", run={"metrics": {"slices": {SHORT: 0.04, LONG: 0.06}}})
    trial = step(2, "dropout", 0.3, 0.08, Verdict.BETTER, run={"metrics": {"slices": {SHORT: 0.05, LONG: 0.06}}})
    told = Expert().reflect(evidence(before, trial), Outcome(trial, before, before))
    assert f"Slices that moved: {SHORT} 0.0400 → 0.0500." in told.why


def test_a_broken_guard_is_named():
    plain = step(2, "dropout", 0.3, 0.08, Verdict.BETTER)
    judged = comparison(0.08, Verdict.BETTER, broken_guards=("coverage@10 is 10.0 %",))
    told = reflect(view(2, plain.trial.params, proposal=plain.proposal, comparison_=judged, value=BASE * 1.08))
    assert "It breaks a guard: coverage@10 is 10.0 %." in told.why


def test_the_baseline_is_reflected_on_without_a_claim():
    told = reflect(baseline())
    assert told.observed == "NDCG@10 0.0500 over 3 seeds; two seeds differ by about 0.0014."
    assert (told.predicted, told.claim_held, told.rule) == ("Nothing was predicted.", "unknown", "")


def test_a_trial_whose_runs_all_failed_blames_no_config():
    failed = {"state": RunState.FAILED, "error": "training diverged in epoch 2: lower lr"}
    plain = step(2, "lr", 0.002)
    told = reflect(view(2, plain.trial.params, proposal=plain.proposal, value=None, run=failed))
    assert "training diverged in epoch 2" in told.observed
    assert (told.rule, told.claim_held) == ("", "unknown")
