from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.data import Cases, Histories
from recmodels.errors import InvalidJob
from recmodels.ranking.evaluation import chunk_size, rank, slices
from recmodels.ranking.metrics import MISS, user_scores

V, U = 40, 150


class Table:
    """Scores written down beforehand, many of them equal."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = torch.from_numpy(scores)

    def prepare(self, histories):
        return lambda cases, out: out.copy_(self.scores[cases])


@pytest.fixture
def cases() -> Cases:
    draw = np.random.default_rng(1)
    offsets = np.concatenate([[0], np.cumsum(draw.integers(1, 12, U))])
    histories = Histories(draw.integers(1, V + 1, offsets[-1]), draw.random(offsets[-1]) < 0.8, offsets)
    return Cases(np.arange(U), histories, draw.integers(1, V + 1, U))


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 8, (U, V + 1)).astype(np.float32)


def brute_force(scores: np.ndarray, cases: Cases, popularity: np.ndarray, masking: str) -> np.ndarray:
    ranks = []
    for user, target in enumerate(cases.targets):
        events = slice(cases.histories.offsets[user], cases.histories.offsets[user + 1])
        seen = cases.histories.items[events][cases.histories.is_target[events]] if masking == "seen" else []
        rivals = [item for item in range(1, V + 1) if item not in seen and item != target]
        if target in seen or popularity[target] == 0:
            ranks.append((MISS, 0))
        else:
            own = scores[user, target]
            ranks.append((sum(scores[user, rivals] > own), sum(scores[user, rivals] == own)))
    return np.array(ranks, np.uint32).T


@pytest.mark.parametrize("masking", ["seen", "none"])
def test_ranks_equal_a_brute_force_ranking_with_ties_and_masks(cases, scores, masking):
    popularity = np.arange(V + 1) % 7  # some items are cold
    ranks = rank(Table(scores), cases, popularity, masking).ranks
    assert ranks.dtype == np.uint32
    np.testing.assert_array_equal(ranks, brute_force(scores, cases, popularity, masking))


def test_the_best_items_are_candidates_and_never_the_pad_id(cases, scores):
    scores[:, 0] = 99
    top = rank(Table(scores), cases, np.ones(V + 1, int), "seen", top=10).top
    for user in range(U):
        events = slice(cases.histories.offsets[user], cases.histories.offsets[user + 1])
        seen = set(cases.histories.items[events][cases.histories.is_target[events]])
        assert not seen & set(top[user]) and 0 not in top[user]


def test_coverage_is_the_share_of_items_anyone_is_shown(cases, scores):
    scores[:] = np.arange(V + 1)
    assert rank(Table(scores), cases, np.ones(V + 1, int), "none", top=10).coverage(V) == 10 / V


def test_a_context_event_is_no_mask_for_its_item():
    histories = Histories(np.array([1, 2]), np.array([True, False]), np.array([0, 2]))
    one = Cases(np.array([0]), histories, np.array([2]))
    assert rank(Table(np.array([[0, 9, 5, 1]], np.float32)), one, np.ones(4, int), "seen").ranks.tolist() == [[0], [0]]


def test_scores_that_are_not_numbers_are_refused(cases, scores):
    with pytest.raises(FloatingPointError, match="not finite"):
        rank(Table(scores * np.nan), cases, np.ones(V + 1, int), "none")


def test_an_unknown_masking_is_refused(cases, scores):
    with pytest.raises(InvalidJob, match="masking='some' is none of seen, none"):
        rank(Table(scores), cases, np.ones(V + 1, int), "some")


def test_no_users_give_empty_ranks(scores):
    nobody = Cases(np.arange(0), Histories(np.arange(0), np.zeros(0, bool), np.zeros(1, int)), np.arange(0))
    assert rank(Table(scores), nobody, np.ones(V + 1, int), "seen", top=10).ranks.shape == (2, 0)
    assert slices(np.empty((2, 0), np.uint32), nobody, np.ones(V + 1, int))["history_length"] == {}


def test_slices_part_all_users_and_name_lengths(cases, scores):
    popularity = np.arange(V + 1)
    ranks = rank(Table(scores), cases, popularity, "seen").ranks
    parts = slices(ranks, cases, popularity)
    for groups in parts.values():
        assert sum(group["users"] for group in groups.values()) == U
    assert list(parts["target_popularity"]) == ["head", "mid", "tail"]
    lengths = cases.histories.lengths
    low, high = map(int, next(iter(parts["history_length"])).split("-"))
    assert next(iter(parts["history_length"].values()))["users"] == ((lengths >= low) & (lengths <= high)).sum()


def test_slices_tell_the_studys_objective_too(cases, scores):
    popularity, training = np.arange(V + 1), replace(cases.histories, timestamps=np.arange(len(cases.histories.items)))
    ranks = rank(Table(scores), cases, popularity, "seen").ranks
    lengths = cases.histories.lengths
    for objective in ("mrr@10", "ndcg@20"):
        parts = slices(ranks, cases, popularity, training, objective)
        assert set(parts) == {"history_length", "target_popularity", "target_age"}
        for name, group in parts["history_length"].items():
            low, high = int(name.split("-")[0]), int(name.split("-")[-1])
            expected = user_scores(ranks, objective)[(lengths >= low) & (lengths <= high)].mean()
            assert group[objective] == pytest.approx(expected)
        for groups in parts.values():
            assert all(set(group) == {"users", "ndcg@10", "recall@10", objective} for group in groups.values())


def test_head_items_hold_a_third_of_the_events():
    popularity = np.array([0, 60, 1, 1, 28, 30])
    single = Cases(np.arange(5), Histories(np.ones(5, int), np.ones(5, bool), np.arange(6)), np.arange(1, 6))
    parts = slices(np.zeros((2, 5), np.uint32), single, popularity)["target_popularity"]
    assert {name: group["users"] for name, group in parts.items()} == {"head": 1, "mid": 1, "tail": 3}


def test_mean_popularity_is_that_of_the_items_anyone_is_shown(cases, scores):
    scores[:] = np.arange(V + 1)
    popularity = np.arange(V + 1) ** 2
    shown = rank(Table(scores), cases, popularity, "none", top=3)
    assert shown.mean_popularity(popularity) == pytest.approx(np.mean([40**2, 39**2, 38**2]))


def test_slices_by_age_count_whole_days_from_a_targets_last_training_event_to_the_last_of_all():
    day = 86_400
    times = np.array([0, 10 * day, 9 * day, 3 * day, 10 * day - 1])
    train = Histories(np.array([1, 1, 2, 3, 4]), np.ones(5, bool), np.array([0, 5]), times)
    targets = np.array([1, 2, 3, 4, 5])
    single = Cases(np.arange(5), Histories(np.ones(5, int), np.ones(5, bool), np.arange(6)), targets)
    popularity = np.array([0, 2, 1, 1, 1, 0])
    parts = slices(np.zeros((2, 5), np.uint32), single, popularity, train)["target_age"]
    assert {name: group["users"] for name, group in parts.items()} == {"0 days": 2, "1 days": 1, "2-7 days": 1}


def test_data_without_times_have_no_slices_by_age(cases, scores):
    ranks = rank(Table(scores), cases, np.ones(V + 1, int), "none").ranks
    assert "target_age" not in slices(ranks, cases, np.ones(V + 1, int), cases.histories)


def test_a_chunk_shrinks_where_the_catalogue_is_large():
    assert (chunk_size(12_102), chunk_size(4_000_000), chunk_size(10**8)) == (64, 16, 1)
