"""Where runs leave their files, and the per-user scores read from their ranks."""

from pathlib import Path

import numpy as np

from core.errors import StorageFailed
from core.records import Run, Trial
from recmodels.ranking.metrics import user_scores

RANKS = "ranks.npy"
WEIGHTS = "best.safetensors"
CHECKPOINT = "checkpoint.safetensors"
LOG = "run.log"


class Artifacts:
    """The folder of every run: `study-3/trial-2/seed-7` below the artifacts of the home."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def study(self, study_id: int) -> Path:
        """Folder of a study."""
        return self.root / f"study-{study_id}"

    def run(self, trial: Trial, seed: int) -> Path:
        """Folder of one seed of a trial."""
        return self.study(trial.study_id) / f"trial-{trial.number}" / f"seed-{seed}"

    def scores(self, trial: Trial, run: Run, metric: str) -> np.ndarray:
        """Per-user values of a metric on the run's best epoch, (U,). Raises StorageFailed."""
        path = self.run(trial, run.seed) / RANKS
        try:
            return user_scores(np.load(path, allow_pickle=False), metric)
        except (OSError, ValueError) as problem:
            raise StorageFailed(f"{path} cannot be read ({problem}); retry the run to write it again") from problem
