"""Predicted against actual: which trials count, and what is said of an agent."""

from pathlib import Path

import pytest

from core.calibration import Calibration, Point, calibrations, wilson
from tests.core.loop.world import World


def point(predicted: float, sd: float, actual: float, error: float = 0.0) -> Point:
    return Point(1, "s", 2, "expert", "lr", predicted, sd, actual, error, "better")


def test_hits_bias_and_signs_are_those_of_the_points():
    seen = Calibration("expert", (point(0.02, 0.01, 0.03), point(0.02, 0.01, -0.04), point(0.01, 0.02, 0.02)))
    assert seen.hit_rate == pytest.approx(2 / 3)
    assert seen.sign_rate == pytest.approx(2 / 3)
    assert seen.bias == pytest.approx((0.01 - 0.06 + 0.01) / 3)
    assert seen.miss == pytest.approx((0.01 + 0.06 + 0.01) / 3)


def test_noise_of_the_measurement_is_not_held_against_the_agent():
    seen = Calibration("expert", (point(0.0, 0.01, 0.03, error=0.02),))
    assert (seen.hit_rate, seen.hit_rate_with_noise) == (0.0, 1.0)


def test_the_interval_of_a_share_is_wilsons():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("actual", "says"), [(0.2, "too sure of itself"), (0.0, "as stated"), (0.01, "as stated")])
def test_it_is_said_whether_the_intervals_can_be_believed(actual: float, says: str):
    assert says in Calibration("expert", tuple(point(0.0, 0.01, actual) for _ in range(5))).sentence


def test_only_trials_that_ran_as_proposed_are_points(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    study = world.start(autonomy="each", trials=4, extra_seeds=False, use_pruning=False)
    edited = world.deciding.edit(world.wait_for_proposal(study), {"lr": 0.005}, "Ada", "test")
    approved = world.wait_for_proposal(study)
    world.deciding.approve(approved, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(approved.id).judged_at is not None)
    world.run_until(lambda: world.store.trials.get(edited.id).judged_at is not None)
    (seen,) = calibrations(world.store)
    assert seen.agent == "expert" and [each.trial for each in seen.points] == [approved.number]
    proposal = world.store.proposals.proposal(approved.id)
    assert proposal is not None and seen.points[0].predicted == proposal.expected["relative"]
    assert calibrations(world.store, study.id) == [seen]


def test_a_sampler_predicts_nothing(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    world.finish(world.start(agent="random", trials=3))
    assert calibrations(world.store) == []
