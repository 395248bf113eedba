"""Which trial the expert asks for next, and what it says of it."""

import functools
from dataclasses import replace

import pytest

from core.agents.expert import Expert
from core.agents.expert.candidates import SHARE, candidates
from core.agents.expert.hints import Hint, hints
from core.agents.expert.knowledge import BELIEFS, UNKNOWN, belief
from core.agents.expert.planning import best_estimate, expected_improvement, rank
from core.agents.protocol import Draft, Evidence, Nothing
from core.space import SearchSpace
from core.states import TrialState, Verdict
from recmodels.registry import BACKBONES
from tests.core.agents.building import (
    BASE,
    OBJECTIVE,
    RISING,
    SPACE,
    baseline,
    comparison,
    evidence,
    lesson_hit,
    step,
    view,
)

OVER_FIT = [0.02, 0.035, 0.045, 0.05, 0.049, 0.047, 0.045, 0.043, 0.041, 0.04, 0.039, 0.038]
STILL_LEARNING = [0.004 * epoch for epoch in range(1, 13)]


def propose(shown: Evidence) -> Draft:
    draft = Expert().propose(shown)
    assert isinstance(draft, Draft)
    return draft


@functools.cache
def reachable(name: str) -> set[tuple[str, str]]:
    """Every step the expert can come to, walking each axis from end to end."""
    space = SearchSpace.of(name)
    found = set()
    for axis, param in space.declared.items():
        values = param.options or (param.low, param.default, param.high)
        for value in values:
            base = {**space.baseline(), axis: value}
            shown = evidence(space=space)
            found |= {(each.axis, each.direction) for each in candidates(shown, base) if each.axis == axis}
    return found


@pytest.mark.parametrize("name", list(BACKBONES))
def test_something_is_believed_of_every_step_of_every_backbone(name):
    lacking = [step for step in reachable(name) if belief(*step) is UNKNOWN]
    assert not lacking, f"no belief about {sorted(lacking)}; write one down in knowledge.py"


def test_nothing_is_believed_of_a_knob_that_nothing_reads():
    known = {axis for backbone in BACKBONES.values() for axis in backbone.params()}
    assert {axis for axis, _ in BELIEFS} <= known


def test_every_hint_is_about_a_step_that_exists():
    steps = {step for name in BACKBONES for step in reachable(name)}
    profiles = ({"mean_length": 5.0, "p95_length": 400.0, "popularity_gini": 0.9}, {"p95_length": 9.0})
    for values in (OVER_FIT, STILL_LEARNING, RISING, [0.05, 0.02] * 8):
        for profile in profiles:
            base = baseline(values)
            given = hints(evidence(base, profile=profile), base)
            assert {(hint.axis, hint.direction) for hint in given} <= steps


def test_every_candidate_lies_inside_the_space_of_the_study():
    space = SPACE.narrow("lr", 5e-4, 2e-3).narrow("max_len", 40, 60).fix("loss", "full_softmax")
    found = candidates(evidence(space=space), space.baseline())
    assert found
    assert all(space.contains(each.params) for each in found)
    assert "loss" not in {each.axis for each in found}


def test_a_field_that_does_not_act_is_not_proposed_until_it_does():
    without = SPACE.complete({"embedding_norm": "none"})
    assert "temperature" not in {each.axis for each in candidates(evidence(), without)}
    assert "temperature" in {each.axis for each in candidates(evidence(), SPACE.baseline())}


def test_both_ways_of_a_number_are_offered_and_a_whole_number_really_moves():
    steps = {(each.axis, each.direction): each.after for each in candidates(evidence(), SPACE.baseline())}
    assert steps["max_len", "up"] == 100
    assert steps["max_len", "down"] == 25
    assert steps["negatives", "down"] == 128
    assert steps["num_blocks", "down"] == 1
    assert steps["lr", "up"] == 0.002


def test_nothing_steps_beyond_its_range():
    at_the_end = SPACE.complete({"lr": 1e-2, "num_blocks": 6, "hidden_dim": 256, "dropout": 0.0})
    found = {(each.axis, each.direction) for each in candidates(evidence(), at_the_end)}
    ends = {("lr", "up"), ("num_blocks", "up"), ("hidden_dim", "up"), ("dropout", "down")}
    assert not found & ends


def test_a_config_that_ran_waits_or_was_vetoed_is_not_proposed_again():
    first = propose(evidence())
    for state, value in ((TrialState.APPROVED, BASE), (TrialState.PROPOSED, None), (TrialState.VETOED, None)):
        seen = view(2, first.params, state=state, value=value)
        assert propose(evidence(baseline(), seen)).params != first.params


def test_a_config_that_expired_may_come_again():
    first = propose(evidence())
    seen = view(2, first.params, state=TrialState.EXPIRED, value=None)
    assert propose(evidence(baseline(), seen)).params == first.params


def test_what_a_person_edited_away_is_not_proposed_again():
    wanted = step(2, "dropout", 0.3, decisions=("edit",))
    ran = view(2, SPACE.complete({"dropout": 0.25}), proposal=wanted.proposal, decisions=("edit",))
    assert all(each.params != wanted.trial.params for each in candidates(evidence(ran), SPACE.baseline()))


def test_steps_get_smaller_after_failures_on_the_axis():
    failed = step(2, "lr", 0.002, -0.03, Verdict.NOT_BETTER)
    [up] = [e for e in candidates(evidence(failed), SPACE.baseline()) if (e.axis, e.direction) == ("lr", "up")]
    assert 0.001 < up.after < 0.002


def test_when_every_step_was_tried_nothing_is_proposed():
    space = SPACE
    for name, value in SPACE.baseline().items():
        if name != "tied_embeddings":
            space = space.fix(name, value)
    untied = view(2, space.complete({"tied_embeddings": False}), value=BASE)
    assert Expert().propose(evidence(space=space)) is not None
    assert isinstance(Expert().propose(evidence(baseline(), untied, space=space)), Nothing)


def test_the_same_evidence_gives_the_same_proposal():
    shown = evidence(step(2, "dropout", 0.3, 0.02))
    assert propose(shown) == propose(shown)


def test_a_proposal_changes_one_axis_and_says_why_how_much_and_what_would_refute_it():
    draft = propose(evidence())
    assert list(draft.changes) == [draft.axis]
    before, after = draft.changes[draft.axis]
    assert {name for name, value in draft.params.items() if value != SPACE.baseline()[name]} == {draft.axis}
    assert f"from {before} to {after}" in draft.claim
    assert draft.expected_sd is not None and draft.expected_sd > 0
    assert "lies below 0" in draft.falsifier
    assert draft.minutes is not None


def test_the_base_trials_curve_moves_what_is_expected_and_is_named():
    def expected(values: list[float], axis: str, direction: str) -> float:
        base = baseline(values)
        ranked = rank(candidates(evidence(base), SPACE.baseline()), evidence(base), hints(evidence(base), base), 0)
        [found] = [e for e in ranked if (e.candidate.axis, e.candidate.direction) == (axis, direction)]
        return found.mean

    assert expected(OVER_FIT, "dropout", "up") > expected(STILL_LEARNING, "dropout", "up")
    assert expected(STILL_LEARNING, "lr", "up") > expected(OVER_FIT, "lr", "up")
    draft = propose(evidence(baseline(OVER_FIT), space=SPACE.fix("priors", "none")))
    assert "it over-fits: best 0.0500 at epoch 4 of 12" in draft.mechanism


def test_short_histories_speak_against_a_longer_view():
    shown = evidence(profile={"mean_length": 5.0, "p95_length": 12.0})
    told = [hint.reason for hint in hints(shown, shown.trials[0]) if (hint.axis, hint.direction) == ("max_len", "up")]
    assert told == ["95 % of the histories have at most 12 events, the model reads 50 already."]


def test_a_lesson_moves_what_is_expected_in_proportion_to_its_trust():
    def expected(hits: list) -> float:
        ranked = rank(candidates(evidence(), SPACE.baseline()), evidence(hits=hits), [], 0.0)
        return next(e.mean for e in ranked if (e.candidate.axis, e.candidate.direction) == ("attn_dropout", "up"))

    unaided, doubtful, trusted = (
        expected(hits)
        for hits in (
            [],
            [lesson_hit("attn_dropout", "up", trust=0.2, effect=0.1)],
            [lesson_hit("attn_dropout", "up", trust=0.9, effect=0.1)],
        )
    )
    assert unaided < doubtful < trusted < 0.1
    assert expected([lesson_hit("attn_dropout", "up", "avoid", trust=0.9)]) < unaided


def test_a_lesson_that_led_is_cited_as_decisive_and_one_that_only_agreed_is_not():
    space = SPACE.fix("priors", "none")
    lead = propose(evidence(hits=[lesson_hit("ffn", "gelu", trust=1.0, effect=0.3)], space=space))
    assert (lead.axis, lead.direction, lead.cited, lead.decisive) == ("ffn", "gelu", (7,), 7)
    own = propose(evidence(space=space))
    agreed = propose(evidence(hits=[lesson_hit(own.axis, own.direction, trust=0.6, effect=0.05)], space=space))
    assert (agreed.axis, agreed.cited, agreed.decisive) == (own.axis, (7,), None)


def test_a_lesson_made_for_other_data_is_neither_heard_nor_cited():
    hit = replace(lesson_hit("ffn", "gelu", trust=1.0, effect=0.3), conditions=0.0)
    assert propose(evidence(hits=[hit])) == propose(evidence())


def test_a_study_without_memory_hears_no_lesson():
    draft = propose(evidence(hits=[lesson_hit("ffn", "gelu", trust=1.0, effect=0.3)], use_memory=False))
    assert draft.cited == ()


def test_a_promising_trial_is_planned_from_only_as_far_as_its_noise_lets_it():
    lucky = step(2, "dropout", 0.3, 0.04)
    small = step(3, "attn_dropout", 0.3, -0.01)
    base = best_estimate(evidence(lucky, small))
    assert base is not None
    assert base.trial.number == 2
    asked = evidence(lucky, small, min_gain=0.04 * BASE)
    kept = best_estimate(asked)
    assert kept is not None
    assert kept.trial.number == 1, "shrunk by its noise it lies below the smallest gain worth keeping"


def test_a_trial_that_breaks_a_guard_is_not_planned_from():
    broken = step(2, "dropout", 0.3, 0.04)
    guarded = comparison(0.04, Verdict.INCONCLUSIVE, broken_guards=("coverage",))
    base = best_estimate(evidence(view(2, broken.trial.params, proposal=broken.proposal, comparison_=guarded)))
    assert base is not None
    assert base.trial.number == 1


def test_what_failed_in_this_study_is_expected_to_fail_again():
    failed = evidence(step(2, "hidden_dim", 128, -0.08, Verdict.NOT_BETTER))

    def expected(shown: Evidence) -> float:
        ranked = rank(candidates(shown, SPACE.baseline()), shown, [], 0.0)
        return next((e.mean for e in ranked if (e.candidate.axis, e.candidate.direction) == ("hidden_dim", "down")), 0)

    assert expected(failed) > expected(evidence())


def test_a_smaller_step_is_promised_its_share_by_belief_hints_and_lessons():
    lesson = lesson_hit("dropout", "up", trust=1.0, effect=0.04)

    def promised(after: float, shown_hits: list) -> float:
        [first] = [e for e in candidates(evidence(), SPACE.baseline()) if (e.axis, e.direction) == ("dropout", "up")]
        smaller = replace(first, after=after, params=SPACE.complete({"dropout": after}))
        return rank([smaller], evidence(hits=shown_hits), [Hint("dropout", "up", 0.02, "over-fit")], 0.0)[0].mean

    whole, half = 0.2 + SHARE * 0.8, 0.2 + SHARE * 0.4  # dropout is declared from 0 to 0.8
    assert 0.4 * promised(whole, []) < promised(half, []) < 0.7 * promised(whole, [])
    assert promised(half, [lesson]) < 0.75 * promised(whole, [lesson])


def test_a_step_that_gained_is_expected_to_gain_from_another_base_too():
    gained = step(2, "dropout", 0.3, 0.03)
    elsewhere = step(3, "ffn", "gelu", 0.05, Verdict.BETTER)
    shown = evidence(gained, elsewhere, incumbent_id=3)
    again, further = (
        next(e.mean for e in rank(candidates(shown, base), shown, [], 0.0) if e.candidate.axis == "dropout")
        for base in (elsewhere.trial.params, SPACE.complete({"ffn": "gelu", "dropout": 0.3}))
    )
    assert again > further > 0


def test_a_trial_and_the_lesson_it_wrote_are_counted_once():
    seen = step(2, "ffn", "gelu", 0.05, Verdict.BETTER)
    own = lesson_hit("ffn", "swiglu", trust=1.0, effect=0.05, level="study", study_id=1, author="consolidation")
    person = replace(own, lesson=replace(own.lesson, author="Ada"))

    def expected(hits: list) -> float:
        ranked = rank(candidates(evidence(seen), SPACE.baseline()), evidence(seen, hits=hits), [], 0.0)
        return next(e.mean for e in ranked if e.candidate.direction == "swiglu")

    assert expected([own]) == expected([])
    assert expected([person]) > expected([])


def test_when_no_step_is_likely_to_gain_what_is_worth_keeping_the_expert_stops_and_says_so():
    answer = Expert().propose(evidence(min_gain=10 * BASE))
    assert isinstance(answer, Nothing)
    assert "chance of a gain worth keeping" in answer.reason


def test_a_weak_slice_of_the_base_trial_speaks_for_a_step_and_is_named():
    values = {"history length 3-5": 0.06, "history length 40-90": 0.03}
    weak = view(1, SPACE.baseline(), kind="baseline", run={"metrics": {OBJECTIVE: BASE, "slices": values}})
    told = [hint.reason for hint in hints(evidence(weak), weak) if (hint.axis, hint.direction) == ("num_blocks", "up")]
    assert told == ["NDCG@10 is 0.0300 at history length 40-90 and 0.0600 at history length 3-5."]


def test_expected_improvement_grows_with_mean_and_doubt():
    assert expected_improvement(0.01, 0.02) > expected_improvement(0.0, 0.02) > expected_improvement(0.0, 0.01) > 0
