"""One file that holds everything: a consistent copy of the database, the datasets, what the runs wrote.

The vector index is not in it: it is rebuilt from SQL (`python -m core memory rebuild`).
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import select, update

from core.errors import Conflict, InvalidInput, NewerSchema, StorageFailed
from core.store import Store, schema
from core.store.database import HEAD, REVISIONS, Database

FORMAT = 1
DATABASE = "virtualmle.db"
MANIFEST = "manifest.json"
FOLDERS = ("datasets", "artifacts")
WEIGHTS = ".safetensors"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What a backup holds; `missing` names the datasets whose folder was not there."""

    path: Path
    size: int  # bytes
    files: int
    with_weights: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """What came back."""

    home: Path
    files: int
    size: int  # bytes
    datasets: int
    studies: int


def backup(store: Store, home: Path, target: Path, with_weights: bool = True) -> Backup:
    """Write `target` (.tar.gz) while others go on working; it appears under its name only when it is whole.

    Without weights a reveal, and a run that had not ended, cannot go on from where it was after a restore.
    Raises InvalidInput for PostgreSQL, Conflict when the target exists, StorageFailed when the disk refuses.
    """
    target = target.expanduser().resolve()
    if target.exists():
        raise Conflict(f"{target} is there already; give another name, or remove it")
    if any(target.is_relative_to(home.resolve() / folder) for folder in FOLDERS):
        raise InvalidInput(f"{target} lies inside what is saved; write the backup somewhere else")
    partial = target.with_name(target.name + ".partial")
    with _disk_failures(f"the backup {target}"), _removed_on_failure(partial):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            copy = Path(folder) / DATABASE
            store.database.copy_to(copy)  # before the files: a run may then be ahead of its row, never behind
            files = _write_archive(partial, copy, home, with_weights)
        os.replace(partial, target)
    missing = [one.name for one in store.datasets.all(archived=True) if not Path(home, "datasets", one.folder).is_dir()]
    return Backup(target, target.stat().st_size, files, with_weights, tuple(missing))


def restore(source: Path, home: Path) -> Restored:
    """Unpack a backup into a new or empty home; it appears only when every checksum was right.

    Raises Conflict when home holds anything, InvalidInput when the file is no whole backup of ours, NewerSchema,
    StorageFailed when the disk refuses.
    """
    home = home.expanduser().resolve()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Conflict(f"{home} is not empty; restore into a new folder and point VIRTUALMLE_HOME to it")
    if not source.is_file():
        raise InvalidInput(f"{source} is no file; give the .tar.gz that `python -m core backup` wrote")
    unpacked = home.with_name(home.name + ".restoring")
    with _disk_failures(f"the home {home}"), _removed_on_failure(unpacked):
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        found = _unpack(source, unpacked)
        _check(source, unpacked, found)
        (unpacked / MANIFEST).unlink()
        datasets, studies = _settle(unpacked, home)
        os.replace(unpacked, home)
    return Restored(home, len(found), sum(size for size, _ in found.values()), datasets, studies)


def _write_archive(path: Path, database: Path, home: Path, weights: bool) -> int:
    manifest: dict[str, Any] = {"format": FORMAT, "schema": HEAD, "weights": weights, "files": {}}
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:  # weights and Parquet hardly shrink further
        for name, file in [(DATABASE, database), *_files(home)]:
            if not weights and name.endswith(WEIGHTS):
                continue
            with contextlib.suppress(FileNotFoundError), file.open("rb") as content:  # a run's temporary file may go
                manifest["files"][name] = _add(archive, name, content)
        text = json.dumps(manifest, indent=1).encode()
        header = tarfile.TarInfo(MANIFEST)
        header.size = len(text)
        archive.addfile(header, io.BytesIO(text))
    return len(manifest["files"])


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> dict[str, Any]:
    header = archive.gettarinfo(arcname=name, fileobj=content)
    header.uid = header.gid = 0
    header.uname = header.gname = ""
    header.linkname, header.type = "", tarfile.REGTYPE  # two names of one file: each is written whole
    header.size = os.fstat(content.fileno()).st_size
    reader = _HashingReader(content)
    archive.addfile(header, reader)  # type: ignore[arg-type]
    return {"bytes": header.size, "sha256": reader.digest.hexdigest()}


class _HashingReader:
    """Hashes what is read through it, so that the checksum is of the bytes that were written."""

    def __init__(self, content: IO[bytes]) -> None:
        self.content = content
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self.content.read(size)
        self.digest.update(chunk)
        return chunk


def _files(home: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a home's folders, through linked folders too (datasets on a larger disk), each folder once."""
    seen: set[Path] = set()
    for part in FOLDERS:
        for folder, inner, names in os.walk(home / part, followlinks=True):
            if (real := Path(folder).resolve()) in seen:
                inner.clear()
                continue
            seen.add(real)
            inner[:] = sorted(name for name in inner if not name.startswith("."))  # half-written and half-removed ones
            for file in (Path(folder, name) for name in sorted(names)):
                if file.is_file():
                    yield file.relative_to(home).as_posix(), file


def _unpack(source: Path, into: Path) -> dict[str, tuple[int, str]]:
    """Write the members under `into`; their sizes and checksums by name. Nothing is ever written elsewhere."""
    found: dict[str, tuple[int, str]] = {}
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                if member.name in found or not _is_ours(member):
                    raise InvalidInput(f"{source} holds {member.name!r}, which no backup holds; nothing was restored")
                path = into / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None
                with path.open("xb") as file:
                    found[member.name] = _copy(content, file)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise InvalidInput(f"{source} is no whole backup ({problem}); use another copy of it") from problem
    return found


def _is_ours(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    plain = member.isreg() and not path.is_absolute() and ".." not in path.parts and "\\" not in member.name
    return plain and str(path) == member.name and (member.name in (DATABASE, MANIFEST) or path.parts[0] in FOLDERS)


def _copy(content: IO[bytes], file: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := content.read(_CHUNK):
        file.write(chunk)
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _check(source: Path, unpacked: Path, found: dict[str, tuple[int, str]]) -> None:
    """Take the manifest out of `found` and compare the rest with it."""
    if MANIFEST not in found:
        raise InvalidInput(f"{source} has no {MANIFEST}: it is no backup of this program, or its end is missing")
    del found[MANIFEST]
    try:
        manifest = json.loads((unpacked / MANIFEST).read_text())
        told = {name: (row["bytes"], row["sha256"]) for name, row in manifest["files"].items()}
        format_, revision = int(manifest["format"]), manifest["schema"]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InvalidInput(f"{source}: its {MANIFEST} cannot be read ({problem!r}); use another copy") from problem
    if format_ > FORMAT or revision not in REVISIONS:
        raise NewerSchema(f"{source} was written by a newer version (schema {revision}); update this program first")
    wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
    if wrong or DATABASE not in found:
        raise InvalidInput(f"{source}: {', '.join(wrong[:3]) or DATABASE} differs from its checksum; use another copy")


def _settle(unpacked: Path, home: Path) -> tuple[int, int]:
    """Point the datasets' rows to their folders in the new home; the number of datasets and studies."""
    database = Database(f"sqlite:///{unpacked / DATABASE}")
    table = schema.datasets
    try:
        with database.write() as connection:
            rows = connection.execute(select(table.c.id, table.c.folder)).all()
            for row in rows:
                name = Path(row.folder).name
                if Path(row.folder).is_absolute() and (unpacked / "datasets" / name).is_dir():
                    folder = str(home / "datasets" / name)
                    connection.execute(update(table).where(table.c.id == row.id).values(folder=folder))
            connection.execute(schema.workers.delete())  # they work on the home that was saved
            return len(rows), len(connection.execute(select(schema.studies.c.id)).all())
    finally:
        database.close()


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _disk_failures(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageFailed(
            f"{what} could not be written: {problem.strerror or problem} ({problem.filename or 'no file named'}); "
            "nothing was changed; free space or choose another place, then try again"
        ) from problem
