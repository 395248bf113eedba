"""Opening a file whatever it is wrapped in: gzip or zip by their magic bytes, text in any common encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from core.data.findings import ImportFailed

GZIP, ZIP, PARQUET = b"\x1f\x8b", b"PK", b"PAR1"
OTHER_PACKINGS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7-Zip"}
BINARIES = {b"SQLite format 3": "an SQLite database", b"\x89HDF": "HDF5", b"\x89PNG": "a picture", b"%PDF": "a PDF"}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Interaction logs shrink 5 to 30 times; deflate cannot pass 1,032. Beyond this a file unpacks to nothing but itself.
MAX_RATIO = 200
RATIO_FREE_BYTES = 256 << 20


class Unpacked(io.RawIOBase):
    """The bytes inside the wrapping, with a limit on how far they may swell and a gauge of how much was read."""

    def __init__(self, path: Path, inner: IO[bytes], raw: IO[bytes], packing: str) -> None:
        self.path, self.packing = path, packing
        self._inner, self._raw = inner, raw
        self._size = max(path.stat().st_size, 1)
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Raises ImportFailed for a broken, cut off or suspiciously swelling file."""
        try:
            block = self._inner.read(size)
        except (EOFError, zlib.error, OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise ImportFailed(
                f"{self.path.name}: the {self.packing or 'file'} cannot be read to its end ({error}); "
                "it is cut off or damaged, fetch it again"
            ) from error
        self._given += len(block)
        if self.packing and self._given > max(RATIO_FREE_BYTES, MAX_RATIO * self._size):
            raise ImportFailed(
                f"{self.path.name}: unpacks to more than {MAX_RATIO} times its {self._size:,} bytes; "
                "if that is no mistake, unpack it yourself and import the result"
            )
        return block

    @property
    def fraction(self) -> float:
        """Share of the file on disk that was read so far."""
        return min(self._raw.tell() / self._size, 1.0)


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Opens `path` and removes gzip and zip, also one inside the other. Raises ImportFailed."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise ImportFailed(f"{path} cannot be opened: {error.strerror or error}") from error
    with raw:
        inner: IO[bytes] = raw
        packing = ""
        if _magic(inner).startswith(ZIP):
            inner, packing = _zip_member(path, raw), "zip"
        if _magic(inner).startswith(GZIP):
            inner, packing = cast(IO[bytes], gzip.GzipFile(fileobj=inner)), f"{packing} gzip".strip()
        _refuse_binary(path, inner)
        yield Unpacked(path, inner, raw, packing)


def _magic(stream: IO[bytes]) -> bytes:
    try:
        head = stream.read(16)
        stream.seek(0)
    except (EOFError, zlib.error, OSError, zipfile.BadZipFile, RuntimeError):
        return b""  # the first real read says what is wrong
    return head


def _zip_member(path: Path, raw: IO[bytes]) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile as error:
        raise ImportFailed(f"{path.name}: looks like a zip and is damaged ({error}); fetch it again") from error
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/") and ".DS_Store" not in member.filename
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:8]) or "nothing"
        raise ImportFailed(
            f"{path.name}: the zip holds {len(members)} files ({names}); unpack it and import the one that is meant"
        )
    if members[0].flag_bits & 1:
        raise ImportFailed(f"{path.name}: the zip is protected by a password; unpack it and import the file inside")
    try:
        return archive.open(members[0])
    except (NotImplementedError, zipfile.BadZipFile) as error:
        raise ImportFailed(f"{path.name}: {error}; unpack it and import the file inside") from error


def _refuse_binary(path: Path, stream: IO[bytes]) -> None:
    head = _magic(stream)
    for magic, name in OTHER_PACKINGS.items():
        if head.startswith(magic):
            raise ImportFailed(f"{path.name} is packed with {name}; unpack it, or pack it with gzip, and import that")
    for magic, name in BINARIES.items():
        if head.startswith(magic):
            raise ImportFailed(f"{path.name} is {name}; export its interactions as CSV or Parquet and import that")


def is_parquet(path: Path) -> bool:
    with unpacked(path) as stream:
        return stream.read(4) == PARQUET


@contextmanager
def seekable(path: Path) -> Iterator[IO[Any]]:
    """A file that can seek, as Parquet needs: the file itself, or a temporary unpacked copy of it."""
    with unpacked(path) as stream:
        if not stream.packing:
            with path.open("rb") as plain:
                yield plain
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy, 8 << 20)
            copy.seek(0)
            yield copy


@dataclass(frozen=True)
class Encoding:
    """`mark` is the length of the byte order mark; `guessed` where neither a mark nor valid UTF-8 settles it."""

    name: str
    mark: int = 0
    guessed: bool = False


UTF_8 = Encoding("utf-8")


def encoding_of(head: bytes) -> Encoding:
    for mark, name in BOMS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return Encoding("latin-1", guessed=True)
    return UTF_8


class Utf8(io.RawIOBase):
    """Bytes of any encoding as UTF-8, and a separator of two characters as one that parsers take."""

    def __init__(self, stream: Unpacked, encoding: Encoding, separator: str = "", stand_in: str = "") -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
        self._ascii_is_itself = not encoding.name.startswith("utf-16")
        self._separator, self._stand_in = separator.encode(), stand_in.encode()
        self._held = b""
        self.replaced = 0
        stream.read(encoding.mark)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while block := self._stream.read(size):
            if text := self._separated(self._as_utf8(block)):
                return text
        rest, self._held = self._held + self._decoder.decode(b"", final=True).encode(), b""
        return rest

    def _as_utf8(self, block: bytes) -> bytes:
        # Nearly all interaction files are ASCII; decoding them would cost more than reading them.
        if self._ascii_is_itself and block.isascii() and not self._decoder.getstate()[0]:
            return block
        text = self._decoder.decode(block)
        self.replaced += text.count("\ufffd")
        return text.encode()

    def _separated(self, block: bytes) -> bytes:
        if not self._separator:
            return block
        block, self._held = self._held + block, b""
        if block.endswith(self._separator[:1]) and not block.endswith(self._separator):
            block, self._held = block[:-1], block[-1:]
        return block.replace(self._separator, self._stand_in)
