import itertools

import numpy as np
import pytest

from recmodels.ranking.metrics import METRICS, MISS, summary, user_scores


def brute_force(above: int, ties: int, metric: str) -> float:
    """The mean over every position the target may take among its ties."""
    name, k = metric.split("@")
    gain = {"recall": lambda p: 1.0, "ndcg": lambda p: 1 / np.log2(p + 1), "mrr": lambda p: 1 / p}[name]
    positions = range(above + 1, above + ties + 2)
    return float(np.mean([gain(p) if p <= int(k) else 0.0 for p in positions]))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_equals_the_mean_over_tied_positions(metric):
    cases = list(itertools.product([0, 1, 3, 4, 5, 9, 10, 19, 20, 500], [0, 1, 2, 7, 30]))
    expected = [brute_force(above, ties, metric) for above, ties in cases]
    assert user_scores(np.array(cases, np.uint32).T, metric) == pytest.approx(expected)


def test_a_miss_earns_nothing_and_a_first_place_everything():
    ranks = np.array([[MISS, 0], [0, 0]], np.uint32)
    for metric in METRICS:
        assert user_scores(ranks, metric).tolist() == [0.0, 1.0]


def test_the_summary_averages_over_users():
    scores = summary(np.array([[0, MISS, 7], [0, 0, 0]], np.uint32))
    assert scores["recall@5"] == pytest.approx(1 / 3)
    assert scores["recall@10"] == pytest.approx(2 / 3)


def test_a_model_that_scores_all_items_alike_earns_what_chance_does():
    ranks = np.array([[0], [999]], np.uint32)
    assert user_scores(ranks, "recall@10")[0] == pytest.approx(10 / 1000)


def test_no_users_score_zero():
    assert set(summary(np.empty((2, 0), np.uint32)).values()) == {0.0}


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="no metric is called 'ndcg@7'"):
        user_scores(np.zeros((2, 1), np.uint32), "ndcg@7")
