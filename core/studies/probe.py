"""How long a run will take: the trainer's own process on the dataset for two epochs, remembered beside the dataset."""

import contextlib
import json
import math
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import StorageFailed, VirtualMLEError
from core.loop.closing import FRESH_SEEDS
from core.records import Dataset
from core.settings import Settings
from core.space import SearchSpace
from core.studies.forecast import TYPICAL_SHARE
from core.studies.starting import BASELINE_SEEDS
from core.worker.jobs import cores, open_folder, threads_per_run
from core.worker.processes import TRAINER, TrainerProcess, how_it_ended, training_environment
from core.worker.protocols import Message

EPOCHS = 2  # the first one warms up, the second one counts
ONE_IS_ENOUGH = 20.0  # seconds: after so long a first epoch warming up no longer matters
LIMIT_SECONDS = 180.0
FOLDER = ".probe-"
LEFT_OVER = 86_400.0  # seconds after which a folder of a killed probe is swept away


class ProbeFailed(VirtualMLEError):
    """The measurement gave no figure; says why."""


@dataclass(frozen=True)
class Timing:
    """Of one run with the default config. `overhead_seconds`: reading the data, the last evaluation, writing.

    `is_at_least`: not even one epoch ended within the limit, so everything takes longer than computed. `was_busy`:
    other programs wanted the machine too, so it may go faster.
    """

    epoch_seconds: float
    overhead_seconds: float
    parameters: int
    peak_mib: float
    device: str
    measured_at: float
    is_at_least: bool = False
    was_busy: bool = False


@dataclass(frozen=True)
class Seconds:
    """From the start of a study, of training alone; the time people take to decide comes on top."""

    baseline: float
    verdict: float
    study: float


@dataclass(frozen=True)
class Outlook:
    """`likely` if runs stop early as they usually do, `most` if none does."""

    likely: Seconds
    most: Seconds
    is_at_least: bool


def outlook(
    timing: Timing, backbone: str, trials: int, epochs: int, runs_at_once: int, has_production: bool = False
) -> Outlook:
    """When the baseline's seeds have ended, when the first trial is judged against it, when all is done."""
    patience = int(SearchSpace.of(backbone).baseline()["early_stop_patience"])
    typical = min(epochs, max(patience + 1, round(epochs * TYPICAL_SHARE)))
    first = BASELINE_SEEDS * (2 if has_production else 1)
    whole = first + max(trials - 1, 0) + 2 * FRESH_SEEDS

    def seconds(runs: int, of_epochs: int) -> float:
        return math.ceil(runs / runs_at_once) * (timing.overhead_seconds + of_epochs * timing.epoch_seconds)

    likely, most = (
        Seconds(seconds(first, each), seconds(first + 1, each), seconds(whole, each)) for each in (typical, epochs)
    )
    return Outlook(likely, most, timing.is_at_least)


def known(settings: Settings, dataset: Dataset, backbone: str) -> Timing | None:
    """What was measured on this machine, device and number of threads; None before."""
    found = _read(_file(settings, dataset)).get(_key(settings, backbone))
    if not isinstance(found, dict) or {field.name for field in fields(Timing)} - found.keys():
        return None
    return Timing(**{field.name: found[field.name] for field in fields(Timing)})


def remember(settings: Settings, dataset: Dataset, backbone: str, timing: Timing) -> None:
    """Write it beside the dataset's folder, which itself never changes. Raises StorageFailed."""
    file = _file(settings, dataset)
    timings = {**_read(file), _key(settings, backbone): asdict(timing)}
    sibling = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        sibling.write_text(json.dumps(timings, indent=1), encoding="utf-8")
        os.replace(sibling, file)
    except OSError as problem:
        raise StorageFailed(f"{file} cannot be written ({problem.strerror}); free space or allow writing") from problem


def measure(
    settings: Settings,
    dataset: Dataset,
    backbone: str,
    tell: Callable[[str, float], None] = lambda stage, share: None,
    is_stopping: Callable[[], bool] = lambda: False,
    limit: float = LIMIT_SECONDS,
    module: str = TRAINER,
) -> Timing | None:
    """Train the default config for up to two epochs in a process of its own, and remember how long it took.

    None when stopped. Leaves nothing behind but the figure. Raises ProbeFailed, CannotStart, StorageFailed.
    """
    open_dir = open_folder(settings, dataset)
    with _folder(settings) as folder:
        job = {
            "backbone": backbone,
            "params": SearchSpace.of(backbone).baseline(),
            "seed": 1,
            "open_dir": str(open_dir),
            "run_dir": str(folder),
            "device": settings.device,
            "threads": threads_per_run(settings.concurrency),
            "masking": dataset.card["masking"],
            "objective": "ndcg@10",
            "max_epochs": EPOCHS,
            "log_path": str(folder / "probe.log"),
        }
        process = TrainerProcess(module, training_environment(settings, settings.concurrency))
        try:
            process.give(job)
            timing = _watch(process, tell, is_stopping, limit)
        finally:
            process.kill()
    if timing is not None:
        remember(settings, dataset, backbone, timing)
    return timing


def _watch(
    process: TrainerProcess, tell: Callable[[str, float], None], is_stopping: Callable[[], bool], limit: float
) -> Timing | None:
    seen = _Seen(time.monotonic(), limit)
    tell("starting the trainer", 0.05)
    while not is_stopping():
        message = process.wait(0.1)
        if message is not None:
            seen.add(message)
            tell(f"epoch {min(len(seen.epochs) + 1, EPOCHS)} of {EPOCHS}", 0.2 + 0.35 * len(seen.epochs))
        elif not process.is_alive and not seen.is_enough:
            raise ProbeFailed(f"no time could be measured: {how_it_ended(process.exit_code)}")
        if seen.is_enough:
            return seen.timing()
    return None


class _Seen:
    """What the trainer has said so far, with the times of it."""

    def __init__(self, now: float, limit: float) -> None:
        self.began, self.until = now, now + limit
        self.was_busy = os.getloadavg()[0] > cores()
        self.started: Message = {}
        self.epochs: list[Message] = []
        self.ended: float | None = None

    def add(self, message: Message) -> None:
        match message["event"]:
            case "ready":
                self.began = time.monotonic()  # a worker's spare has imported torch beforehand
            case "started":
                self.started = message
            case "epoch":
                self.epochs.append(message)
            case "complete":
                self.ended = time.monotonic()
            case "failed":
                raise ProbeFailed(f"no time could be measured: {message['cause']}")

    @property
    def is_enough(self) -> bool:
        first = self.epochs[0]["seconds"] if self.epochs else 0.0
        return self.ended is not None or first > ONE_IS_ENOUGH or time.monotonic() > self.until

    def timing(self) -> Timing:
        now = self.ended or time.monotonic()
        trained = sum(float(epoch["seconds"]) for epoch in self.epochs)
        return Timing(
            epoch_seconds=float(self.epochs[-1]["seconds"]) if self.epochs else now - self.began,
            overhead_seconds=max(now - self.began - trained, 0.0) if self.epochs else 0.0,
            parameters=int(self.started.get("parameters", 0)),
            peak_mib=max((float(epoch.get("peak_mib") or 0.0) for epoch in self.epochs), default=0.0),
            device=str(self.started.get("device", "")),
            measured_at=time.time(),
            is_at_least=not self.epochs,
            was_busy=self.was_busy,
        )


@contextlib.contextmanager
def _folder(settings: Settings) -> Any:
    """A run folder on the disk of the runs, gone afterwards; sweeps what killed probes left."""
    try:
        settings.artifacts.mkdir(parents=True, exist_ok=True)
        for old in settings.artifacts.glob(f"{FOLDER}*"):
            if old.stat().st_mtime < time.time() - LEFT_OVER:
                shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=settings.artifacts))
    except OSError as problem:
        raise StorageFailed(f"{settings.artifacts} cannot be written ({problem.strerror}); free space") from problem
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _file(settings: Settings, dataset: Dataset) -> Path:
    return settings.datasets / f"{dataset.id}.timing.json"


def _key(settings: Settings, backbone: str) -> str:
    threads = threads_per_run(settings.concurrency)
    return f"{backbone} on {socket.gethostname()}, {settings.device}, {threads} threads"


def _read(file: Path) -> dict[str, Any]:
    try:
        timings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return timings if isinstance(timings, dict) else {}
