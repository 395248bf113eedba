"""Choosing strengths: right by brute force, cross-fitted by construction, the same every time."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recmodels.data import Cases, TrainingData
from recmodels.priors import sweep as sweeping
from recmodels.priors.prior_config import PriorConfig
from recmodels.priors.priors import Priors, PriorScorer
from recmodels.priors.sweep import GRID, Chosen, crossfitted_scorer, sweep
from recmodels.ranking.evaluation import rank
from recmodels.ranking.metrics import user_scores
from recmodels.ranking.sampling import halves, sample
from tests.recmodels.conftest import cyclic_histories, data_of
from tests.recmodels.priors.test_priors import CPU, Table

V = 60


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return data_of(cyclic_histories(120, V, seed=3), V)


@pytest.fixture(scope="module")
def model() -> Table:
    return Table(np.random.default_rng(5).normal(size=(V + 1, V + 1)))


def priors_of(data: TrainingData, **params: Any) -> Priors:
    return Priors.fit(PriorConfig(**params), data.train, V)


def chosen(model, priors, cases: Cases, data: TrainingData, masking: str = "seen", objective: str = "ndcg@10"):
    return sweep(model, priors, cases, data.popularity, masking, objective, CPU)


def scored(model, priors, point, scale, data: TrainingData, masking: str, objective: str) -> np.ndarray:
    scorer = PriorScorer(model, priors, torch.tensor([point]), scale, masking)
    return user_scores(rank(scorer, data.validation, data.popularity, masking).ranks, objective)


@pytest.mark.parametrize(
    ("params", "masking", "objective"),
    [
        ({"priors": "all"}, "seen", "ndcg@10"),
        ({"priors": "all", "prior_use": "rerank", "rerank_top": 10}, "none", "mrr@20"),
        ({"priors": "popularity"}, "none", "recall@5"),
        ({"priors": "transition", "prior_neighbours": 5}, "seen", "mrr@20"),
        ({"priors": "cooccurrence", "prior_use": "rerank", "rerank_top": 30}, "seen", "ndcg@5"),
    ],
)
def test_every_point_of_the_grid_is_worth_what_a_whole_ranking_says(params, masking, objective, data, model):
    priors = priors_of(data, **params)
    found = chosen(model, priors, data.validation, data, masking, objective)
    side = halves(data.validation.users)
    points = list(itertools.product(GRID, repeat=len(priors.fitted)))
    values = np.array([scored(model, priors, point, found.scale, data, masking, objective) for point in points])
    for strengths, users in ((found.everyone, side >= 0), (found.halves[0], side == 0), (found.halves[1], side == 1)):
        means = values[:, users].mean(1)
        assert means[points.index(tuple(strengths.values()))] == pytest.approx(means.max())


def test_nobodys_own_half_chooses_how_they_are_scored(data, model):
    priors, cases = priors_of(data, priors="all"), data.validation
    side = halves(cases.users)
    draw = np.random.default_rng(0)
    other = replace(cases, targets=np.where(side == 0, draw.integers(1, V + 1, len(side)), cases.targets))
    before, after = (chosen(model, priors, each, data) for each in (cases, other))
    assert before.halves[0] != after.halves[0], "other targets choose other strengths"
    assert before.halves[1] == after.halves[1]
    same = before.cross_fitted(cases.users) == after.cross_fitted(cases.users)
    assert same[torch.from_numpy(side == 0)].all(), "strengths of the half whose targets changed"


def test_each_user_is_scored_with_what_the_other_half_chose(data, model):
    priors, cases = priors_of(data, priors="transition"), data.validation
    given = Chosen(1.0, {"transition": 9.0}, ({"transition": 0.4}, {"transition": 1.6}))
    scorer = crossfitted_scorer(model, priors, given, cases.users, "none")
    found = rank(scorer, cases, data.popularity, "none").ranks
    by_strength = {
        strength: rank(
            PriorScorer(model, priors, torch.tensor([[strength]]), 1.0, "none"), cases, data.popularity, "none"
        ).ranks
        for strength in (0.4, 1.6)
    }
    side = halves(cases.users)
    expected = np.where(side == 0, by_strength[1.6], by_strength[0.4])
    np.testing.assert_array_equal(found, expected)


def test_a_sweep_is_the_same_every_time_and_for_any_chunk(data, model, monkeypatch):
    priors = priors_of(data, priors="all")
    first = chosen(model, priors, data.validation, data)
    monkeypatch.setattr(sweeping, "chunk_size", lambda width: 7)
    again = chosen(model, priors, data.validation, data)
    assert (first.everyone, first.halves) == (again.everyone, again.halves)


def test_priors_that_cannot_help_get_no_strength(data):
    class Oracle:
        def prepare(self, histories):
            best = torch.from_numpy(data.validation.targets)
            rows = len(histories.lengths)

            def fill(cases, out):
                out.copy_(-torch.arange(V + 1.0).expand_as(out))
                out.scatter_(1, best[:rows][cases].unsqueeze(1), 1.0)

            return fill

    found = chosen(Oracle(), priors_of(data, priors="all"), data.validation, data, "none")
    assert set(found.everyone.values()) == {0.0}


def test_chosen_strengths_survive_json():
    given = Chosen(0.5, {"transition": 0.4}, ({"transition": 0.2}, {"transition": 0.8}))
    assert Chosen.from_json(given.to_json()) == given


def test_a_sweep_can_be_stopped_between_chunks(data, model):
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        sweep(model, priors_of(data, priors="all"), data.validation, data.popularity, "seen", "ndcg@10", CPU, stop)


def test_halves_depend_on_the_user_alone_and_are_about_equal():
    users = np.arange(10_000)
    assert 4800 < halves(users).sum() < 5200
    np.testing.assert_array_equal(halves(users[77:200]), halves(users)[77:200])


def test_a_sample_is_always_of_the_same_users_with_their_own_histories(data):
    few, more = sample(data.validation, 20), sample(data.validation, 40)
    assert len(few.users) == 20 and set(few.users) <= set(more.users) and (np.diff(few.users) > 0).all()
    places = np.searchsorted(data.validation.users, few.users)
    np.testing.assert_array_equal(few.targets, data.validation.targets[places])
    np.testing.assert_array_equal(few.histories.items, data.validation.histories.of(places).items)
    assert sample(data.validation, 10_000) is data.validation
