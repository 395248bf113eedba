"""Item titles from a second file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from core.data.columns import TITLE_NAMES, by_name, is_title_column
from core.data.findings import BadRows, Finding, ImportFailed, Level
from core.data.formats import detect, parts_of
from core.data.readers import READERS
from core.figures import percent


def titles_for(items: pa.Array, source: Path) -> tuple[pa.Array, list[Finding]]:
    """The title of each item, or null. Raises ImportFailed when the file has no item or title column.

    Where an item stands twice, its first title counts.
    """
    ids, titles = _read(source)
    where = pc.index_in(items, value_set=ids)
    found = titles.take(where)
    if missing := found.null_count:
        examples = tuple(items.filter(found.is_null())[:3].to_pylist())
        share = missing / max(len(items), 1)
        message = f"{missing:,} of {len(items):,} items ({percent(share, 0)}) have no title in {source.name}"
        if missing == len(items):
            message += "; are the ids of both files the same?"
        level: Level = "warning" if share > 0.01 else "info"
        return found, [Finding("items_without_title", level, message, missing, examples)]
    return found, []


def _read(source: Path) -> tuple[pa.Array, pa.Array]:
    ids: list[pa.Array] = []
    titles: list[pa.Array] = []
    bad = BadRows()
    for part in parts_of(source):
        form = detect(part, is_title_column, lists=False)
        columns = by_name(form.names, TITLE_NAMES) if form.has_header else _first_two(form.names)
        if set(columns) != {"item", "title"}:
            raise ImportFailed(
                f"{part.name}: no columns for item and title were found among {', '.join(form.names)}; "
                "rename them to item and title"
            )
        for rows in READERS[form.kind](part, form, columns, bad, lambda _: None):
            ids.append(pc.utf8_trim_whitespace(_text(rows.columns["item"])))
            titles.append(pc.utf8_trim_whitespace(_text(rows.columns["title"])))
    all_ids = pa.chunked_array(ids or [pa.array([], pa.string())]).combine_chunks()
    all_titles = pa.chunked_array(titles or [pa.array([], pa.string())]).combine_chunks()
    return all_ids, pc.if_else(pc.equal(all_titles, ""), pa.scalar(None, pa.string()), all_titles)


def _first_two(names: Sequence[str]) -> dict[str, str]:
    """Without a header (MovieLens `movies.dat`, `u.item`): id, then title."""
    return {"item": names[0], "title": names[1]}


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values if pa.types.is_string(values.type) else values.cast(pa.string())
