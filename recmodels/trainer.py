"""The process of one run: `python -m recmodels.trainer` says `ready`, takes one job, streams events, exits.

Job and events are JSON lines on standard input and output. A job has `backbone`, `params`, `seed`, `open_dir`,
`run_dir`, `masking`, `objective`, `max_epochs`, and perhaps `device`, `threads`, `log_path`. Events: `ready`,
`started`, `epoch` (those of an earlier attempt are told again), then one of `complete`, `stopped`, `failed`.
`{"command": "stop"}` ends it between two batches; closing its standard input ends it at once.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # before torch: spinning threads of several runs starve each other

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from recmodels.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, save_model, save_ranks
from recmodels.data import TrainingData
from recmodels.device import choose_device, peak_mib, prepare_process
from recmodels.errors import CorruptCheckpoint, InvalidJob
from recmodels.evaluation import check_masking, slices
from recmodels.lines import Lines, field, log, serve
from recmodels.metrics import summary
from recmodels.registry import get_backbone
from recmodels.seal import forbid_sealed
from recmodels.training import Training

CHECKPOINT, BEST, RANKS = "checkpoint.safetensors", "best.safetensors", "ranks.npy"


class Run:
    """One job. Leaves in `run_dir` the ranks of the best epoch so far, the checkpoint, and at the end the best
    weights; each is on the disk before the event that tells of it."""

    def __init__(self, lines: Lines, job: Mapping[str, Any]) -> None:
        self.lines, self.epoch = lines, 0
        self.run_dir, self.open_dir = Path(field(job, "run_dir")), Path(field(job, "open_dir"))
        self.max_epochs, self.masking = _whole(job, "max_epochs", 1), str(field(job, "masking"))
        check_masking(self.masking)
        self.device = choose_device(str(job.get("device", "auto")), job.get("threads"))
        self.backbone, self.seed = get_backbone(str(field(job, "backbone"))), _whole(job, "seed", 0)
        self.params = self.backbone.complete(field(job, "params"))
        self.objective = str(field(job, "objective"))

    def execute(self) -> None:
        checkpoint, note = self._previous()
        if checkpoint is not None and checkpoint.complete is not None:
            self._started(checkpoint.epoch, int(checkpoint.complete["parameters"]), note)
            self._replay(checkpoint.history)
            self.lines.emit("complete", **checkpoint.complete)
            return
        data = TrainingData.load(self.open_dir)
        training, note = self._training(data, checkpoint, note)
        self._started(training.epoch, sum(weights.numel() for weights in training.model.parameters()), note)
        self._replay(training.history)
        while training.epoch < self.max_epochs and not training.is_exhausted:
            self._run_epoch(training)
        self._finish(training)

    def _previous(self) -> tuple[Checkpoint | None, str | None]:
        path = self.run_dir / CHECKPOINT
        if not path.exists():
            return None, None
        try:
            checkpoint = load_checkpoint(path)
            if (checkpoint.backbone, checkpoint.params, checkpoint.seed) != (
                self.backbone.name,
                self.params,
                self.seed,
            ):
                raise CorruptCheckpoint(f"{path} belongs to another configuration or seed")
        except CorruptCheckpoint as error:
            return None, self._set_aside(error)
        return checkpoint, None

    def _training(
        self, data: TrainingData, checkpoint: Checkpoint | None, note: str | None
    ) -> tuple[Training, str | None]:
        def fresh() -> Training:
            return Training(data, self.backbone, self.params, self.seed, self.device, self.masking, self.objective)

        training = fresh()
        if checkpoint is not None:
            try:
                training.resume(checkpoint)
            except CorruptCheckpoint as error:
                return fresh(), self._set_aside(error)
        return training, note

    def _set_aside(self, error: CorruptCheckpoint) -> str:
        path = self.run_dir / CHECKPOINT
        aside = path.with_suffix(".corrupt")
        os.replace(path, aside)
        note = f"{error}; it was set aside as {aside.name} and the run starts from the first epoch"
        log(note)
        return note

    def _started(self, from_epoch: int, parameters: int, note: str | None) -> None:
        self.epoch = from_epoch
        extra = {"note": note} if note else {}
        self.lines.emit("started", from_epoch=from_epoch, parameters=parameters, device=str(self.device), **extra)

    def _replay(self, history: list[dict[str, Any]]) -> None:
        for record in history:
            self._emit_epoch(record)

    def _run_epoch(self, training: Training) -> None:
        result = training.run_epoch(self.lines.check_stop)
        if result.is_best:
            save_ranks(self.run_dir / RANKS, result.ranks)
        training.history[-1]["peak_mib"] = peak_mib(self.device)
        save_checkpoint(self.run_dir / CHECKPOINT, training.checkpoint())
        self.epoch = result.epoch
        self._emit_epoch(training.history[-1])

    def _emit_epoch(self, record: Mapping[str, Any]) -> None:
        self.lines.emit("epoch", **record)
        log(
            f"epoch {record['epoch']}: loss {record['train_loss']:.4f}, "
            f"{self.objective} {record['metrics'][self.objective]:.4f}, {record['seconds']:.1f} s"
        )

    def _finish(self, training: Training) -> None:
        """Evaluates the best weights once more, for what is not worth computing every epoch."""
        training.load_best()
        data, ranking = training.data, training.evaluate(training.best_epoch, top=10, between=self.lines.check_stop)
        save_ranks(self.run_dir / RANKS, ranking.ranks)
        save_model(self.run_dir / BEST, training.best, self.backbone.name, self.params, data.num_items)
        report = {
            "best_epoch": training.best_epoch,
            "epochs": training.epoch,
            "metrics": summary(ranking.ranks),
            "coverage@10": ranking.coverage(data.num_items),
            "slices": slices(ranking.ranks, data.validation, data.popularity),
            "parameters": sum(weights.numel() for weights in training.model.parameters()),
        }
        finished = replace(training.checkpoint(), model={}, best={}, optimizer={}, complete=report)
        save_checkpoint(self.run_dir / CHECKPOINT, finished)
        self.lines.emit("complete", **report)


def _whole(job: Mapping[str, Any], name: str, low: int) -> int:
    value = field(job, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InvalidJob(f"{name}={value!r} is no whole number of at least {low}")
    return value


def main() -> int:
    prepare_process()
    run: list[Run] = []

    def work(lines: Lines, job: dict[str, Any]) -> None:
        forbid_sealed(Path(field(job, "open_dir")))
        run.append(Run(lines, job))
        run[0].execute()

    return serve(work, lambda: run[0].epoch if run else 0)


if __name__ == "__main__":
    raise SystemExit(main())
