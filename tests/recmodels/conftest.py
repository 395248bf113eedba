"""Small datasets: in memory, and as the folder a training process is given."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from recmodels.data import TrainingData


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


def cyclic_histories(users: int = 80, num_items: int = 30, seed: int = 0) -> list[list[int]]:
    """Histories of 1 to 14 events in which item i is mostly followed by i + 1: easy to learn."""
    draw = np.random.default_rng(seed)
    histories = []
    for length in draw.integers(1, 15, users):
        steps = np.where(draw.random(length) < 0.9, 1, draw.integers(2, num_items, length))
        histories.append((np.cumsum(steps) + draw.integers(num_items)) % num_items + 1)
    return [history.tolist() for history in histories]


def frames(histories: Sequence[Sequence[int]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train, validation and test by leave-one-out."""
    rows = [(user, item, position) for user, items in enumerate(histories) for position, item in enumerate(items)]
    events = pd.DataFrame(rows, columns=["user", "item", "timestamp"]).astype({"user": "int32", "item": "int32"})
    events["is_target"] = True
    size = events.groupby("user")["item"].transform("size")
    left = np.where(size >= 3, size - events["timestamp"], 99)
    return events[left > 2], events[left == 2], events[left == 1][["user", "item", "timestamp"]]


def data_of(histories: Sequence[Sequence[int]], num_items: int) -> TrainingData:
    train, validation, _ = frames(histories)
    return TrainingData.of_frames(train, validation, len(histories), num_items)


def write_dataset(folder: Path, histories: Sequence[Sequence[int]], num_items: int) -> Path:
    """The dataset folder; returns its open part."""
    train, validation, test = frames(histories)
    (folder / "open").mkdir(parents=True)
    (folder / "sealed").mkdir()
    ids = np.arange(1, num_items + 1, dtype=np.int32)
    pd.DataFrame({"item": ids, "raw": ids.astype(str), "title": None}).to_parquet(folder / "open/items.parquet")
    users = np.arange(len(histories), dtype=np.int32)
    pd.DataFrame({"user": users, "raw": users.astype(str)}).to_parquet(folder / "open/users.parquet")
    train.to_parquet(folder / "open/train.parquet")
    validation.to_parquet(folder / "open/validation.parquet")
    test.to_parquet(folder / "sealed/test.parquet")
    return folder / "open"


@pytest.fixture
def tiny() -> TrainingData:
    return data_of(cyclic_histories(), 30)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """The open folder of a tiny dataset."""
    return write_dataset(tmp_path / "dataset", cyclic_histories(), 30)


@pytest.fixture
def small_params() -> dict[str, object]:
    """A quick model that learns the cycle."""
    return {"hidden_dim": 16, "num_blocks": 1, "max_len": 10, "batch_size": 32, "lr": 0.01, "negatives": 16}
