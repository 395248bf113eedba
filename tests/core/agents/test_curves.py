"""What a learning curve is taken to say."""

import pytest

from core.agents.curves import summarise
from tests.core.agents.building import curve

FALLING = [1.0 - 0.03 * epoch for epoch in range(24)]


@pytest.mark.parametrize(
    ("says", "values"),
    [
        ("over-fit", [0.02, 0.035, 0.045, 0.05, 0.049, 0.048, 0.047, 0.046, 0.045, 0.044, 0.043, 0.042]),
        ("under-fit", [0.004 * epoch for epoch in range(1, 13)]),
        ("unstable", [0.02, 0.03, 0.04, 0.045, 0.05, 0.035, 0.05, 0.03, 0.05, 0.035, 0.05, 0.03]),
        ("plateau", [0.02, 0.035, 0.045, 0.048, 0.0495, 0.0498, 0.05, 0.0499, 0.05, 0.0499, 0.0499, 0.0499]),
        ("too short", [0.02, 0.03, 0.04]),
    ],
)
def test_a_curve_is_read_as_an_engineer_reads_it(says, values):
    assert curve(values, FALLING[: len(values)]).diagnosis == says


def test_a_falling_curve_whose_training_loss_rises_too_is_no_over_fit():
    values = [0.02, 0.05, 0.049, 0.048, 0.047, 0.046, 0.045, 0.044]
    assert curve(values, [0.5 + 0.1 * epoch for epoch in range(8)]).diagnosis == "plateau"


def test_the_sentence_holds_the_figures_of_the_curve():
    told = curve([0.02, 0.035, 0.045, 0.05, 0.048, 0.046, 0.044, 0.042, 0.041, 0.04], FALLING[:10]).sentence
    assert "best 0.0500 at epoch 4 of 10" in told
    assert "down to 0.0400" in told


def test_a_curve_of_zeros_is_told_without_dividing_by_zero():
    assert curve([0.0] * 8).best == 0.0


def test_no_values_have_no_summary():
    assert summarise([], "ndcg@10") is None
