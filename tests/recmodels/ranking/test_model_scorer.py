"""Scores by a model: how much is read at once, and what happens when memory runs out."""

import numpy as np
import pytest
import torch

from recmodels.data import TrainingData
from recmodels.errors import OutOfMemory
from recmodels.lines import _cause
from recmodels.ranking import evaluation
from recmodels.ranking.evaluation import ModelScorer, rank
from recmodels.registry import BACKBONES, get_backbone
from tests.recmodels.starved import REFUSALS, Starved

CPU = torch.device("cpu")


def scorer_of(name: str = "sasrec", **params) -> ModelScorer:
    torch.manual_seed(0)
    backbone = get_backbone(name)
    params = {"hidden_dim": 16, "num_blocks": 1, "max_len": 10, **params}
    return ModelScorer(backbone.build(backbone.configs(params)[0], 30), 10, CPU)


def ranks_of(scorer: ModelScorer, data: TrainingData) -> np.ndarray:
    return rank(scorer, data.validation, data.popularity, "none").ranks


@pytest.mark.parametrize("name", BACKBONES)
def test_as_many_histories_are_read_at_once_as_their_attention_allows(name, tiny, monkeypatch):
    heads = 1 if name == "gru4rec" else 4
    scorer, histories = scorer_of(name, **({"num_heads": heads} if heads > 1 else {})), tiny.validation.histories
    read: list[np.ndarray] = []

    def note(model, inputs):
        ends = np.flatnonzero(inputs[0].ages.numpy() == 0)
        read.append(np.diff(ends, prepend=-1))

    scorer.model.register_forward_pre_hook(note)
    with torch.no_grad():
        scorer.model.eval()
        whole = scorer.states(histories)
        assert [len(lengths) for lengths in read] == [len(histories.lengths)]
        read.clear()
        monkeypatch.setattr(evaluation, "_ATTENDED", 500)
        torch.testing.assert_close(scorer.states(histories), whole)
    assert sum(len(lengths) for lengths in read) == len(histories.lengths) > len(read) > 1
    assert all(len(lengths) == 1 or heads * (lengths**2).sum() <= 500 for lengths in read)


@pytest.mark.parametrize("error", REFUSALS, ids=["gpu", "cpu", "cublas", "python"])
def test_when_memory_runs_out_fewer_histories_are_read_to_the_same_ranks(error, tiny):
    expected, scarce = ranks_of(scorer_of(), tiny), scorer_of()
    starved = Starved(scarce.model, 10, error)
    np.testing.assert_array_equal(ranks_of(scarce, tiny), expected)
    assert starved.refused == 3 and scarce.rows <= 10
    np.testing.assert_array_equal(ranks_of(scarce, tiny), expected)
    assert starved.refused == 3, "what did not fit once is not tried again"


def test_when_not_even_one_history_can_be_read_the_error_says_what_to_lower(tiny):
    scorer = scorer_of()
    Starved(scorer.model, 0, REFUSALS[0])
    with pytest.raises(OutOfMemory, match=r"max_len=10 events .* lower max_len or hidden_dim"):
        ranks_of(scorer, tiny)


def test_other_errors_are_not_taken_for_a_lack_of_memory(tiny):
    scorer = scorer_of()
    Starved(scorer.model, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        ranks_of(scorer, tiny)


@pytest.mark.parametrize("error", REFUSALS, ids=["gpu", "cpu", "cublas", "python"])
def test_a_run_that_lacks_memory_is_told_what_to_lower(error):
    assert _cause(error).startswith("not enough memory") and "lower batch_size" in _cause(error)
    assert "log has the traceback" in _cause(RuntimeError("shapes do not match"))


def test_states_that_are_not_finite_are_refused(tiny):
    scorer = scorer_of(embedding_norm="none")
    weights = scorer.model.state_dict()
    weights["items.weight"].abs_()
    weights["norm.bias"][0] = torch.inf  # every score is the same infinity: ties, and no nan
    with pytest.raises(FloatingPointError, match="not finite"):
        ranks_of(scorer, tiny)


def test_the_states_of_a_block_of_users_are_kept_at_once(tiny, monkeypatch):
    expected, scorer = ranks_of(scorer_of(), tiny), scorer_of()
    kept: list[int] = []
    states = scorer.states

    def counted(histories, cases):
        kept.append(len(states(histories, cases)))
        return states(histories, cases)

    monkeypatch.setattr(scorer, "states", counted)
    monkeypatch.setattr(evaluation, "_CHUNK", 4)
    monkeypatch.setattr(evaluation, "_HELD", 10)
    np.testing.assert_array_equal(ranks_of(scorer, tiny), expected)
    assert max(kept) == 10 and len(kept) > 5


def test_a_model_in_training_goes_on_training_after_it_was_scored(tiny):
    scorer = scorer_of(dropout=0.5)
    scorer.model.train()
    np.testing.assert_array_equal(ranks_of(scorer, tiny), ranks_of(scorer, tiny))
    assert scorer.model.training
