"""The open part of a dataset folder as flat arrays. Nothing here knows where a test target might be."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from recmodels.errors import DatasetUnreadable
from recmodels.packing import ranges

Flat = np.ndarray
OPTIONAL = ("timestamp", "event_type")  # columns of events


@dataclass(frozen=True)
class Histories:
    """Events of users in order: those of user u are items[offsets[u] : offsets[u + 1]]. `is_target` tells events to
    predict from context; `timestamps` (epoch seconds) and `event_types` (codes) are None where the dataset has none."""

    items: Flat
    is_target: Flat
    offsets: Flat
    timestamps: Flat | None = None
    event_types: Flat | None = None

    @property
    def lengths(self) -> Flat:
        return np.diff(self.offsets)

    @property
    def median_gap(self) -> int | None:
        """Seconds from an event to the next of its user; None where no times are known."""
        if self.timestamps is None:
            return None
        follows = np.ones(len(self.items), bool)
        follows[self.offsets[:-1][self.lengths > 0]] = False
        gaps = np.diff(self.timestamps, prepend=0)[follows]
        return int(np.median(gaps)) if len(gaps) else 0

    def of(self, users: Flat) -> "Histories":
        """The histories of these users, in this order."""
        lengths = self.lengths[users]
        rows = ranges(self.offsets[users], lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        times = None if self.timestamps is None else self.timestamps[rows]
        types = None if self.event_types is None else self.event_types[rows]
        return Histories(self.items[rows], self.is_target[rows], offsets, times, types)


@dataclass(frozen=True)
class Cases:
    """What is ranked: for each of `users` (U,), ascending, its whole input history and its target (U,)."""

    users: Flat
    histories: Histories
    targets: Flat


@dataclass(frozen=True)
class TrainingData:
    """A dataset without its sealed test. `popularity` (V+1,) counts an item's training events."""

    num_items: int
    train: Histories
    train_and_validation: Histories
    validation: Cases
    popularity: Flat

    @classmethod
    def load(cls, open_dir: Path) -> "TrainingData":
        """Reads items, users, train and validation of the folder. Raises DatasetUnreadable."""
        num_items = len(_read(open_dir / "items.parquet", ["item"]))
        num_users = len(_read(open_dir / "users.parquet", ["user"]))
        columns = ["user", "item", "is_target", *OPTIONAL]
        train = _read(open_dir / "train.parquet", columns)
        validation = _read(open_dir / "validation.parquet", columns)
        if train["item"].size == 0 or num_items == 0:
            raise DatasetUnreadable(f"{open_dir} holds no training events; import the dataset again")
        return cls.of_frames(train, validation, num_users, num_items)

    @classmethod
    def of_frames(cls, train: pd.DataFrame, validation: pd.DataFrame, num_users: int, num_items: int) -> "TrainingData":
        """From frames of user, item, is_target and perhaps timestamp and event_type, sorted by user, then time."""
        has_context = not bool(train["is_target"].all())
        before = validation["is_target"].groupby(validation["user"]).cumsum() == 0
        is_target = validation["is_target"].to_numpy(bool)
        targets = validation[is_target]
        users = targets["user"].to_numpy(np.int64)
        followed = _histories([train, validation], num_users, has_context)
        preceded = _histories([train, validation[before]], num_users, has_context)
        popularity = np.bincount(train["item"].to_numpy(), minlength=num_items + 1)
        cases = Cases(users, preceded.of(users), targets["item"].to_numpy(np.int64))
        return cls(num_items, _histories([train], num_users, has_context), followed, cases, popularity)

    def test_cases(self, targets_path: Path) -> Cases:
        """Cases whose input is training and validation rows, for targets of a Parquet file (user, item)."""
        frame = _read(targets_path, ["user", "item"]).sort_values("user", kind="stable")
        users = frame["user"].to_numpy(np.int64)
        return Cases(users, self.train_and_validation.of(users), frame["item"].to_numpy(np.int64))


def _histories(frames: Iterable[pd.DataFrame], num_users: int, has_context: bool) -> Histories:
    """Without context events every row was a target event, whatever the split marks of it to predict."""
    frame = pd.concat(list(frames), ignore_index=True).sort_values("user", kind="stable", ignore_index=True)
    counts = np.bincount(frame["user"].to_numpy(), minlength=num_users)
    flags = frame["is_target"].to_numpy(bool) if has_context else np.ones(len(frame), bool)
    times = frame["timestamp"].to_numpy(np.int64) if "timestamp" in frame else None
    types = frame["event_type"].to_numpy(np.int64) if "event_type" in frame else None
    return Histories(frame["item"].to_numpy(np.int64), flags, np.concatenate([[0], np.cumsum(counts)]), times, types)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """The named columns, those that are optional where present. The file is opened by Python, so that an audit hook
    sees which."""
    try:
        with open(path, "rb") as file:
            table = pyarrow.parquet.read_table(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise DatasetUnreadable(f"{path} cannot be read ({error}); import the dataset again") from error
    present = [name for name in columns if name in table.column_names]
    missing = set(columns) - set(present) - set(OPTIONAL)
    if missing:
        raise DatasetUnreadable(f"{path} lacks the columns {sorted(missing)}; import the dataset again")
    return table.select(present).to_pandas()
