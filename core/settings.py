"""Settings from the environment; the only file that reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput

PREFIX = "VIRTUALMLE_"


@dataclass(frozen=True)
class Settings:
    """What the program was told from outside; secrets stay in the environment and are never copied here."""

    home: Path
    database_url: str
    chroma_url: str | None = None
    model: str | None = None
    model_base_url: str | None = None
    device: str = "auto"
    concurrency: int = 1
    host: str = "127.0.0.1"
    port: int = 8501

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read `VIRTUALMLE_*`. Raises InvalidInput that names the variable, its value and what it may be."""
        given = os.environ if environment is None else environment
        home = Path(given.get(PREFIX + "HOME") or "~/.virtualmle").expanduser().resolve()
        return cls(
            home=home,
            database_url=given.get(PREFIX + "DATABASE_URL") or f"sqlite:///{home / 'virtualmle.db'}",
            chroma_url=given.get(PREFIX + "CHROMA_URL") or None,
            model=given.get(PREFIX + "MODEL") or None,
            model_base_url=given.get(PREFIX + "MODEL_BASE_URL") or None,
            device=given.get(PREFIX + "DEVICE") or "auto",
            concurrency=_whole(given, "CONCURRENCY", 1, low=1, high=256),
            host=given.get(PREFIX + "HOST") or "127.0.0.1",
            port=_whole(given, "PORT", 8501, low=1, high=65535),
        )

    def environment(self) -> dict[str, str]:
        """The environment of a child process that must see the same settings; keeps all else as it is."""
        own = {
            "HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "CHROMA_URL": self.chroma_url,
            "DEVICE": self.device,
            "CONCURRENCY": str(self.concurrency),
        }
        return {**os.environ, **{PREFIX + name: value for name, value in own.items() if value}}

    @property
    def datasets(self) -> Path:
        """Folder of the prepared datasets."""
        return self.home / "datasets"

    def dataset(self, folder: str) -> Path:
        """The folder of a dataset, as its row names it: by name below `datasets`, or by a whole path."""
        return self.datasets / folder

    @property
    def artifacts(self) -> Path:
        """Folder of what runs write: checkpoints, weights, ranks, logs."""
        return self.home / "artifacts"

    @property
    def chroma(self) -> Path:
        """Folder of the vector index."""
        return self.home / "chroma"


def _whole(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(PREFIX + name)
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidInput(f"{PREFIX}{name}={text!r} must be a whole number from {low} to {high}")
    return int(text)
