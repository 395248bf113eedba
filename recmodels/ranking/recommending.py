"""What comes next: the best items after a history, and those of every user as a Parquet file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import torch

from recmodels.data import Histories
from recmodels.errors import DatasetUnreadable, InvalidJob
from recmodels.packing import Flat
from recmodels.ranking.evaluation import Mask, Scorer, check_masking, chunk_size

SCHEMA = pyarrow.schema(
    [
        ("user", pyarrow.string()),
        ("rank", pyarrow.int32()),
        ("item", pyarrow.string()),
        ("title", pyarrow.string()),
        ("score", pyarrow.float32()),
    ]
)
_READ = 4096  # histories a scorer reads at once


def history_of(items: Sequence[int], num_items: int, gap: int | None, times: Sequence[int] | None = None) -> Histories:
    """One history of item ids at `times` (epoch seconds), else `gap` seconds apart, as is usual in the dataset; a model
    of a dataset without times has no `gap` and is told none. Raises InvalidJob for ids that are none and times that do
    not ascend."""
    history = np.asarray(items, np.int64)
    if not len(history) or history.min() < 1 or history.max() > num_items:
        raise InvalidJob(f"history={history.tolist()} must be one or more item ids from 1 to {num_items}")
    if times is not None and (len(times) != len(history) or list(times) != sorted(times)):
        raise InvalidJob(f"times={list(times)} must be one for each of the {len(history)} items, oldest first")
    when = None
    if gap is not None:
        when = np.arange(len(history)) * gap if times is None else np.asarray(times, np.int64)
    return Histories(history, np.ones(len(history), bool), np.array([0, len(history)]), when)


def best_items(
    scorer: Scorer,
    histories: Histories,
    num_items: int,
    masking: str,
    k: int,
    device: torch.device,
    between: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (U, k) and scores (U, k) of the best candidates after each history, best first; id 0 where there are fewer
    than k. Raises InvalidJob."""
    check_masking(masking)
    width, U = num_items + 1, len(histories.lengths)
    mask, step, k = Mask(histories, masking, width), chunk_size(width), min(k, num_items)
    best, values = np.zeros((U, k), np.int64), np.zeros((U, k), np.float32)
    with torch.inference_mode():
        fill, buffer = scorer.prepare(histories), torch.empty(min(step, U), width, device=device)
        for first in range(0, U, step):
            between()
            chunk = slice(first, min(first + step, U))
            scores = buffer[: chunk.stop - first]
            fill(chunk, scores)
            mask.apply(chunk, scores)
            top = scores.topk(k)
            best[chunk] = top.indices.masked_fill(top.values == -torch.inf, 0).cpu().numpy()
            values[chunk] = top.values.cpu().numpy()
    return best, values


def write_recommendations(
    path: Path,
    scorer: Scorer,
    histories: Histories,
    open_dir: Path,
    masking: str,
    k: int,
    device: torch.device,
    between: Callable[[], None] = lambda: None,
) -> int:
    """The best k items of every user with a history, by raw ids, a block of users at a time; how many users. A file
    that was not written to its end does not appear. Raises DatasetUnreadable, InvalidJob."""
    users, items = _column(open_dir / "users.parquet", "raw"), _column(open_dir / "items.parquet", "raw")
    titles = _column(open_dir / "items.parquet", "title")
    known = np.flatnonzero(histories.lengths)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with pyarrow.parquet.ParquetWriter(unfinished, SCHEMA) as writer:
            for first in range(0, len(known), _READ):
                some = known[first : first + _READ]
                found, scores = best_items(scorer, histories.of(some), len(items), masking, k, device, between)
                writer.write_table(_rows(users, items, titles, some, found, scores))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(known)


def _rows(
    users: np.ndarray, items: np.ndarray, titles: np.ndarray, who: Flat, found: np.ndarray, scores: np.ndarray
) -> pyarrow.Table:
    kept = found > 0
    k, picked = found.shape[1], found[kept] - 1
    columns = [
        users[np.repeat(who, k)[kept.ravel()]],
        np.tile(np.arange(1, k + 1, dtype=np.int32), len(who))[kept.ravel()],
        items[picked],
        titles[picked],
        scores[kept],
    ]
    return pyarrow.table(
        [pyarrow.array(column, type_.type, from_pandas=True) for column, type_ in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def _column(path: Path, name: str) -> np.ndarray:
    """A column in the order of ids: users from 0, items from 1."""
    try:
        table = pyarrow.parquet.read_table(path)
        return np.asarray(table.column(name).to_pandas(), object)
    except (OSError, KeyError, pyarrow.ArrowException) as error:
        raise DatasetUnreadable(f"{path} cannot be read ({error}); import the dataset again") from error
