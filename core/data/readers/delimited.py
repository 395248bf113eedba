"""CSV, TSV, RecBole `.inter`, MovieLens `::` and their like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from core.data.findings import BadRows, ImportFailed
from core.data.formats import Format
from core.data.readers.rows import BLOCK_BYTES, Rows
from core.data.unpacking import Utf8, unpacked

STAND_IN = "\x1f"  # the ASCII unit separator, for separators of two characters, which the parser does not take


def read_delimited(
    path: Path, form: Format, columns: Mapping[str, str], bad: BadRows, progress: Callable[[float], None]
) -> Iterator[Rows]:
    skipped: list[int] = []
    double = form.separator if len(form.separator) > 1 else ""
    with unpacked(path) as stream:
        text = Utf8(stream, form.encoding, double, STAND_IN if double else "")
        done = 0
        for batch in _batches(path, text, form, columns, bad, skipped):
            found = {role: batch.column(name) for role, name in columns.items()}
            yield Rows(path.name, found, _line_numbers(form.skip, done, skipped))
            done += batch.num_rows
            progress(stream.fraction)


def _batches(
    path: Path, text: Utf8, form: Format, columns: Mapping[str, str], bad: BadRows, skipped: list[int]
) -> Iterator[pa.RecordBatch]:
    def skip(row: pa_csv.InvalidRow) -> str:
        skipped.append(row.number)
        found = row.text.replace(STAND_IN, form.separator)
        bad.add(path.name, row.number, f"{row.actual_columns} columns instead of {row.expected_columns}", found)
        return "skip"

    try:
        # One parsing thread: only then does the parser number its rows.
        yield from pa_csv.open_csv(
            text,
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=list(form.names), skip_rows=form.skip
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=form.separator if len(form.separator) == 1 else STAND_IN,
                quote_char='"' if form.quoted else False,
                newlines_in_values=form.quoted,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(columns.values(), pa.string()), include_columns=list(columns.values())
            ),
        )
    except pa.ArrowInvalid as error:
        raise ImportFailed(
            f"{path.name}: reading as {form.title} stopped ({error}); a quote that is never closed does this, "
            "or columns of the same name: repair the file or export it again"
        ) from error


def _line_numbers(before: int, done: int, skipped: list[int]) -> Callable[[np.ndarray], np.ndarray]:
    """Line of the k-th accepted row: k and all lines skipped before it."""

    def lines(positions: np.ndarray) -> np.ndarray:
        numbers = np.sort(np.array(skipped, np.int64))
        accepted_before = numbers - 1 - before - np.arange(len(numbers))
        rows = positions + done
        return rows + 1 + before + np.searchsorted(accepted_before, rows, side="right")

    return lines
