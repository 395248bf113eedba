"""One user a line, `user item item ...` (S3-Rec), or one event a line, `user item` (SASRec): the same grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.data.findings import BadRows
from core.data.formats import Format
from core.data.readers.lines import line_blocks
from core.data.readers.rows import Rows
from core.data.unpacking import Utf8, unpacked


def read_sequences(
    path: Path, form: Format, columns: Mapping[str, str], bad: BadRows, progress: Callable[[float], None]
) -> Iterator[Rows]:
    """The order within a line, then of lines, is the order of events; there are no times."""
    with unpacked(path) as stream:
        for before, block in line_blocks(Utf8(stream, form.encoding), path.name):
            words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(_as_lines(block)))
            yield _rows(path.name, before, words, bad)
            progress(stream.fraction)


def _as_lines(block: bytes) -> pa.StringArray:
    """The lines of a block as strings, newline included, without copying."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))


def _rows(file: str, before: int, words: pa.ListArray, bad: BadRows) -> Rows:
    lengths = pc.list_value_length(words).to_numpy(zero_copy_only=False)
    flat, starts = words.flatten(), words.offsets.to_numpy()[:-1]
    # A blank line splits into one empty word.
    alone = np.flatnonzero(lengths == 1)
    for line in alone[pc.not_equal(flat.take(pa.array(starts[alone])), "").to_numpy(zero_copy_only=False)]:
        bad.add(file, before + int(line) + 1, "a user without items", flat[int(starts[line])].as_py())
    full = np.flatnonzero(lengths > 1)
    is_item = np.ones(len(flat), bool)
    is_item[starts] = False
    parents = np.repeat(np.arange(len(full), dtype=np.int32), lengths[full] - 1)
    users = pa.DictionaryArray.from_arrays(parents, flat.take(pa.array(starts[full])))
    line_of = full[parents] + before + 1
    return Rows(file, {"user": users, "item": flat.filter(pa.array(is_item))}, lambda positions: line_of[positions])
