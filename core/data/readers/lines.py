"""Text in blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.findings import ImportFailed
from core.data.formats import LONGEST_LINE
from core.data.readers.rows import BLOCK_BYTES
from core.data.unpacking import Utf8


def line_blocks(text: Utf8, file: str) -> Iterator[tuple[int, bytes]]:
    """(number of lines before the block, block that ends with a newline). Raises ImportFailed for an endless line."""
    before, held = 0, b""
    while block := text.read(BLOCK_BYTES):
        block = held + block
        end = block.rfind(b"\n") + 1
        block, held = block[:end], block[end:]
        if len(held) > LONGEST_LINE:
            raise ImportFailed(
                f"{file}: line {before + 1:,} is longer than {LONGEST_LINE >> 20} MiB; this is no text file"
            )
        if block:
            yield before, block
            before += block.count(b"\n")
    if held.strip():
        yield before, held + b"\n"
