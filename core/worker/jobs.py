"""From a claimed run to the job its process gets."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.approval import approval_hash
from core.artifacts import LOG, Artifacts
from core.errors import VirtualMLEError
from core.records import Dataset, Run, Study, Trial
from core.settings import Settings
from core.store import Store
from core.worker.reuse import weights_from

MOST_SCORES = 10_000_000_000  # of an epoch's evaluation: about a minute on a core
FEWEST_USERS = 5_000


class CannotStart(VirtualMLEError):
    """A run that cannot be given to a process; the run fails with this text, nothing else stops."""


class DatasetGone(CannotStart):
    """No run of the study can be started, so that going on would only spend its budget; the study is paused."""


def prepare(store: Store, settings: Settings, run: Run) -> dict[str, Any]:
    """The job of a claimed run, its folder made and its log opened. Raises CannotStart, StorageFailed."""
    study, trial = store.studies.get(run.study_id), store.trials.get(run.trial_id)
    check_approval(store, study, trial, run)
    artifacts, dataset = Artifacts(settings.artifacts), store.datasets.get(study.dataset_id)
    folder = artifacts.run(trial, run.seed)
    job = {
        "backbone": study.backbone,
        "params": dict(trial.params),
        "seed": run.seed,
        "open_dir": str(open_folder(settings, dataset)),
        "run_dir": str(folder),
        "device": settings.device,
        "threads": threads_per_run(settings.concurrency),
        "masking": study.masking,
        "objective": study.objective,
        "max_epochs": study.max_epochs,
        "log_path": str(folder / LOG),
        "sample_users": sample_users(dataset),
        "weights_from": weights_from(store, artifacts, study, trial, run),
    }
    _open_log(folder, run, store.runs.clock.now())
    return job


def check_approval(store: Store, study: Study, trial: Trial, run: Run) -> None:
    """What runs is what was approved, to the last field. Raises CannotStart."""
    hash_ = approval_hash(trial.params, trial.seeds, trial.space_version, trial.stamp)
    decided = {decision.approval_hash for decision in store.trials.decisions(trial.id)}
    if hash_ != trial.approval_hash or hash_ not in decided or run.seed not in trial.seeds:
        raise CannotStart(
            f"trial {trial.number} with seed {run.seed} (hash {hash_}) is not what was approved "
            f"({', '.join(sorted(decided)) or 'no decision'}); the database was changed by hand: clone the trial"
        )
    if trial.stamp != study.stamp:
        raise CannotStart(f"trial {trial.number} has the stamp {trial.stamp}, its study {study.stamp}; clone the trial")


def open_folder(settings: Settings, dataset: Dataset) -> Path:
    """The part of a dataset that a training process may see. Raises DatasetGone."""
    folder = settings.dataset(dataset.folder) / "open"
    if not folder.is_dir():
        raise DatasetGone(
            f"the folder {folder} of dataset {dataset.name!r} is gone; import the same file again "
            f"(python -m core import FILE --name {dataset.name}), then retry the run"
        )
    return folder


def sample_users(dataset: Dataset) -> int | None:
    """How many users, always the same, are ranked after an epoch of very large data; None for all. The final value
    is of all users whatever this says."""
    counts = dataset.card.get("counts", {})
    users, items = int(counts.get("validation_targets", 0)), int(counts.get("items", 0))
    if users * items <= MOST_SCORES:
        return None
    most = max(MOST_SCORES // items, FEWEST_USERS)
    return most if most < users else None


def cores() -> int:
    """CPU cores this process may use, by affinity and by the container's quota."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(usable, int(quota) // int(period)))
    except (OSError, ValueError):  # no control groups here, or no limit ("max")
        return usable


def threads_per_run(runs_at_once: int) -> int:
    """Cores / runs: more threads than cores make spinning barriers ten times slower."""
    return max(1, cores() // runs_at_once)


def _open_log(folder: Path, run: Run, now: float) -> None:
    at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / LOG, "a", encoding="utf-8") as log:
            log.write(f"--- attempt {run.attempt} of run {run.id}, {run.worker}, {at}\n")
    except OSError as problem:
        raise CannotStart(
            f"{folder} cannot be written ({problem.strerror}); free space or allow writing there, then retry the run"
        ) from problem
