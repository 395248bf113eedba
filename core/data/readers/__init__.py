"""One reader per kind of file; each yields blocks of columns named by role."""

from core.data.readers.delimited import read_delimited
from core.data.readers.json_lines import read_json_lines
from core.data.readers.parquet import read_parquet
from core.data.readers.rows import Reader, Rows
from core.data.readers.sequences import read_sequences

READERS: dict[str, Reader] = {
    "delimited": read_delimited,
    "sequences": read_sequences,
    "json_lines": read_json_lines,
    "parquet": read_parquet,
}

__all__ = ["READERS", "Reader", "Rows"]
