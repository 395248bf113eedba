"""Parquet, also with one list of items per user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.findings import BadRows, ImportFailed
from core.data.formats import Format
from core.data.readers.rows import Rows, expand
from core.data.unpacking import seekable

BATCH_ROWS = 1 << 19


def read_parquet(
    path: Path, form: Format, columns: Mapping[str, str], bad: BadRows, progress: Callable[[float], None]
) -> Iterator[Rows]:
    done = 0
    with seekable(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=list(columns.values())):
                rows, parents = expand({role: _plain(batch.column(name)) for role, name in columns.items()})
                yield Rows(path.name, rows, _row_numbers(done, parents))
                done += batch.num_rows
                progress(done / max(parquet.metadata.num_rows, 1))
        except (OSError, pa.ArrowInvalid) as error:
            raise ImportFailed(f"{path.name}: the Parquet file cannot be read ({error}); it is damaged") from error


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_large_list(values.type):
        return values.cast(pa.list_(values.type.value_type))
    return values


def _row_numbers(done: int, parents: np.ndarray | None) -> Callable[[np.ndarray], np.ndarray]:
    """Rows of the file, from 1: Parquet has no lines."""
    return lambda positions: done + 1 + (positions if parents is None else parents[positions])
