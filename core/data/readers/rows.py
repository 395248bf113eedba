"""What every reader yields: a block of columns by role, and where each row stood in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from core.data.findings import BadRows, ImportFailed
from core.data.formats import Format

BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class Rows:
    """Columns of equal length N by role; `lines(positions)` gives 1-based line numbers in `file`."""

    file: str
    columns: Mapping[str, pa.Array]
    lines: Callable[[np.ndarray], np.ndarray]


class Reader(Protocol):
    def __call__(
        self, path: Path, form: Format, columns: Mapping[str, str], bad: BadRows, progress: Callable[[float], None]
    ) -> Iterator[Rows]:
        """Blocks of one file in order. Rows that are no rows go to `bad`. Raises ImportFailed."""
        ...


def expand(columns: Mapping[str, pa.Array]) -> tuple[dict[str, pa.Array], np.ndarray | None]:
    """Lists side by side become rows, plain columns are repeated; also the parent of each row, if any was a list."""
    lists = {role: values for role, values in columns.items() if pa.types.is_list(values.type)}
    if not lists:
        return dict(columns), None
    first = next(iter(lists.values()))
    parents = first.value_parent_indices().to_numpy(zero_copy_only=False)
    out = {role: values.flatten() for role, values in lists.items()}
    if len({len(values) for values in out.values()}) > 1:
        raise ImportFailed(f"the lists for {' and '.join(lists)} differ in length; each item needs its own value")
    repeat = pa.array(parents)
    for role, values in columns.items():
        if role not in lists:
            out[role] = values.dictionary_encode().take(repeat) if role == "user" else values.take(repeat)
    return out, parents
