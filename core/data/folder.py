"""The dataset folder: written beside its final place, then renamed, so that it is there whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.card import CARD_FILE, Card
from core.data.events import Events
from core.data.findings import ImportFailed

PARTIAL = ".partial-"
OPEN_FILES = ("items", "users", "train", "validation")
FILES = (*(f"open/{name}.parquet" for name in OPEN_FILES), "sealed/test.parquet", "sealed/shares.json", CARD_FILE)


@dataclass(frozen=True)
class Tables:
    """What goes into the folder, each as one file."""

    items: pa.Table
    users: pa.Table
    train: pa.Table
    validation: pa.Table
    test: pa.Table
    sealed_shares: Mapping[str, float]


def events_table(events: Events, is_target: np.ndarray | None = None) -> pa.Table:
    """user int32, item int32, timestamp int64 epoch seconds (where there are times), is_target bool, event_type int16
    (where there are types: a place in the card's `event_counts`)."""
    columns: dict[str, Any] = {name: getattr(events, name).astype(np.int32, copy=False) for name in ("user", "item")}
    if events.time is not None:
        columns["timestamp"] = events.time // 1_000_000
    if is_target is not None:
        columns["is_target"] = is_target
        if events.kind is not None:
            columns["event_type"] = events.kind
    return pa.table(columns)


def is_whole(folder: Path) -> bool:
    """Whether every file of a dataset is there."""
    return all((folder / name).exists() for name in FILES)


def write_folder(datasets: Path, card: Card, tables: Tables) -> Path:
    """Writes `datasets/<card.id>`, unless another import was first. Raises ImportFailed for a full disk."""
    final = datasets / card.id
    try:
        with _partial(datasets) as partial:
            _write(partial, card, tables)
            if final.exists() and not is_whole(final):
                os.rename(
                    final, datasets / f"{PARTIAL}{uuid.uuid4().hex[:12]}"
                )  # damaged; swept away by the next import
            try:
                os.rename(partial, final)
            except OSError:
                if not is_whole(final):  # else another import of the same data was first
                    raise
        _sync(datasets)
    except OSError as error:
        with suppress(OSError):
            free = shutil.disk_usage(datasets.parent).free >> 20
            raise ImportFailed(
                f"{final} could not be written: {error.strerror or error} ({free:,} MiB free); nothing was left "
                "behind: free space (python -m core storage) or point VIRTUALMLE_HOME elsewhere, and import again"
            ) from error
        raise ImportFailed(f"{final} could not be written: {error}") from error
    return final


@contextmanager
def _partial(datasets: Path) -> Iterator[Path]:
    """A temporary sibling, locked while it is being filled, and gone afterwards whatever happens."""
    datasets.mkdir(parents=True, exist_ok=True)
    remove_partials(datasets)
    while True:
        folder = datasets / f"{PARTIAL}{uuid.uuid4().hex[:12]}"
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():  # else another import swept it away before it was locked
                yield folder
                return
        finally:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)


def remove_partials(datasets: Path) -> None:
    """Removes what interrupted imports left; one that is still being written holds its lock and stays."""
    for folder in datasets.glob(f"{PARTIAL}*"):
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(lock)


def _write(folder: Path, card: Card, tables: Tables) -> None:
    (folder / "open").mkdir()
    (folder / "sealed").mkdir()
    for name in OPEN_FILES:
        _write_parquet(getattr(tables, name), folder / "open" / f"{name}.parquet")
    _write_parquet(tables.test, folder / "sealed" / "test.parquet")
    _write_json(dict(tables.sealed_shares), folder / "sealed" / "shares.json")
    _write_json(card.to_json(), folder / CARD_FILE)
    for inner in (folder / "open", folder / "sealed", folder):
        _sync(inner)


def _write_parquet(table: pa.Table, path: Path) -> None:
    with path.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def _write_json(values: dict[str, Any], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(values, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
