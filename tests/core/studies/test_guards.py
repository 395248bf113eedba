"""Limits a better trial must keep."""

from dataclasses import replace

import pytest

from core.errors import InvalidInput
from core.records import Run
from core.studies.guards import broken, check_guards
from tests.core.agents.building import baseline

GOOD = {"coverage@10": 0.4, "parameters": 1000, "slices": {"short": 0.05, "long": 0.06}}


def runs(**metrics: object) -> tuple[Run, ...]:
    return tuple(replace(run, metrics={**GOOD, **metrics}, seconds=120.0) for run in baseline().runs)


@pytest.mark.parametrize(
    ("guards", "ours", "says"),
    [
        ({"min_coverage": 0.3}, {"coverage@10": 0.2}, "coverage@10 is 20.0 %, at least 30.0 % is asked"),
        ({"max_parameters": 500}, {}, "1,000 parameters, at most 500 are allowed"),
        ({"max_minutes": 1.0}, {}, "2.0 min of training, at most 1.0 are allowed"),
        (
            {"max_slice_loss": 0.1},
            {"slices": {"short": 0.04, "long": 0.06}},
            "slice short falls from 0.0500 to 0.0400, more than 10.0 %",
        ),
    ],
)
def test_a_broken_guard_is_named_with_value_and_limit(guards, ours, says):
    assert broken(guards, runs(**ours), runs()) == (says,)


def test_kept_guards_and_unknown_figures_break_nothing():
    everything = {"min_coverage": 0.3, "max_parameters": 2000, "max_minutes": 5.0, "max_slice_loss": 0.5}
    assert broken(everything, runs(), runs()) == ()
    assert broken({"min_coverage": 0.3}, runs(**{"coverage@10": None}), runs()) == ()


@pytest.mark.parametrize("guards", [{"speed": 1.0}, {"min_coverage": -0.1}, {"min_coverage": "much"}])
def test_a_guard_that_cannot_be_is_refused(guards):
    with pytest.raises(InvalidInput):
        check_guards(guards)
