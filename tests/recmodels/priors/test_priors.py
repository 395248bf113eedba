"""Priors against brute force, and what they must never change."""

import itertools
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.data import Cases, Histories, TrainingData
from recmodels.priors import links as counting
from recmodels.priors.links import cooccurrence_links, transition_links
from recmodels.priors.prior_config import PriorConfig
from recmodels.priors.priors import Priors, PriorScorer, scale_of
from recmodels.ranking.evaluation import rank
from recmodels.ranking.metrics import MISS
from recmodels.ranking.references import reference
from recmodels.space import params_of
from tests.recmodels.conftest import cyclic_histories, data_of

V = 30
LINKS = {"transition": transition_links, "cooccurrence": cooccurrence_links}
CPU = torch.device("cpu")


class Table:
    """Scores written down beforehand, by the first item of the history."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = torch.from_numpy(scores.astype(np.float32))

    def prepare(self, histories: Histories):
        first = torch.from_numpy(histories.items[histories.offsets[:-1]])
        return lambda cases, out: out.copy_(self.scores[first[cases]])


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return data_of(cyclic_histories(), V)


@pytest.fixture(scope="module")
def model() -> Table:
    return Table(np.random.default_rng(4).normal(size=(V + 1, V + 1)))


def lists(histories: Histories) -> list[list[int]]:
    return [histories.items[a:b].tolist() for a, b in itertools.pairwise(histories.offsets)]


def naive_links(kind: str, train: Histories, window: int, normalisation: str) -> dict[tuple[int, int], float]:
    links: dict[tuple[int, int], float] = defaultdict(float)
    events = np.bincount(train.items, minlength=V + 1)
    for history in lists(train):
        for i, j in itertools.combinations(range(len(history)), 2):
            if j - i <= window:
                a, b = history[i], history[j]
                links[a, b] += 1 / (j - i)
                if kind == "cooccurrence":
                    links[b, a] += 1 / (j - i)

    def over(a: int, b: int) -> float:
        return {"none": 1.0, "conditional": events[a], "cosine": math.sqrt(events[a] * events[b])}[normalisation]

    return {(a, b): weight / over(a, b) for (a, b), weight in links.items()}


def dense(histories: Histories, links: dict[tuple[int, int], float], recency: float) -> np.ndarray:
    """Sums of links after each history."""
    sums = np.zeros((len(histories.lengths), V + 1))
    for row, history in enumerate(lists(histories)):
        for age, item in enumerate(reversed(history)):
            for (source, target), weight in links.items():
                if source == item:
                    sums[row, target] += recency**age * weight
    return sums


def filled(scorer, histories: Histories) -> np.ndarray:
    scores = torch.full((len(histories.lengths), V + 1), torch.nan)
    scorer.prepare(histories)(slice(0, len(scores)), scores)
    return scores.numpy()


def with_priors(model, data: TrainingData, strength: float, masking: str = "none", **params) -> PriorScorer:
    priors = Priors.fit(PriorConfig(priors="all", **params), data.train, V)
    return PriorScorer(model, priors, torch.full((1, 3), strength), 2.0, masking)


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("normalisation", ["none", "cosine", "conditional"])
@pytest.mark.parametrize("window", [1, 3, 40])
def test_links_equal_a_count_by_hand(kind, normalisation, window, data):
    links = LINKS[kind](data.train, V, window, normalisation)
    sources = np.repeat(np.arange(V + 1), np.diff(links.offsets))
    found = dict(zip(zip(sources.tolist(), links.items.tolist(), strict=True), links.weights, strict=True))
    expected = naive_links(kind, data.train, window, normalisation)
    assert found.keys() == expected.keys()
    assert all(found[pair] == pytest.approx(weight, rel=1e-5) for pair, weight in expected.items())


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("neighbours", [None, 4])
def test_links_counted_in_blocks_are_those_counted_at_once(kind, neighbours, data, monkeypatch):
    whole = LINKS[kind](data.train, V, 5, "cosine", neighbours)
    monkeypatch.setattr(counting, "_PAIRS", 700)
    parts = LINKS[kind](data.train, V, 5, "cosine", neighbours)
    for name in ("offsets", "items", "weights"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


@pytest.mark.parametrize(("kind", "directions"), [("transition", 1), ("cooccurrence", 2)])
def test_however_many_blocks_each_event_is_looked_at_once_for_each_distance(kind, directions, data, monkeypatch):
    looked_at: list[int] = []
    pairs = counting._Events.pairs

    def counted(events, places, inside, step):
        looked_at.append(len(places))
        return pairs(events, places, inside, step)

    monkeypatch.setattr(counting._Events, "pairs", counted)
    for size in (8_000_000, 700):
        monkeypatch.setattr(counting, "_PAIRS", size)
        looked_at.clear()
        LINKS[kind](data.train, V, 5, "none")
        assert sum(looked_at) == len(data.train.items) * 5 * directions
    assert len(looked_at) > 20 * directions


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("recency", [0.0, 0.7, 1.0])
def test_a_link_prior_is_the_log_of_faded_sums_over_the_mean_link(kind, recency, data):
    config = PriorConfig(priors=kind, prior_window=2, prior_recency=recency, prior_neighbours=1000)
    prior = Priors.fit(config, data.train, V).fitted[kind]
    links = naive_links(kind, data.train, 2, "none")
    sums = dense(data.validation.histories, links, recency)
    expected = np.log1p(sums / np.mean(list(links.values())))
    np.testing.assert_allclose(filled(prior, data.validation.histories), expected, rtol=1e-4, atol=1e-3)


def test_the_popularity_prior_is_the_log_of_training_events_over_their_mean(data):
    prior = Priors.fit(PriorConfig(priors="popularity"), data.train, V).fitted["popularity"]
    expected = np.log1p(data.popularity / data.popularity[1:].mean())
    np.testing.assert_allclose(filled(prior, data.validation.histories)[0], expected, rtol=1e-5)


def test_only_the_strongest_neighbours_of_each_item_are_kept(data):
    whole, cut = (transition_links(data.train, V, 5, "none"), transition_links(data.train, V, 5, "none").strongest(3))
    for item in range(V + 1):
        row = slice(whole.offsets[item], whole.offsets[item + 1])
        order = sorted(zip(-whole.weights[row], whole.items[row], strict=True))[:3]
        kept = slice(cut.offsets[item], cut.offsets[item + 1])
        assert sorted(target for _, target in order) == cut.items[kept].tolist()


@pytest.mark.parametrize("use", ["add", "rerank"])
def test_strength_zero_is_no_prior_bit_for_bit(use, data, model):
    histories = data.validation.histories
    some = PriorScorer(
        model,
        Priors.fit(PriorConfig(priors="all", prior_use=use), data.train, V),
        torch.tensor([[0.0] * 3] * (len(histories.lengths) - 1) + [[1.0] * 3]),
        2.0,
        "none",
    )
    for scorer, rows in ((with_priors(model, data, 0.0, prior_use=use), slice(None)), (some, slice(-1))):
        found, own = filled(scorer, histories)[rows, 1:], filled(model, histories)[rows, 1:]
        np.testing.assert_array_equal(found.view(np.int32), own.view(np.int32))


def test_the_scores_are_the_models_plus_scaled_strengths_times_priors(data, model):
    histories = data.validation.histories
    priors = Priors.fit(PriorConfig(priors="all"), data.train, V)
    strengths = torch.tensor([[0.5, 1.0, 2.0]])
    found = filled(PriorScorer(model, priors, strengths, 3.0, "none"), histories)
    parts = [filled(prior, histories) for prior in priors.fitted.values()]
    expected = filled(model, histories) + 3.0 * sum(s * p for s, p in zip((0.5, 1.0, 2.0), parts, strict=True))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


CHANGES = {
    "priors": "popularity",
    "prior_use": "rerank",
    "rerank_top": 20,
    "prior_window": 2,
    "prior_neighbours": 5,
    "prior_recency": 0.2,
    "prior_normalisation": "cosine",
}


def test_no_field_of_priors_is_left_out_below():
    assert set(CHANGES) == set(params_of(PriorConfig))


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_changes_the_scores(field, data, model):
    base = {"priors": "all", "rerank_top": 10} | ({"prior_use": "rerank"} if field == "rerank_top" else {})
    scores = []
    for params in (base, {**base, field: CHANGES[field]}):
        priors = Priors.fit(PriorConfig(**params), data.train, V)
        scorer = PriorScorer(model, priors, torch.ones(1, len(priors.fitted)), 2.0, "none")
        scores.append(filled(scorer, data.validation.histories)[:, 1:])
    assert not np.allclose(scores[0], scores[1], rtol=1e-4)


@pytest.mark.parametrize("masking", ["seen", "none"])
def test_rerank_lifts_the_best_candidates_alone_and_they_stay_the_best(masking, data, model):
    histories, k = data.validation.histories, 10
    own = filled(model, histories)
    own[:, 0] = -np.inf
    for row, history in enumerate(lists(histories)):
        own[row, history if masking == "seen" else []] = -np.inf
    found = filled(with_priors(model, data, 1.0, masking, prior_use="rerank", rerank_top=k), histories)
    for before, after in zip(own, found, strict=True):
        best = set(np.argsort(-before)[:k])
        assert set(np.flatnonzero(before != after)) <= best
        assert set(np.argsort(-after)[:k]) == best


def test_masked_and_cold_items_stay_what_they_are(data, model):
    cases = data.validation
    targets = cases.targets.copy()
    targets[0] = lists(cases.histories)[0][0]  # seen
    popularity = data.popularity.copy()
    popularity[targets[1]] = 0  # cold
    ranking = rank(with_priors(model, data, 1.0), replace(cases, targets=targets), popularity, "seen", top=V)
    assert ranking.ranks[0, 0] == MISS and ranking.ranks[0, 1] == MISS
    for top, history in zip(ranking.top, lists(cases.histories), strict=True):
        assert not set(history) & set(top)


def test_the_scale_is_the_mean_spread_of_a_historys_scores(data, model):
    histories = data.validation.histories
    expected = filled(model, histories)[:, 1:].std(1).mean()
    assert scale_of(model, histories, V, CPU) == pytest.approx(expected, rel=1e-5)
    assert scale_of(Table(np.ones((V + 1, V + 1))), histories, V, CPU) == 1.0


def test_the_markov_line_ranks_by_counts_of_what_followed_the_last_item(data):
    histories = data.validation.histories
    expected = dense(histories, naive_links("transition", data.train, 1, "none"), 0.0)
    expected += data.popularity / (data.popularity.max() + 1)
    np.testing.assert_allclose(filled(reference("markov", data.train, V), histories), expected, rtol=1e-5)


def test_the_cooccurrence_line_ranks_by_faded_cosines(data):
    histories = data.validation.histories
    expected = dense(histories, naive_links("cooccurrence", data.train, 10, "cosine"), 0.7)
    expected += 1e-6 * data.popularity / (data.popularity.max() + 1)
    found = filled(reference("cooccurrence", data.train, V), histories)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=5e-3)


def test_a_dataset_without_any_pair_has_priors_of_zero(model):
    single = data_of([[1], [2], [3]], V)
    priors = Priors.fit(PriorConfig(priors="all"), single.train, V)
    histories = Histories(np.array([1, 2]), np.ones(2, bool), np.array([0, 2]))
    assert not filled(priors.fitted["transition"], histories).any()
    assert np.isfinite(filled(PriorScorer(model, priors, torch.ones(1, 3), 1.0, "none"), histories)).all()


def test_no_case_can_be_scored_with_priors_at_all(model, data):
    nobody = Cases(np.arange(0), Histories(np.arange(0), np.zeros(0, bool), np.zeros(1, int)), np.arange(0))
    ranking = rank(with_priors(model, data, 1.0), nobody, data.popularity, "seen", top=5)
    assert ranking.ranks.shape == (2, 0)
