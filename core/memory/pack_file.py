"""A memory pack as a file: one zip of JSON lines with a checksum for each member. Foreign, so nothing is believed.

Every limit is checked on what is really read, not on what the file says of itself; nothing is ever written to disk.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from core.errors import Conflict, InvalidInput, StorageFailed
from core.memory.storable import storable

FORMAT = 1
MANIFEST = "manifest.json"
MEMBERS = ("lessons.jsonl", "evidence.jsonl", "profiles.jsonl", "revisions.jsonl")
MOST_BYTES = 64 * 2**20  # of one member, unpacked
MOST_LINE = 64 * 1024  # characters
MOST_LINES = 100_000
MOST_FILE = 64 * 2**20  # of the zip
EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip's oldest time: equal memories give equal packs

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Pack:
    """What a pack holds, read and checked as a file; the rows are still to be checked one by one."""

    name: str
    made_by: str
    lessons: Sequence[Row]
    evidence: Sequence[Row] = field(default=())
    profiles: Sequence[Row] = field(default=())
    revisions: Sequence[Row] = field(default=())

    def rows(self, member: str) -> Sequence[Row]:
        """Those of one member, by its file name."""
        return getattr(self, member.partition(".")[0])


def write_pack(pack: Pack, target: Path) -> int:
    """Write a pack under its name once it is whole; its size in bytes. Raises Conflict, StorageFailed."""
    if target.exists():
        raise Conflict(f"{target} is there already; give another name, or remove it")
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(pack_bytes(pack))
        os.replace(partial, target)
    except OSError as problem:
        partial.unlink(missing_ok=True)
        raise StorageFailed(f"{target} cannot be written ({problem.strerror}); give another place") from problem
    return target.stat().st_size


def pack_bytes(pack: Pack) -> bytes:
    """The zip; equal memories give equal bytes."""
    texts = {name: "".join(json.dumps(dict(row), sort_keys=True) + "\n" for row in pack.rows(name)) for name in MEMBERS}
    manifest = {
        "format": FORMAT,
        "made_by": pack.made_by,
        "rows": {name: len(pack.rows(name)) for name in MEMBERS},
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {MANIFEST: json.dumps(manifest, indent=1), **texts}.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), text, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def read_pack(source: Path) -> Pack:
    """A pack whose names, sizes and checksums are as they must be. Raises InvalidInput, StorageFailed."""
    try:
        if source.stat().st_size > MOST_FILE:
            raise _refused(source, f"it has {source.stat().st_size:,} bytes, at most {MOST_FILE:,} are read")
        with zipfile.ZipFile(source) as archive:
            _check_names(source, archive)
            manifest = _manifest(source, archive)
            texts = {name: _member(source, archive, name) for name in MEMBERS}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as problem:
        raise _refused(source, f"it is no zip that can be read ({problem})") from problem
    except OSError as problem:
        raise StorageFailed(f"{source} cannot be read ({problem.strerror}); check the path") from problem
    for name, data in texts.items():
        if hashlib.sha256(data).hexdigest() != manifest["sha256"].get(name):
            raise _refused(
                source, f"{name} does not have the checksum that {MANIFEST} names: it was changed or damaged"
            )
    rows = {name.partition(".")[0]: list(_rows(source, name, data)) for name, data in texts.items()}
    return Pack(storable(source.name, 100), storable(manifest.get("made_by", ""), 100), **rows)


def _check_names(source: Path, archive: zipfile.ZipFile) -> None:
    names = [entry.filename for entry in archive.infolist()]
    allowed = {MANIFEST, *MEMBERS}
    if strangers := sorted(set(names) - allowed):
        raise _refused(source, f"it holds {strangers[0][:80]!r}; only {', '.join(sorted(allowed))} belong into a pack")
    if missing := sorted(allowed - set(names)):
        raise _refused(source, f"it lacks {', '.join(missing)}")
    if len(names) != len(set(names)):
        raise _refused(source, "it holds a file twice")


def _manifest(source: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = _parsed(source, MANIFEST, _member(source, archive, MANIFEST))
    if manifest.get("format") != FORMAT:
        raise _refused(source, f"its format is {str(manifest.get('format'))[:20]!r}, this program reads {FORMAT}")
    if not isinstance(manifest.get("sha256"), dict):
        raise _refused(source, f"{MANIFEST} names no checksums")
    return manifest


def _member(source: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes, read no further than the limit, whatever its header promises."""
    with archive.open(name) as stream:
        data = _read_at_most(stream, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _refused(source, f"{name} unpacks to more than {MOST_BYTES:,} bytes")
    return data


def _read_at_most(stream: IO[bytes], limit: int) -> bytes:
    parts, size = [], 0
    while size < limit and (part := stream.read(min(1 << 20, limit - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _rows(source: Path, name: str, data: bytes) -> Iterator[dict[str, Any]]:
    lines = data.splitlines()
    if len(lines) > MOST_LINES:
        raise _refused(source, f"{name} has {len(lines):,} lines, at most {MOST_LINES:,} are read")
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_LINE:
            raise _refused(source, f"line {number} of {name} has {len(line):,} bytes, at most {MOST_LINE:,} are read")
        yield _parsed(source, f"line {number} of {name}", line)


def _parsed(source: Path, what: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise _refused(source, f"{what} is no JSON") from problem
    if not isinstance(value, dict):
        raise _refused(source, f"{what} is no JSON object")
    return value


def _refused(source: Path, fault: str) -> InvalidInput:
    return InvalidInput(f"{source.name} is refused as a memory pack: {fault}; nothing was imported")
