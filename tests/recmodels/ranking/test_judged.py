"""Every backbone as it is judged at the end, with priors, on usual and on degenerate data."""

import math

import numpy as np
import pytest
import torch

from recmodels.data import TrainingData
from recmodels.ranking.evaluation import MASKINGS, ModelScorer, rank
from recmodels.ranking.finished import Judged, finished_scorer, judge
from recmodels.ranking.metrics import summary
from recmodels.ranking.recommending import best_items
from recmodels.registry import BACKBONES, Backbone, get_backbone
from recmodels.training.checkpoint import Saved, load_saved, save_model
from recmodels.training.fit import Training
from tests.recmodels.conftest import data_of

CPU = torch.device("cpu")


@pytest.fixture(params=BACKBONES)
def backbone(request) -> Backbone:
    return get_backbone(request.param)


@pytest.fixture
def params(small_params) -> dict[str, object]:
    return {**small_params, "priors": "all", "prior_window": 3}


def trained(
    data: TrainingData, backbone: Backbone, params, masking: str, objective: str, tmp_path
) -> tuple[Judged, Saved]:
    """A run of two epochs as it is judged, and what is kept of it."""
    training = Training(data, backbone, params, 0, CPU, masking, objective)
    for _ in range(2):
        training.run_epoch()
    model = ModelScorer(training.model, training.max_len, CPU)
    judged = judge(model, backbone.prior_config(params), data, masking, objective)
    weights = dict(training.model.state_dict())
    path = tmp_path / "best.safetensors"
    save_model(path, weights, backbone.name, params, data.num_items, judged.priors)
    return judged, load_saved(path)


@pytest.mark.parametrize("masking", MASKINGS)
def test_a_run_with_priors_is_judged_and_scored_again_to_the_same_ranks(masking, backbone, params, tiny, tmp_path):
    judged, saved = trained(tiny, backbone, params, masking, "mrr@20", tmp_path)
    report, cases = judged.report, tiny.validation
    assert set(report["priors"]) == {"popularity", "transition", "cooccurrence"}
    assert report["metrics"] == summary(judged.ranking.ranks)
    assert report["metrics"]["mrr@20"] > report["without_priors"]["mrr@20"], "two epochs know less than the counts"
    again = finished_scorer(saved, tiny.train, 30, CPU, masking, cases.users)
    np.testing.assert_array_equal(rank(again, cases, tiny.popularity, masking).ranks, judged.ranking.ranks)
    for groups in report["slices"].values():
        mean = sum(group["users"] * group["mrr@20"] for group in groups.values()) / len(cases.users)
        assert mean == pytest.approx(report["metrics"]["mrr@20"])


DEGENERATE = {
    "a catalogue of one item": ([[1, 1, 1, 1]] * 4, 1),
    "users of one event": ([[1], [2], [1, 2, 3, 1]], 3),
    "all repeats": ([[3, 3, 3, 3, 3]] * 5, 3),
    "nobody to judge": ([[1, 2], [2, 3]], 3),
}


@pytest.mark.parametrize(("histories", "items"), DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("masking", MASKINGS)
def test_degenerate_data_is_judged_and_recommended_from(histories, items, masking, backbone, params, tmp_path):
    data = data_of(histories, items)
    judged, saved = trained(data, backbone, params, masking, "ndcg@10", tmp_path)
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in judged.report["metrics"].values())
    scorer = finished_scorer(saved, data.train_and_validation, items, CPU, masking)
    found, scores = best_items(scorer, data.train_and_validation, items, masking, 5, CPU)
    for history, shown, values in zip(histories, found, scores, strict=True):
        seen = set(history[: max(len(history) - 1, 2)]) if masking == "seen" else set()
        assert sorted(shown[shown > 0]) == sorted(set(range(1, items + 1)) - seen)
        assert np.isfinite(values[shown > 0]).all()
