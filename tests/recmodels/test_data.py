from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from recmodels.data import Histories, TrainingData
from recmodels.errors import DatasetUnreadable
from recmodels.ranking.evaluation import rank
from recmodels.ranking.metrics import MISS
from recmodels.ranking.references import REFERENCES, reference
from recmodels.training.batching import Batches
from tests.recmodels.conftest import data_of


def windows_of(histories: Histories, max_len: int, windows: str, targets: str):
    """Every window as its input items and the (item, target) pairs the loss counts."""
    found = []
    for batch in Batches(histories, max_len, 1, windows, targets).epoch(np.random.default_rng(0)):
        inputs = batch.inputs.items.tolist()
        pairs = zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True)
        found.append((inputs, [(inputs[token], target) for token, target in pairs]))
    return sorted(found)


def test_a_window_holds_the_last_events_and_predicts_the_next_of_each():
    histories = data_of([[1, 2, 3, 4, 5, 6, 7]], 7).train
    assert windows_of(histories, 3, "last", "all_positions") == [([2, 3, 4], [(2, 3), (3, 4), (4, 5)])]
    assert windows_of(histories, 3, "last", "last_position") == [([2, 3, 4], [(4, 5)])]


def test_all_windows_make_every_event_a_target_once():
    histories = data_of([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [11, 12, 13, 14], [15]], 15).train
    pairs = [pair for _, scored in windows_of(histories, 3, "all", "all_positions") for pair in scored]
    assert sorted(pairs) == [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (11, 12)]


def test_a_context_event_is_read_and_never_a_target():
    histories = Histories(np.array([1, 2, 3, 4]), np.array([True, False, True, False]), np.array([0, 4]))
    assert windows_of(histories, 9, "last", "all_positions") == [([1, 2, 3], [(2, 3)])]
    assert windows_of(histories, 9, "last", "last_position") == [([1, 2, 3], [(2, 3)])]


def test_users_of_one_event_train_nothing_and_a_dataset_of_them_is_refused():
    with pytest.raises(DatasetUnreadable, match="no user has two training events"):
        Batches(data_of([[1], [2]], 2).train, 5, 8, "last", "all_positions")


def test_validation_input_is_the_training_part_and_test_input_adds_the_validation_rows(dataset):
    data = TrainingData.load(dataset)
    cases = data.test_cases(dataset.parent / "sealed/test.parquet")
    first = slice(cases.histories.offsets[0], cases.histories.offsets[1])
    before = slice(data.validation.histories.offsets[0], data.validation.histories.offsets[1])
    assert (cases.users == data.validation.users).all()
    inputs = [*data.validation.histories.items[before], data.validation.targets[0]]
    assert cases.histories.items[first].tolist() == inputs


def test_context_before_the_validation_target_is_input_and_what_follows_is_not():
    train = pd.DataFrame({"user": [0, 0], "item": [1, 2], "is_target": [True, False]})
    validation = pd.DataFrame({"user": [0, 0, 0], "item": [3, 4, 5], "is_target": [False, True, False]})
    data = TrainingData.of_frames(train, validation, 1, 6)
    assert data.validation.histories.items.tolist() == [1, 2, 3]
    assert data.validation.targets.tolist() == [4]
    assert data.train_and_validation.items.tolist() == [1, 2, 3, 4, 5]
    assert data.train_and_validation.is_target.tolist() == [True, False, False, True, False]


def test_without_context_events_all_of_a_history_counts_as_seen():
    train = pd.DataFrame({"user": [0], "item": [1], "is_target": [True]})
    validation = pd.DataFrame({"user": [0, 0], "item": [2, 3], "is_target": [True, False]})
    assert TrainingData.of_frames(train, validation, 1, 3).train_and_validation.is_target.all()


@pytest.mark.parametrize("missing", ["items", "users", "train", "validation"])
def test_a_missing_or_damaged_file_is_named(dataset, missing):
    path = dataset / f"{missing}.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(DatasetUnreadable, match=f"{missing}.parquet cannot be read .* import the dataset again"):
        TrainingData.load(dataset)
    path.unlink()
    with pytest.raises(DatasetUnreadable, match=f"{missing}.parquet cannot be read"):
        TrainingData.load(dataset)


def test_a_missing_column_is_named(dataset):
    pd.DataFrame({"user": [1]}).to_parquet(dataset / "train.parquet")
    with pytest.raises(DatasetUnreadable, match=r"lacks the columns \['is_target', 'item'\]"):
        TrainingData.load(dataset)


def scores_of(name: str, data: TrainingData) -> np.ndarray:
    out = torch.empty(len(data.validation.users), data.num_items + 1)
    reference(name, data.train, data.num_items).prepare(data.validation.histories)(slice(0, len(out)), out)
    return out.numpy()


def test_the_markov_line_follows_the_last_item_and_breaks_ties_by_popularity():
    data = data_of([[1, 2, 3, 8, 8], [1, 2, 4, 8, 8], [1, 2, 4, 8, 8], [5, 1, 8, 8], [6, 5, 5, 8, 8]], 8)
    scores = scores_of("markov", data)
    last_is_one = scores[3]
    assert np.floor(last_is_one[1:]).tolist() == [0, 3, 0, 0, 0, 0, 0, 0]
    assert last_is_one[5] > last_is_one[6] > last_is_one[7] == 0


def test_the_co_occurrence_line_prefers_what_is_held_together():
    data = data_of([[1, 2, 9, 9], [1, 2, 9, 9], [3, 4, 9, 9], [5, 1, 9, 9]], 9)
    scores = scores_of("cooccurrence", data)
    assert scores[0, 1:].argsort()[::-1][:3].tolist() == [0, 1, 4]


@pytest.mark.parametrize("name", REFERENCES)
def test_every_reference_line_ranks_a_catalogue(name, tiny):
    ranks = rank(reference(name, tiny.train, 30), tiny.validation, tiny.popularity, "none").ranks
    assert ranks.shape == (2, len(tiny.validation.users))
    assert (ranks[0][ranks[0] != MISS] < 30).all()


def test_the_median_gap_is_that_between_events_of_one_user():
    times = np.array([100, 110, 140, 9_000, 7, 10])
    timed = Histories(np.ones(6, int), np.ones(6, bool), np.array([0, 0, 3, 4, 6]), times)
    assert timed.median_gap == 10
    assert replace(timed, timestamps=None).median_gap is None
    assert timed.of(np.array([2])).median_gap == timed.of(np.array([0])).median_gap == 0
