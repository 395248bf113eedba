"""The process that scores finished models: `python -m recmodels.scorer` says `ready`, takes one job, streams events,
exits. The only process of this package that may be handed test targets.

Kinds of job, each a JSON line with `open_dir` and perhaps `device`, `threads`, `log_path`:
- `score`: ranks of each of `models` ([{"name", "weights"}]) and `references` (names) under `masking`, written to
  `out_dir`/NAME.npy; of the test with `targets` (a Parquet file of user, item), of validation without.
- `refit`: trains on training plus validation rows for `epochs` with `seed`; weights to `out_dir`/best.safetensors.
- `recommend`: the best `k` items after `history` (item ids) by `weights` under `masking`.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # before torch: spinning threads of several processes starve each other

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recmodels.checkpoint import load_model, save_model, save_ranks
from recmodels.data import Histories, TrainingData
from recmodels.device import choose_device, prepare_process
from recmodels.errors import InvalidJob
from recmodels.evaluation import ModelScorer, Scorer, check_masking, rank
from recmodels.lines import Lines, field, serve
from recmodels.metrics import summary
from recmodels.references import reference
from recmodels.registry import get_backbone
from recmodels.training import Learner


def score(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, masking, out_dir = (
        TrainingData.load(Path(field(job, "open_dir"))),
        field(job, "masking"),
        field(job, "out_dir"),
    )
    cases = data.test_cases(Path(job["targets"])) if job.get("targets") else data.validation
    for name, scorer, fitted_on in _scorers(job, data, device):
        ranking = rank(scorer, cases, data.popularity, masking, device=fitted_on, top=10, between=lines.check_stop)
        save_ranks(Path(out_dir) / f"{name}.npy", ranking.ranks)
        report = {"metrics": summary(ranking.ranks), "coverage@10": ranking.coverage(data.num_items)}
        lines.emit("scored", name=name, users=len(cases.users), **report)
    lines.emit("complete")


def _scorers(
    job: Mapping[str, Any], data: TrainingData, device: torch.device
) -> Iterator[tuple[str, Scorer, torch.device]]:
    for entry in job.get("models", ()):
        yield field(entry, "name"), _model_scorer(Path(field(entry, "weights")), data.num_items, device), device
    for name in job.get("references", ()):
        yield name, reference(name, data.train, data.num_items), torch.device("cpu")


def _model_scorer(weights: Path, num_items: int, device: torch.device) -> ModelScorer:
    model, backbone, params = load_model(weights)
    if model.num_items != num_items:
        raise InvalidJob(
            f"{weights} knows {model.num_items} items, the dataset has {num_items}; take weights of this one"
        )
    max_len = int(get_backbone(backbone).complete(params)["max_len"])
    return ModelScorer(model.to(device), max_len, device)


def refit(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, backbone = TrainingData.load(Path(field(job, "open_dir"))), get_backbone(field(job, "backbone"))
    histories, seed = data.train_and_validation, field(job, "seed")
    learner = Learner(histories, data.num_items, backbone, field(job, "params"), seed, device)
    for epoch in range(1, int(field(job, "epochs")) + 1):
        lines.emit("epoch", epoch=epoch, train_loss=learner.train_epoch(epoch, lines.check_stop))
    path = Path(field(job, "out_dir")) / "best.safetensors"
    save_model(path, dict(learner.model.state_dict()), backbone.name, learner.params, data.num_items)
    lines.emit("complete", weights=str(path))


def recommend(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, history = TrainingData.load(Path(field(job, "open_dir"))), np.asarray(field(job, "history"), np.int64)
    if not len(history) or history.min() < 1 or history.max() > data.num_items:
        raise InvalidJob(f"history={history.tolist()} must be one or more item ids from 1 to {data.num_items}")
    scorer = _model_scorer(Path(field(job, "weights")), data.num_items, device)
    histories = Histories(history, np.ones(len(history), bool), np.array([0, len(history)]))
    items, scores = best_items(scorer, histories, str(field(job, "masking")), int(field(job, "k")))
    lines.emit("recommended", items=items, scores=scores)


def best_items(scorer: ModelScorer, histories: Histories, masking: str, k: int) -> tuple[list[int], list[float]]:
    """The best k candidates after one history, and their scores; fewer where the catalogue is smaller."""
    check_masking(masking)
    scores = torch.empty(1, scorer.model.num_items + 1, device=scorer.device)
    with torch.inference_mode():
        scorer.prepare(histories)(slice(0, 1), scores)
        scores[0, 0] = -torch.inf
        if masking == "seen":
            scores[0, torch.from_numpy(histories.items)] = -torch.inf
        values, items = scores[0].topk(min(k, scores.shape[1]))
    kept = values > -torch.inf
    return items[kept].tolist(), values[kept].tolist()


KINDS = {"score": score, "refit": refit, "recommend": recommend}


def work(lines: Lines, job: dict[str, Any]) -> None:
    kind = field(job, "kind")
    if kind not in KINDS:
        raise InvalidJob(f"kind={kind!r} is none of {', '.join(KINDS)}")
    KINDS[kind](lines, job, choose_device(str(job.get("device", "auto")), job.get("threads")))


if __name__ == "__main__":
    prepare_process()
    raise SystemExit(serve(work))
