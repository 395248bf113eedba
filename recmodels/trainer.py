"""The process of one run: `python -m recmodels.trainer` says `ready`, takes one job, streams events, exits.

Job and events are JSON lines on standard input and output. A job has `backbone`, `params`, `seed`, `open_dir`,
`run_dir`, `masking`, `objective`, `max_epochs`, and perhaps `device`, `threads`, `log_path`, `sample_users` (so many
are ranked after an epoch; all are at the end) and `weights_from` (`weights`, `epochs`, `best_epoch` and `name` of a run
that differs in its priors alone: then nothing is trained). Events: `ready`, `started`, `epoch` (those of an earlier
attempt are told again), then one of `complete`, `stopped`, `failed`.
`{"command": "stop"}` ends it between two batches; closing its standard input ends it at once.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # before torch: spinning threads of several runs starve each other

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from recmodels.backbones.layers import SequenceModel
from recmodels.data import TrainingData
from recmodels.device import choose_device, peak_mib, prepare_process
from recmodels.errors import CorruptCheckpoint, InvalidJob, InvalidParams, RecModelsError, TrainingDiverged
from recmodels.lines import Lines, field, log, serve
from recmodels.priors.prior_config import PriorConfig
from recmodels.ranking.evaluation import ModelScorer, check_masking
from recmodels.ranking.finished import judge, model_scorer
from recmodels.ranking.sampling import sample
from recmodels.registry import get_backbone
from recmodels.seal import forbid_sealed
from recmodels.training.checkpoint import (
    Checkpoint,
    Saved,
    load_checkpoint,
    load_saved,
    save_checkpoint,
    save_model,
    save_ranks,
)
from recmodels.training.fit import Training

CHECKPOINT, BEST, RANKS = "checkpoint.safetensors", "best.safetensors", "ranks.npy"


class Run:
    """One job. Leaves in `run_dir` the ranks of the best epoch so far (of all users only), the checkpoint, and
    at the end the best weights; each is on the disk before the event that tells of it."""

    def __init__(self, lines: Lines, job: Mapping[str, Any]) -> None:
        self.lines, self.epoch = lines, 0
        self.run_dir, self.open_dir = Path(field(job, "run_dir")), Path(field(job, "open_dir"))
        self.max_epochs, self.masking = _whole(job, "max_epochs", 1), str(field(job, "masking"))
        check_masking(self.masking)
        self.device = choose_device(str(job.get("device", "auto")), job.get("threads"))
        self.backbone, self.seed = get_backbone(str(field(job, "backbone"))), _whole(job, "seed", 0)
        self.params = self.backbone.complete(field(job, "params"))
        self.objective = str(field(job, "objective"))
        self.sample_users = _whole(job, "sample_users", 1) if job.get("sample_users") else None
        self.weights_from: Mapping[str, Any] | None = job.get("weights_from")

    def execute(self) -> None:
        checkpoint, note = self._previous()
        if checkpoint is not None and checkpoint.complete is not None:
            self._started(checkpoint.epoch, int(checkpoint.complete["parameters"]), note)
            self._replay(checkpoint.history)
            self.lines.emit("complete", **checkpoint.complete)
            return
        data = TrainingData.load(self.open_dir)
        if checkpoint is None and self.weights_from is not None:
            saved, told = self._taken_over(self.weights_from)
            note = f"{note}; {told}" if note else told
            if saved is not None:
                self._judge_again(data, saved, self.weights_from, note)
                return
        self._train(data, checkpoint, note)

    def _train(self, data: TrainingData, checkpoint: Checkpoint | None, note: str | None) -> None:
        watched, note = self._watched(data, note)
        training, note = self._training(watched, checkpoint, note)
        self._started(training.epoch, _size(training.model), note)
        self._replay(training.history)
        while training.epoch < self.max_epochs and not training.is_exhausted:
            self._run_epoch(training)
        training.load_best()
        self._finish(data, ModelScorer(training.model, training.max_len, self.device), training.checkpoint())

    def _watched(self, data: TrainingData, note: str | None) -> tuple[TrainingData, str | None]:
        """The data with the validation users that are ranked after an epoch, and what to say of it."""
        users = len(data.validation.users)
        if self.sample_users is None or self.sample_users >= users:
            return data, note
        told = f"after an epoch {self.sample_users:,} of {users:,} users are ranked, at the end all"
        watched = replace(data, validation=sample(data.validation, self.sample_users))
        return watched, f"{note}; {told}" if note else told

    def _taken_over(self, source: Mapping[str, Any]) -> tuple[Saved | None, str]:
        """The weights of a run that differs in its priors alone, or None, and what to say of it."""
        name, path = field(source, "name"), Path(field(source, "weights"))
        try:
            saved = load_saved(path)
            if (saved.backbone, self._trained(saved.params)) != (self.backbone.name, self._trained(self.params)):
                raise CorruptCheckpoint(f"{path} differs in more than its priors")
        except CorruptCheckpoint as error:
            return None, f"the weights of {name} cannot be used, so the run trains its own: {error}"
        return saved, f"the weights are those of {name}, which differs in its priors alone: nothing was trained"

    def _trained(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The params that shape the weights."""
        ignored = {each.name for each in fields(PriorConfig)}
        return {name: value for name, value in self.backbone.complete(params).items() if name not in ignored}

    def _judge_again(self, data: TrainingData, saved: Saved, source: Mapping[str, Any], note: str) -> None:
        epoch, best_epoch = _whole(source, "epochs", 1), _whole(source, "best_epoch", 1)
        self._started(0, _size(saved.model), note)
        state = Checkpoint(self.backbone.name, self.params, self.seed, epoch, best_epoch, [])
        self._finish(data, model_scorer(saved, data.num_items, self.device), state)

    def _previous(self) -> tuple[Checkpoint | None, str | None]:
        path = self.run_dir / CHECKPOINT
        if not path.exists():
            return None, None
        try:
            checkpoint = load_checkpoint(path)
            own = (self.backbone.name, self.params, self.seed)
            if (checkpoint.backbone, self.backbone.complete(checkpoint.params), checkpoint.seed) != own:
                raise CorruptCheckpoint(f"{path} belongs to another configuration or seed")
        except (CorruptCheckpoint, InvalidParams) as error:
            return None, self._set_aside(error)
        return checkpoint, None

    def _training(
        self, data: TrainingData, checkpoint: Checkpoint | None, note: str | None
    ) -> tuple[Training, str | None]:
        def fresh() -> Training:
            return Training(
                data, self.backbone, self.params, self.seed, self.device, self.masking, self.objective, self.max_epochs
            )

        training = fresh()
        if checkpoint is not None:
            try:
                training.resume(checkpoint)
            except CorruptCheckpoint as error:
                return fresh(), self._set_aside(error)
        return training, note

    def _set_aside(self, error: RecModelsError) -> str:
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
        if result.is_best and self.sample_users is None:
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

    def _finish(self, data: TrainingData, model: ModelScorer, state: Checkpoint) -> None:
        """Judges the best weights on all users, for what is not worth computing every epoch, and chooses priors."""
        began, priors = time.perf_counter(), self.backbone.prior_config(self.params)
        try:
            judged = judge(model, priors, data, self.masking, self.objective, self.lines.check_stop)
        except FloatingPointError as error:
            raise TrainingDiverged(state.best_epoch, f"{error}; try a lower lr") from error
        self._log_priors(judged.report)
        save_ranks(self.run_dir / RANKS, judged.ranking.ranks)
        weights = dict(model.model.state_dict())
        save_model(self.run_dir / BEST, weights, self.backbone.name, self.params, data.num_items, judged.priors)
        report = {
            "best_epoch": state.best_epoch,
            "epochs": state.epoch,
            **judged.report,
            "parameters": _size(model.model),
            "seconds": round(time.perf_counter() - began, 3),
        }
        save_checkpoint(self.run_dir / CHECKPOINT, replace(state, model={}, best={}, optimizer={}, complete=report))
        self.lines.emit("complete", **report)

    def _log_priors(self, report: Mapping[str, Any]) -> None:
        if "priors" in report:
            before, after = (report[name][self.objective] for name in ("without_priors", "metrics"))
            chosen = ", ".join(f"{kind} {strength:g}" for kind, strength in report["priors"].items())
            log(f"priors ({chosen}): {self.objective} {before:.4f} without, {after:.4f} with, cross-fitted")


def _size(model: SequenceModel) -> int:
    return sum(weights.numel() for weights in model.parameters())


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
