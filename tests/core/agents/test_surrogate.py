"""What all trials of a study say together."""

from dataclasses import replace

import pytest

from core.agents.expert.candidates import candidates, single_steps, together
from core.agents.expert.planning import combined
from core.agents.expert.surrogate import Surrogate
from core.states import RunState, Verdict
from tests.core.agents.building import BASE, SPACE, comparison, evidence, step, view

PLAIN = SPACE.baseline()


def at(**changes) -> dict:
    return SPACE.complete(changes)


def test_without_trials_nothing_is_expected_and_the_doubt_is_the_belief():
    mean, deviation = Surrogate(evidence()).gain(at(dropout=0.3), PLAIN)
    assert mean == pytest.approx(0.0, abs=1e-9)
    assert deviation == pytest.approx(0.03, rel=0.05)


def test_a_gain_is_believed_in_part_and_the_doubt_shrinks():
    surrogate = Surrogate(evidence(step(2, "dropout", 0.3, 0.06)))
    mean, deviation = surrogate.gain(at(dropout=0.3), PLAIN)
    assert 0.01 < mean < 0.06
    assert deviation < surrogate.prior_deviation(at(dropout=0.3), PLAIN)


def test_what_a_step_gained_holds_from_another_base_and_for_the_next_step_in_part():
    surrogate = Surrogate(evidence(step(2, "dropout", 0.3, 0.06)))
    same, _ = surrogate.gain(at(dropout=0.3, ffn="relu"), at(ffn="relu"))
    further, _ = surrogate.gain(at(dropout=0.4), at(dropout=0.3))
    back, _ = surrogate.gain(at(dropout=0.1), PLAIN)
    alone, _ = surrogate.gain(at(dropout=0.3), PLAIN)
    assert same == pytest.approx(alone, rel=0.3)
    assert 0 < further < alone
    assert back < 0


def test_a_trial_of_several_fields_tells_of_each_in_part():
    both = view(2, at(dropout=0.3, ffn="swiglu"), value=1.08 * BASE, comparison_=comparison(0.08, Verdict.BETTER))
    surrogate = Surrogate(evidence(both))
    for changes in ({"dropout": 0.3}, {"ffn": "swiglu"}):
        assert surrogate.gain(at(**changes), PLAIN)[0] > 0.002


def test_a_hair_s_breadth_beside_a_config_of_several_fields_is_no_new_chance():
    surrogate, base = Surrogate(evidence()), {"dropout": 0.3, "lr": 0.002, "ffn": "gelu"}
    _, near = surrogate.gain(at(**{**base, "dropout": 0.305}), at(**base))
    _, nearer = surrogate.gain(at(**{**base, "dropout": 0.301}), at(**base))
    _, whole = surrogate.gain(at(**{**base, "dropout": 0.4}), at(**base))
    assert nearer < near < 0.4 * whole


def test_a_second_seed_is_believed_more_than_one():
    once = step(2, "dropout", 0.3, 0.06)
    twice = replace(once, runs=(*once.runs, replace(once.runs[0], id=99, seed=5)))
    gains = [Surrogate(evidence(each)).gain(at(dropout=0.3), PLAIN)[0] for each in (once, twice)]
    assert gains[0] < gains[1]


def test_a_run_that_broke_speaks_for_no_other_direction():
    poor, broken = (
        Surrogate(evidence(step(2, "dropout", 0.3, relative, Verdict.NOT_BETTER))).gain(at(dropout=0.1), PLAIN)[0]
        for relative in (-0.15, -0.9)
    )
    assert broken == pytest.approx(poor, rel=0.2)
    assert broken < 0.03


def test_a_pruned_run_counts_less_than_one_that_ended():
    ended = step(2, "dropout", 0.3, -0.1, Verdict.NOT_BETTER)
    pruned = replace(
        ended,
        trial=replace(ended.trial, value=None),
        runs=tuple(replace(run, state=RunState.PRUNED, value=None) for run in ended.runs),
    )
    whole, early = (Surrogate(evidence(each)).gain(at(dropout=0.3), PLAIN)[0] for each in (ended, pruned))
    assert whole < early < 0


def test_steps_are_taken_together_only_where_each_axis_was_tried_alone():
    shown = evidence(step(2, "dropout", 0.3, 0.03), step(3, "ffn", "swiglu", 0.03))
    found = combined(shown, PLAIN, [], 0.0)
    assert {frozenset(each.candidate.changes) for each in found} == {frozenset({"dropout", "ffn"})}
    assert found[0].mean > 0
    assert "tried alone" in found[0].prior.mechanism


def test_steps_that_do_not_go_together_are_not_combined():
    dropouts = [each for each in single_steps(evidence(), PLAIN) if each.axis == "dropout"]
    assert together(evidence(), PLAIN, dropouts) == []


def test_where_the_next_option_was_tried_the_one_beyond_it_is_offered():
    shown = evidence(step(2, "hidden_dim", 128, 0.0))
    ups = [each.after for each in candidates(shown, PLAIN) if (each.axis, each.direction) == ("hidden_dim", "up")]
    assert ups == [256]
