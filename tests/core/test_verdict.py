"""Verdicts against simulated ties and real differences."""

import numpy as np
import pytest

from core.states import Verdict
from core.verdict import Comparison, SeedNoise, compare, pool_seed_noise

USERS = 800
SEED_SD = 0.004


def scores(rng: np.random.Generator, difficulty: np.ndarray, gain: float) -> np.ndarray:
    """One seed's per-user scores: a shared difficulty, noise of the user's own, and a shift of the seed."""
    return difficulty + gain + rng.normal(0, SEED_SD) + rng.normal(0, 0.05, USERS)


def study(rng: np.random.Generator, gain: float, seeds: int = 1) -> Comparison:
    """A trial against a baseline of three seeds, with the noise of five repeated configs, as a study has it."""
    difficulty = rng.beta(0.3, 3.0, USERS)
    repeated = [[float(scores(rng, difficulty, 0).mean()) for _ in range(3)] for _ in range(5)]
    baseline = [scores(rng, difficulty, 0) for _ in range(3)]
    noise = pool_seed_noise([[float(s.mean()) for s in baseline], *repeated])
    return compare([scores(rng, difficulty, gain) for _ in range(seeds)], baseline, noise)


def test_two_equal_configs_are_called_better_less_than_five_times_in_a_hundred():
    rng = np.random.default_rng(1)
    verdicts = [study(rng, 0.0).verdict for _ in range(1000)]
    assert verdicts.count(Verdict.BETTER) / 1000 < 0.05
    assert verdicts.count(Verdict.NOT_BETTER) / 1000 < 0.05
    assert verdicts.count(Verdict.INCONCLUSIVE) / 1000 > 0.9


def test_a_second_look_at_promising_ties_stays_below_five_in_a_hundred():
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(1000):
        difficulty = rng.beta(0.3, 3.0, USERS)
        repeated = [[float(scores(rng, difficulty, 0).mean()) for _ in range(3)] for _ in range(5)]
        baseline, trial = [scores(rng, difficulty, 0) for _ in range(3)], [scores(rng, difficulty, 0)]
        noise = pool_seed_noise([[float(s.mean()) for s in baseline], *repeated])
        first = compare(trial, baseline, noise)
        if first.verdict is Verdict.INCONCLUSIVE and first.difference > first.error:
            trial.append(scores(rng, difficulty, 0))
            noise = pool_seed_noise([[float(s.mean()) for s in baseline], [float(s.mean()) for s in trial], *repeated])
            first = compare(trial, baseline, noise)
        false += first.verdict is Verdict.BETTER
    assert false / 1000 < 0.05


def test_a_large_gain_is_found_and_a_large_loss_is_named():
    rng = np.random.default_rng(3)
    assert all(study(rng, 0.03).verdict is Verdict.BETTER for _ in range(50))
    assert all(study(rng, -0.03).verdict is Verdict.NOT_BETTER for _ in range(50))


def test_a_gain_of_the_smallest_detectable_size_is_found_four_times_in_five():
    rng = np.random.default_rng(4)
    size = np.median([study(rng, 0.0).smallest_detectable for _ in range(100)])
    found = [study(rng, float(size)).verdict is Verdict.BETTER for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)


def test_more_seeds_narrow_the_interval():
    rng = np.random.default_rng(5)
    one = np.mean([study(rng, 0.0, seeds=1).error for _ in range(50)])
    three = np.mean([study(rng, 0.0, seeds=3).error for _ in range(50)])
    assert three < one


def test_a_gain_below_the_smallest_worth_keeping_is_not_better():
    rng = np.random.default_rng(6)
    difficulty = rng.beta(0.3, 3.0, USERS)
    ours, theirs = [difficulty + 0.001], [difficulty, difficulty]
    noise = SeedNoise(variance=1e-10, degrees=10)
    assert compare(ours, theirs, noise, min_gain=0.0).verdict is Verdict.BETTER
    assert compare(ours, theirs, noise, min_gain=0.01).verdict is Verdict.NOT_BETTER


def test_without_repeated_configs_nothing_is_concluded():
    comparison = compare([np.ones(10)], [np.zeros(10)], pool_seed_noise([[0.5], [0.6]]))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.low is None and comparison.high is None


def test_degrees_of_freedom_agree_with_welch_for_two_plain_samples():
    """With one variance source of n-1 degrees and another of m-1, the formula is Welch's own."""
    user_part, seed_part, users, seeds = 4.0, 9.0, 21, 11
    expected = (user_part + seed_part) ** 2 / (user_part**2 / (users - 1) + seed_part**2 / (seeds - 1))
    gains = np.array([-1.0, 1.0] * 10 + [0.0])
    scale = np.sqrt(user_part * users / np.var(gains, ddof=1))
    noise = SeedNoise(variance=seed_part / 2, degrees=seeds - 1)
    assert compare([gains * scale], [np.zeros(users)], noise).degrees == pytest.approx(expected)


def test_pooled_noise_weighs_configs_by_their_degrees():
    noise = pool_seed_noise([[1.0, 3.0], [0.0, 0.0, 0.0]])
    assert noise.degrees == 3
    assert noise.variance == pytest.approx(2.0 / 3)


def test_a_comparison_survives_json():
    rng = np.random.default_rng(7)
    comparison = study(rng, 0.01)
    assert Comparison.from_json(comparison.to_json()) == comparison
