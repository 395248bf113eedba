"""What all trials of a study say together."""

import itertools
from dataclasses import replace

import pytest

from core.agents.expert.candidates import candidates, single_steps, together
from core.agents.expert.knowledge import belief
from core.agents.expert.planning import combined
from core.agents.expert.surrogate import Surrogate, Told
from core.states import RunState, Verdict
from tests.core.agents.building import BASE, SPACE, comparison, evidence, step, view

PLAIN = SPACE.baseline()


def at(**changes) -> dict:
    return SPACE.complete(changes)


def test_without_trials_what_the_literature_promises_is_expected_with_its_doubt():
    mean, deviation, _ = Surrogate(evidence()).gain(at(dropout=0.3), PLAIN)
    believed = belief("dropout", "up")
    assert mean == pytest.approx(believed.mean, abs=1e-9)
    assert deviation == pytest.approx(believed.sd, rel=0.05)
    assert Surrogate(evidence()).gain(at(ffn="swiglu"), PLAIN)[0] == pytest.approx(belief("ffn", "swiglu").mean)


def test_by_trials_alone_nothing_is_expected_of_what_was_not_tried():
    mean, deviation, _ = Surrogate(evidence(), by_trials_alone=True).gain(at(dropout=0.3), PLAIN)
    assert mean == pytest.approx(0.0, abs=1e-9)
    assert deviation == pytest.approx(belief("dropout", "up").sd, rel=0.05)


def test_each_further_step_the_same_way_is_promised_half_of_the_one_before():
    surrogate = Surrogate(evidence())
    values = [0.2, 0.3, 0.4, 0.5]
    first, second, third = (surrogate.gain(at(dropout=b), at(dropout=a))[0] for a, b in itertools.pairwise(values))
    assert second == pytest.approx(first / 2, rel=1e-3)
    assert third == pytest.approx(second / 2, rel=1e-3)


def test_a_promise_that_a_trial_did_not_keep_is_smaller_for_the_next_step():
    """Before, every further step was promised the whole belief again."""
    untried, tried = Surrogate(evidence()), Surrogate(evidence(step(2, "dropout", 0.3, 0.0)))
    promised, left = (each.gain(at(dropout=0.4), at(dropout=0.3))[0] for each in (untried, tried))
    assert left < promised < belief("dropout", "up").mean


def test_what_is_told_of_a_step_counts_once_however_many_steps_are_taken():
    told = [Told("dropout", "up", 0.05, 0.01)]
    surrogate = Surrogate(evidence(), told)
    first, *_ = surrogate.gain(at(dropout=0.3), PLAIN)
    second, *_ = surrogate.gain(at(dropout=0.4), at(dropout=0.3))
    back, *_ = surrogate.gain(at(dropout=0.1), PLAIN)
    assert 0.04 < first < 0.05
    assert 0 < second < first / 2
    assert back < 0
    elsewhere = [Told("no_such_field", "up", 0.05, 0.01), Told("dropout", "sideways", 0.05, 0.01)]
    assert Surrogate(evidence(), elsewhere).gain(at(dropout=0.3), PLAIN) == Surrogate(evidence()).gain(
        at(dropout=0.3), PLAIN
    )


def test_a_gain_is_believed_in_part_and_the_doubt_shrinks():
    surrogate = Surrogate(evidence(step(2, "dropout", 0.3, 0.06)))
    mean, deviation, before = surrogate.gain(at(dropout=0.3), PLAIN)
    assert 0.01 < mean < 0.06
    assert deviation < before


def test_what_a_step_gained_holds_from_another_base_and_for_the_next_step_in_part():
    surrogate = Surrogate(evidence(step(2, "dropout", 0.3, 0.06)))
    same, *_ = surrogate.gain(at(dropout=0.3, ffn="relu"), at(ffn="relu"))
    further, *_ = surrogate.gain(at(dropout=0.4), at(dropout=0.3))
    back, *_ = surrogate.gain(at(dropout=0.1), PLAIN)
    alone, *_ = surrogate.gain(at(dropout=0.3), PLAIN)
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
    _, near, _ = surrogate.gain(at(**{**base, "dropout": 0.305}), at(**base))
    _, nearer, _ = surrogate.gain(at(**{**base, "dropout": 0.301}), at(**base))
    _, whole, _ = surrogate.gain(at(**{**base, "dropout": 0.4}), at(**base))
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
