"""Which runs are stopped before their end."""

from core.agents.pruning import first_rung, is_hopeless

RISING = [0.1 * (1 - 0.7**epoch) for epoch in range(1, 13)]
NOISE = 0.002


def test_a_run_far_below_the_current_best_is_hopeless_at_the_first_rung_and_not_before():
    poor = [value * 0.5 for value in RISING]
    rung = first_rung(RISING)
    assert not is_hopeless(poor[: rung - 1], RISING, NOISE)
    assert is_hopeless(poor[:rung], RISING, NOISE)


def test_a_small_lag_early_is_forgiven_and_the_same_lag_late_is_not():
    slower = [value * 0.9 for value in RISING]
    assert not is_hopeless(slower[: first_rung(RISING)], RISING, NOISE)
    assert is_hopeless([*slower, *slower[:-4:-1]], RISING, NOISE)


def test_what_noise_alone_could_make_stops_nothing():
    unlucky = [value * 0.97 for value in RISING]
    assert not is_hopeless(unlucky, RISING, deviation=0.004)


def test_a_run_that_leads_is_never_stopped():
    assert not any(is_hopeless([v * 1.01 for v in RISING[:n]], RISING, NOISE) for n in range(1, 13))


def test_a_slow_learner_that_still_rises_after_the_current_bests_peak_goes_on():
    slow = [0.01 * epoch**0.8 for epoch in range(1, 16)]
    assert max(slow) < max(RISING)
    assert not is_hopeless(slow, RISING, NOISE)


def test_without_a_curve_to_compare_with_nothing_is_stopped():
    assert not is_hopeless([0.01] * 10, [], NOISE)
