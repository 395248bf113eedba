"""What kind of file is this? Told from its first bytes alone."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from core.data.findings import ImportFailed
from core.data.timestamps import looks_like_time
from core.data.unpacking import UTF_8, Encoding, Utf8, encoding_of, is_parquet, seekable, unpacked

HEAD_BYTES = 1 << 20
LONGEST_LINE = 64 << 20
SEPARATORS = ("\t", "::", ",", ";", "|")
SEPARATOR_NAMES = {"\t": "TSV", ",": "CSV", "::": "text separated by ::", " ": "text separated by spaces"}
TYPED_HEADER = re.compile(r"[^:]+:(token|float|token_seq|float_seq)$")  # RecBole's atomic files
SAMPLE_ROWS = 200
HEADED_BY = {"user", "item", "timestamp", "rating", "title"}


@dataclass(frozen=True)
class Format:
    """How to read a file. `kind` picks the reader; `names` are its columns, `sample` its first rows as text.

    `skip` is the number of lines before the first row of data, the header included.
    """

    kind: str
    title: str
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...] = ()
    has_header: bool = True
    separator: str = ""
    quoted: bool = False
    skip: int = 0
    encoding: Encoding = UTF_8
    types: dict[str, Any] = field(default_factory=dict)


def parts_of(source: Path) -> list[Path]:
    """The file itself, or the parts of a folder in order of their names. Raises ImportFailed."""
    if not source.exists():
        raise ImportFailed(f"{source} does not exist; check the path")
    if source.is_file():
        return [source]
    parts = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.name.startswith((".", "_"))]
    parts = [path for path in parts if path.suffix != ".crc"]
    if not parts:
        raise ImportFailed(f"{source} is an empty folder; give a file, or a folder of CSV or Parquet parts")
    endings = {"".join(path.suffixes[-2:]) if path.suffix in (".gz", ".zip") else path.suffix for path in parts}
    if len(endings) > 1:
        raise ImportFailed(
            f"{source} holds files of several kinds ({', '.join(sorted(endings))}); "
            "give one file, or a folder of like parts"
        )
    return parts


def detect(path: Path, is_column: Callable[[str], bool], lists: bool = True) -> Format:
    """The format of one file. `is_column` tells a known column name; `lists` allows user-sequence files.

    Raises ImportFailed for an empty or binary file and for text that is no table.
    """
    if is_parquet(path):
        return _parquet(path)
    head, encoding, whole = _head(path)
    lines = head.splitlines()
    if not whole and not head.endswith("\n"):
        lines.pop()
    filled = [line for line in lines if line.strip()][:SAMPLE_ROWS]
    if not filled:
        raise ImportFailed(f"{path.name} is empty; there is nothing to import")
    if filled[0].lstrip().startswith("{"):
        return _json_lines(path, filled, encoding)
    if filled[0].lstrip().startswith("[") and filled[0].rstrip().endswith(("[", ",", "]", "{")):
        raise ImportFailed(
            f"{path.name} is one JSON array; write one JSON object per line (JSON lines) and import that"
        )
    skip = next(number for number, line in enumerate(lines) if line.strip())
    return _table(path, filled, encoding, skip, is_column, lists)


def _head(path: Path) -> tuple[str, Encoding, bool]:
    with unpacked(path) as stream:
        encoding = encoding_of(stream.read(HEAD_BYTES))
    with unpacked(path) as stream:
        text, head, limit = Utf8(stream, encoding), b"", HEAD_BYTES
        while len(head) < limit and (block := text.read(HEAD_BYTES)):
            head += block
            if b"\n" not in head and b"\r" not in head:
                limit = LONGEST_LINE
        whole = not text.read(1)
    if b"\x00" in head:
        raise ImportFailed(f"{path.name} is a binary file, no text; give CSV, TSV, JSON lines or Parquet")
    return head.decode("utf-8", errors="replace"), encoding, whole


def _parquet(path: Path) -> Format:
    with seekable(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            batch = next(parquet.iter_batches(batch_size=SAMPLE_ROWS), None)
        except (OSError, ValueError) as error:
            raise ImportFailed(
                f"{path.name}: the Parquet file cannot be read ({error}); it is cut off or damaged"
            ) from error
        names = tuple(parquet.schema_arrow.names)
        rows = batch.to_pylist() if batch is not None else []
    sample = tuple(tuple(str(row[name]) for name in names) for row in rows)
    return Format("parquet", "Parquet", names, sample, types=dict.fromkeys(names))


def _json_lines(path: Path, lines: Sequence[str], encoding: Encoding) -> Format:
    records: list[dict[str, Any]] = []
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            records.append(record)
    if not records:
        hint = "it looks like Python's own notation, " if re.match(r"\s*\{\s*'", lines[0]) else ""
        raise ImportFailed(
            f"{path.name} starts like JSON lines, but {hint}no line of its head parses; write strict JSON"
        )
    types: dict[str, Any] = {}
    for record in records:
        for key, value in record.items():
            _learn_type(types, key, value)
    names = tuple(types)
    sample = tuple(tuple(_shown(record, name) for name in names) for record in records)
    listed = any("[" in each for each in types.values())
    return Format(
        "json_lines", "session JSON lines" if listed else "JSON lines", names, sample, encoding=encoding, types=types
    )


def _learn_type(types: dict[str, Any], key: str, value: Any) -> None:
    """Notes string, number, [string], [number], or for a list of objects one entry `key[.field` for each field."""
    if isinstance(value, list):
        for each in value[:50]:
            if isinstance(each, dict):
                for name, inner in each.items():
                    _learn_type(types, f"{key}[.{name}", inner)
            else:
                types.setdefault(key, "[string" if isinstance(each, str) else "[number")
    elif isinstance(value, str):
        types.setdefault(key, "string")
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, float) and types.get(key) in (None, "integer"):
        types[key] = "number"  # a column of whole numbers may be an id; one fraction makes it a measurement
    elif isinstance(value, int):
        types.setdefault(key, "integer")


def _shown(record: dict[str, Any], name: str) -> str:
    key, _, inner = name.partition("[.")
    value = record.get(key, "")
    if inner:
        value = [each.get(inner) for each in value[:3] if isinstance(each, dict)] if isinstance(value, list) else ""
    return str(value[:3] if isinstance(value, list) else value)


def _table(
    path: Path, lines: list[str], encoding: Encoding, skip: int, is_column: Callable[[str], bool], lists: bool
) -> Format:
    separator, quoted = _separator(lines, is_column)
    rows = split_lines(lines, separator, quoted)
    typed = all(TYPED_HEADER.match(cell) for cell in rows[0]) and len(rows[0]) > 1
    has_header = typed or _is_header(rows, is_column)
    if lists and not has_header and (found := _sequences(lines, separator)):
        return Format("sequences", found, (), tuple(tuple(line.split()) for line in lines), False, encoding=encoding)
    if separator == "" or len(rows[0]) < 2:
        raise ImportFailed(
            f"{path.name}: only one column was found (first line: {lines[0][:80]!r}); "
            "separate user, item and time by comma, tab, semicolon, | or ::"
        )
    names = tuple(cell.strip() for cell in rows[0]) if has_header else tuple(str(n + 1) for n in range(len(rows[0])))
    title = "RecBole .inter" if typed else SEPARATOR_NAMES.get(separator, f"text separated by {separator}")
    sample = tuple(rows[1:] if has_header else rows)
    return Format("delimited", title, names, sample, has_header, separator, quoted, skip + has_header, encoding)


def _separator(lines: list[str], is_column: Callable[[str], bool]) -> tuple[str, bool]:
    """The first separator that nearly every line holds equally often, and whether fields are quoted."""
    for separator in SEPARATORS:
        quoted = separator != "::" and _is_quoted(lines, separator)
        widths = [len(row) for row in split_lines(lines, separator, quoted)]
        usual = max(set(widths), key=widths.count)
        if usual > 1 and widths[0] == usual and widths.count(usual) >= 0.8 * len(widths):
            return separator, quoted
    widths = [len(line.split(" ")) for line in lines]
    first = lines[0].split(" ")
    times = all(looks_like_time(line.split(" ")[-1]) for line in lines[1:] or lines)
    if len(set(widths)) == 1 and widths[0] > 1 and (any(map(is_column, first)) or (times and widths[0] in (3, 4))):
        return " ", False
    return "", False


def _is_quoted(lines: list[str], separator: str) -> bool:
    # A quote that opens a field and closes one on the same line; a stray inch mark in a title does neither.
    opening = re.compile(rf'(^|{re.escape(separator)})"')
    closing = re.compile(rf'"\s*({re.escape(separator)}|$)')
    if separator == "," and any('"' in line for line in lines):
        return True
    return any(opening.search(line) and closing.search(line) for line in lines)


def split_lines(lines: Sequence[str], separator: str, quoted: bool) -> list[tuple[str, ...]]:
    if not separator:
        return [tuple(line.split()) for line in lines]
    if not quoted or len(separator) > 1:
        return [tuple(line.split(separator)) for line in lines]
    return [tuple(row) for row in islice(csv.reader((line + "\n" for line in lines), delimiter=separator), len(lines))]


def _is_header(rows: list[tuple[str, ...]], is_column: Callable[[str], bool]) -> bool:
    """A line of names: none of its cells is a number, and one is a known name or stands over numbers."""
    first = [cell.strip() for cell in rows[0]]
    if any(_is_number(cell) or looks_like_time(cell) for cell in first):
        return False
    if any(is_column(cell) for cell in first):
        return True
    below = rows[1:]
    return any(
        bool(below) and all(len(row) > n and (_is_number(row[n]) or looks_like_time(row[n])) for row in below)
        for n in range(len(first))
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _sequences(lines: list[str], separator: str) -> str | None:
    """`user item item ...` or `user item` lines, told from a table by varying width or by holding nothing else."""
    if separator in (",", ";", "|", "::", " "):
        return None
    words = [line.split() for line in lines]
    widths = {len(each) for each in words}
    if separator == "\t" and not all(line.count("\t") == 1 and " " in line for line in lines if len(line.split()) > 2):
        return None  # a table; with one tab after the user and spaces after it, it is a list
    if widths == {2}:
        return "user item lines (SASRec)"
    users = {each[0] for each in words}
    if max(widths) > 2 and len(users) >= 0.9 * len(words) and all(_id_like(each) for each in words):
        return "user sequences (S3-Rec)"
    return None


def _id_like(words: list[str]) -> bool:
    return all(len(word) <= 64 for word in words)
