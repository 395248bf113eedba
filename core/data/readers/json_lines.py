"""One JSON object a line: reviews (Amazon 2014, 2018, 2023), events, or sessions with a list of items or events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from core.data.findings import BadRows, ImportFailed
from core.data.formats import Format
from core.data.readers.lines import line_blocks
from core.data.readers.rows import Rows, expand
from core.data.unpacking import Utf8, unpacked

TYPES = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64()}
MAX_BAD_LINES = 2_000  # isolating one costs about twenty small parses


def read_json_lines(
    path: Path, form: Format, columns: Mapping[str, str], bad: BadRows, progress: Callable[[float], None]
) -> Iterator[Rows]:
    options = pa_json.ParseOptions(explicit_schema=_schema(form, columns), unexpected_field_behavior="ignore")
    with unpacked(path) as stream:
        for before, block in line_blocks(Utf8(stream, form.encoding), path.name):
            for start, piece, table in _parsed(path.name, before, block, options, bad):
                if table.num_rows:
                    yield _rows(path.name, start, piece, table, columns)
            progress(stream.fraction)


def _schema(form: Format, columns: Mapping[str, str]) -> pa.Schema:
    """Only what is needed is parsed; times are read as float64, exact to the microsecond."""
    fields: dict[str, pa.DataType] = {}
    nested: dict[str, list[tuple[str, pa.DataType]]] = {}
    for role, name in columns.items():
        told = form.types[name]
        kind = TYPES[told.lstrip("[")] if told.lstrip("[") in TYPES else pa.int64()
        if role in ("timestamp", "rating") and kind != pa.string():
            kind = pa.float64()
        key, _, inner = name.partition("[.")
        if inner:
            nested.setdefault(key, []).append((inner, kind))
        else:
            fields[name] = pa.list_(kind) if told.startswith("[") else kind
    fields |= {key: pa.list_(pa.struct(inner)) for key, inner in nested.items()}
    return pa.schema(fields.items())


def _parsed(
    file: str, before: int, block: bytes, options: pa_json.ParseOptions, bad: BadRows
) -> Iterator[tuple[int, bytes, pa.Table]]:
    """Parses a block; where that fails, halves it until the lines that do not parse stand alone."""
    try:
        whole = pa_json.ReadOptions(block_size=max(len(block), 1) + 1)
        yield before, block, pa_json.read_json(pa.BufferReader(block), read_options=whole, parse_options=options)
        return
    except pa.ArrowInvalid as error:
        reason = re.sub(r"\s*in row \d+$", "", str(error)).removeprefix("JSON parse error: ")
    if block.count(b"\n") <= 1:
        if block.strip():
            bad.add(file, before + 1, reason, block.decode("utf-8", "replace").strip())
        if bad.count > MAX_BAD_LINES:
            first = bad.first[0]
            raise ImportFailed(
                f"{file}: more than {MAX_BAD_LINES:,} lines are no JSON of the expected shape "
                f"(line {first.line}: {first.reason}); write strict JSON with one type per field"
            )
        return
    middle = block.find(b"\n", len(block) // 2) + 1
    if middle in (0, len(block)):
        middle = block.rfind(b"\n", 0, len(block) - 1) + 1
    yield from _parsed(file, before, block[:middle], options, bad)
    yield from _parsed(file, before + block.count(b"\n", 0, middle), block[middle:], options, bad)


def _rows(file: str, before: int, piece: bytes, table: pa.Table, columns: Mapping[str, str]) -> Rows:
    found: dict[str, pa.Array] = {}
    for role, name in columns.items():
        key, _, inner = name.partition("[.")
        values = table.column(key).combine_chunks()
        if inner:
            field = pc.struct_field(values.flatten(), inner)
            values = pa.ListArray.from_arrays(_offsets(values), field)
        found[role] = values
    rows, parents = expand(found)

    def lines(positions: np.ndarray) -> np.ndarray:
        filled = np.array([number for number, line in enumerate(piece.split(b"\n")) if line.strip()], np.int64)
        return filled[positions if parents is None else parents[positions]] + before + 1

    return Rows(file, rows, lines)


def _offsets(values: pa.ListArray) -> pa.Array:
    """Offsets into `values.flatten()`, where a missing list is an empty one."""
    lengths = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
