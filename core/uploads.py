"""Uploaded files on their way into a dataset: kept under the home while they are looked at, then removed."""

import shutil
import tempfile
import time
from pathlib import Path

from core.errors import StorageFailed

FOLDER = "uploads"
KEPT_SECONDS = 86_400.0  # what a closed browser left behind goes with the first upload a day later
MEGABYTES = 200


class Uploads:
    """`HOME/uploads/<something>/<the file's own name>`."""

    def __init__(self, home: Path) -> None:
        self._root = home / FOLDER

    def keep(self, name: str, content: memoryview | bytes) -> Path:
        """Write it down under its own name, in a folder of its own. Raises StorageFailed."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            path = Path(tempfile.mkdtemp(dir=self._root)) / (Path(name).name or "upload")
            path.write_bytes(content)
        except OSError as problem:
            raise StorageFailed(
                f"{name} could not be kept in {self._root} ({problem.strerror}); free space, or give its path on "
                "the server instead"
            ) from problem
        return path

    def drop(self, path: Path) -> None:
        """Remove an upload; other paths are left alone."""
        if path.parent.parent == self._root:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _sweep(self) -> None:
        for folder in self._root.iterdir():
            if folder.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
