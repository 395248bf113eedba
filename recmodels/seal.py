"""A guard for processes that train: no file of a sealed test can be opened from Python."""

import os
import sys
from pathlib import Path
from typing import Any

from recmodels.errors import SealedTestAccess


def forbid_sealed(open_dir: Path) -> None:
    """From now until the process ends, opening a path that leads through a folder named `sealed` raises
    SealedTestAccess. Folders that `open_dir` itself lies in do not count."""
    home = os.path.realpath(open_dir)

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike) and _is_sealed(args[0], home):
            raise SealedTestAccess(f"{os.fsdecode(args[0])} is the sealed test; a training process may not open it")

    sys.addaudithook(audit)


def _is_sealed(path: Any, home: str) -> bool:
    name = os.fsdecode(path)
    if "sealed" in Path(os.path.abspath(name)).parts[len(Path(_shared(os.path.abspath(name), home)).parts) :]:
        return True
    real = os.path.realpath(name)
    return "sealed" in Path(real).parts[len(Path(_shared(real, home)).parts) :]


def _shared(path: str, home: str) -> str:
    return os.path.commonpath([path, home])
