"""From a file to an immutable dataset folder, and a preview of what that would read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data import checks
from core.data.card import Card, load_card
from core.data.columns import is_column, roles_of
from core.data.events import Collector, Events, content_hash, lineage_hash
from core.data.findings import BadRow, BadRows, Finding, ImportFailed
from core.data.folder import is_whole, remove_partials, write_folder
from core.data.formats import Format, detect, parts_of
from core.data.options import ImportOptions
from core.data.preparation import Kept, is_repeated_row, kept, ordered, target_mask
from core.data.prepared import Prepared, prepared
from core.data.readers import READERS
from core.data.splits import split
from core.data.titles import titles_for
from core.figures import percent

PREPARATION_VERSION = 1  # raise it when the same file and options lead to another dataset
PREVIEW_ROWS = 20
READING_SHARE = 0.6  # of an import's time, measured on ten million rows of CSV

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Preview:
    """What an import would read: the first rows as parsed, role by role, times in ISO form (UTC)."""

    source: str
    format: str
    names: tuple[str, ...]
    columns: Mapping[str, str]
    rows: tuple[dict[str, str], ...]
    findings: tuple[Finding, ...]
    bad_rows: tuple[BadRow, ...]
    parts: int
    size_bytes: int
    would_read: str


@dataclass(frozen=True)
class _Raw:
    form: Format
    columns: dict[str, str]
    events: Events
    rows_read: int
    bad: BadRows
    findings: list[Finding]


def preview(source: Path, columns: Mapping[str, str] | None = None) -> Preview:
    """Reads no more than the first block of the first part. Raises ImportFailed."""
    parts = parts_of(source)
    form = detect(parts[0], is_column)
    roles, findings = roles_of(form, parts[0].name, columns)
    bad = BadRows()
    collector = Collector(bad, roles)
    if (first := next(READERS[form.kind](parts[0], form, roles, bad, lambda _: None), None)) is not None:
        collector.add(first)
    events = collector.events() if collector.rows_read > bad.count else None
    rows = _shown(events) if events is not None else ()
    findings += _reading_findings(form, roles, events, collector, bad)
    left_out = [name for name in form.names if name not in roles.values()] if form.kind != "sequences" else []
    would_read = ", ".join(f"{role} from {name!r}" for role, name in roles.items() if role != "rating")
    would_read += f"; not read: {', '.join(left_out)}" if left_out else ""
    size = sum(part.stat().st_size for part in parts)
    return Preview(
        *(source.name, form.title, form.names, roles, rows, tuple(findings), bad.first, len(parts), size, would_read)
    )


def import_dataset(
    source: Path, home: Path, name: str, options: ImportOptions, progress: Progress | None = None
) -> Card:
    """Prepares `source` under `home/datasets/<id>`; the same content and options give the card that is there already.

    `progress(stage, share done)` is called as the work goes on. Raises ImportFailed; nothing is left behind then.
    """
    tell = progress or (lambda stage, share: None)
    datasets = home / "datasets"
    if datasets.exists():
        remove_partials(datasets)
    raw = _read(source, options, tell)
    tell("ordering", READING_SHARE)
    findings = raw.findings + _found([checks.not_chronological(raw.events)])
    events = ordered(raw.events)
    lineage, content = options.lineage or lineage_hash(events)[:12], content_hash(events)
    titles, title_findings = titles_for(events.items, options.titles) if options.titles else (None, [])
    identity = _identity(content, titles, options)
    if is_whole(datasets / identity):
        tell("done", 1.0)
        return load_card(datasets / identity)
    tell("checking", 0.75)
    target, repeated = target_mask(events, options.target_events), is_repeated_row(events)
    findings += title_findings + _order_findings(events, target, repeated, options)
    tell("filtering", 0.8)
    left = kept(events, target, repeated, options)
    tell("splitting", 0.85)
    part, split_findings = split(left.events, left.target, options)
    result = prepared(left, part, titles, options)
    findings += left.findings + split_findings + list(result.findings)
    card = _card(identity, lineage, source, name, options, raw, left, result, findings)
    tell("writing", 0.9)
    folder = write_folder(datasets, card, result.tables)
    tell("done", 1.0)
    return load_card(folder)


def _read(source: Path, options: ImportOptions, tell: Progress) -> _Raw:
    parts = parts_of(source)
    form = detect(parts[0], is_column)
    roles, findings = roles_of(form, parts[0].name, options.columns)
    used = {role: column for role, column in roles.items() if role != "rating"}
    bad = BadRows()
    collector = Collector(bad, used)
    for number, part in enumerate(parts):
        part_form = form if number == 0 else _like_first(part, form, used)
        done = _progress_of(tell, number, len(parts))
        for rows in READERS[form.kind](part, part_form, used, bad, done):
            collector.add(rows)
    _refuse_mostly_bad(source.name, collector.rows_read, bad, options)
    events = collector.events()
    findings += _reading_findings(form, roles, events, collector, bad)
    return _Raw(form, roles, events, collector.rows_read, bad, findings)


def _progress_of(tell: Progress, number: int, parts: int) -> Callable[[float], None]:
    return lambda share: tell("reading", READING_SHARE * (number + share) / parts)


def _like_first(part: Path, first: Format, columns: Mapping[str, str]) -> Format:
    form = detect(part, is_column)
    if form.kind != first.kind or not set(columns.values()) <= set(form.names or columns.values()):
        raise ImportFailed(
            f"{part.name} is {form.title} with columns {', '.join(form.names)}, unlike the first part "
            f"({first.title} with {', '.join(first.names)}); a folder must hold parts of one table"
        )
    return form


def _refuse_mostly_bad(file: str, rows_read: int, bad: BadRows, options: ImportOptions) -> None:
    rows_read = max(rows_read, bad.count)
    if bad.count <= options.max_bad_share * rows_read:
        return
    first = bad.first[0]
    raise ImportFailed(
        f"{file}: {bad.count:,} of {rows_read:,} rows cannot be used, more than {percent(options.max_bad_share, 0)} "
        f"(line {first.line}: {first.reason}; found {first.found!r}): are the columns right? See the preview, "
        "and name them with --columns",
        _found([checks.bad_rows(bad, rows_read)]),
    )


def _reading_findings(
    form: Format, roles: Mapping[str, str], events: Events | None, collector: Collector, bad: BadRows
) -> list[Finding]:
    findings = _found([checks.bad_rows(bad, max(collector.rows_read, bad.count)), checks.mixed_units(collector.units)])
    if form.encoding.guessed:
        findings.append(
            Finding("encoding", "warning", "the text is no UTF-8 and was read as Latin-1; look at ids and titles")
        )
    if "rating" in roles:
        message = (
            f"ratings ({roles['rating']}) are not kept: every event counts as one interaction, whatever its rating"
        )
        findings.append(Finding("rating_not_kept", "info", message))
    if "timestamp" not in roles:
        message = "there are no times: the order in the file is taken as the order of time, which nothing can check"
        findings.append(Finding("no_timestamps", "info", message))
    if "event" in roles and events is not None:
        shown = ", ".join(events.kinds[:8])
        findings.append(Finding("event_types", "info", f"event types in {roles['event']}: {shown}", len(events.kinds)))
    return findings


def _order_findings(events: Events, target: np.ndarray, repeated: np.ndarray, options: ImportOptions) -> list[Finding]:
    found = _found(
        [
            checks.sorted_by_id(events),
            checks.single_time(events),
            checks.ties(events, checks.tie_share(events, target)),
            checks.duplicates(repeated, options.drop_duplicates),
        ]
    )
    if len(events.kinds) > 1 and options.target_events is None:
        message = (
            f"all {len(events.kinds)} event types count as targets ({', '.join(events.kinds[:8])}); "
            "--target-events chooses those to predict, the others become context"
        )
        found.append(Finding("all_events_are_targets", "warning", message, len(events.kinds)))
    return found


def _found(findings: list[Finding | None]) -> list[Finding]:
    return [finding for finding in findings if finding is not None]


def _identity(content: str, titles: pa.Array | None, options: ImportOptions) -> str:
    digest = hashlib.sha256(content.encode())
    digest.update(json.dumps([PREPARATION_VERSION, options.identity()], sort_keys=True).encode())
    if titles is not None:
        digest.update(json.dumps(titles.to_pylist(), ensure_ascii=False).encode())
    return digest.hexdigest()[:12]


def _card(
    identity: str,
    lineage: str,
    source: Path,
    name: str,
    options: ImportOptions,
    raw: _Raw,
    left: Kept,
    result: Prepared,
    findings: list[Finding],
) -> Card:
    kinds = raw.events.kinds
    sizes = np.bincount(raw.events.kind, minlength=len(kinds)).tolist() if raw.events.kind is not None else []
    time = left.events.time
    by_time = "by timestamp, ties by position in the file"
    read = {"rows_read": max(raw.rows_read, raw.bad.count), "rows_bad": raw.bad.count, "events_read": len(raw.events)}
    return Card(
        id=identity,
        name=name,
        lineage=lineage,
        source=source.name,
        format=raw.form.title,
        columns=raw.columns,
        options=options.to_json(),
        split=options.split,
        counts={**read, **left.counts, **result.counts},
        event_counts=dict(zip(kinds, sizes, strict=True)),
        has_timestamps=time is not None,
        first_time=_iso(int(time.min())) if time is not None else None,
        last_time=_iso(int(time.max())) if time is not None else None,
        tie_share=checks.tie_share(left.events, left.target),
        **result.shares,
        masking=result.masking,
        masking_reason=result.masking_reason,
        order_rule=by_time if time is not None else "by position in the file",
        findings=tuple(findings),
        bad_rows=raw.bad.first,
        synthetic=options.synthetic,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(),
        has_event_types=result.has_event_types,
    )


def _versions() -> dict[str, str]:
    libraries = {"numpy": np.__version__, "pandas": pd.__version__, "pyarrow": pa.__version__}
    return {"preparation": str(PREPARATION_VERSION), **libraries}


def _iso(microseconds: int) -> str:
    return str(np.datetime_as_string(np.datetime64(microseconds, "us"), unit="s")) + "Z"


def _shown(events: Events) -> tuple[dict[str, str], ...]:
    rows = []
    for n in range(min(PREVIEW_ROWS, len(events))):
        row = {"user": events.users[int(events.user[n])].as_py(), "item": events.items[int(events.item[n])].as_py()}
        if events.time is not None:
            row["timestamp"] = _iso(int(events.time[n]))
        if events.kind is not None:
            row["event"] = events.kinds[int(events.kind[n])]
        rows.append(row)
    return tuple(rows)
