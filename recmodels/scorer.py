"""The process that scores finished models: `python -m recmodels.scorer` says `ready`, takes one job, streams events,
exits. The only process of this package that may be handed test targets.

Kinds of job, each a JSON line with `open_dir` and perhaps `device`, `threads`, `log_path`:
- `score`: ranks of each of `models` ([{"name", "weights"}], with "fitted": "train+val" for a refit) and `references`
  (names) under `masking`, written to `out_dir`/NAME.npy; of the test with `targets` (a Parquet file of user, item), of
  validation without.
- `refit`: trains on training plus validation rows for `epochs` with `seed`; weights to `out_dir`/best.safetensors,
  with the priors' strengths chosen for `strengths_of`, the weights of a run of these params.
- `recommend`: the best `k` items after `history` (item ids, with their `times` in epoch seconds where they are known)
  by `weights` under `masking`.
- `recommend_all`: the best `k` items of every user, to the Parquet file `out`.
- `export`: all that `recmodels.ranking.bundle` needs to recommend by `weights` without the dataset, to the folder
  `out_dir`.

Priors count what the weights were fitted on: the training part, for a refit validation's too. The recommendations
count both: all that is known until today.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # before torch: spinning threads of several processes starve each other

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from recmodels.data import Histories, TrainingData
from recmodels.device import choose_device, prepare_process
from recmodels.errors import InvalidJob
from recmodels.lines import Lines, field, serve
from recmodels.ranking.bundle import write_bundle
from recmodels.ranking.evaluation import Scorer, rank
from recmodels.ranking.finished import finished_scorer
from recmodels.ranking.metrics import summary
from recmodels.ranking.recommending import best_items, history_of, write_recommendations
from recmodels.ranking.references import reference
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import load_saved, save_model, save_ranks
from recmodels.training.learner import Learner


def score(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, masking, out_dir = _data(job), field(job, "masking"), Path(field(job, "out_dir"))
    cases = data.test_cases(Path(job["targets"])) if job.get("targets") else data.validation
    for name, scorer, fitted_on in _scorers(job, data, device):
        ranking = rank(scorer, cases, data.popularity, masking, device=fitted_on, top=10, between=lines.check_stop)
        save_ranks(out_dir / f"{name}.npy", ranking.ranks)
        report = {"metrics": summary(ranking.ranks), "coverage@10": ranking.coverage(data.num_items)}
        lines.emit("scored", name=name, users=len(cases.users), **report)
    lines.emit("complete")


def _scorers(
    job: Mapping[str, Any], data: TrainingData, device: torch.device
) -> Iterator[tuple[str, Scorer, torch.device]]:
    users = None if job.get("targets") else data.validation.users
    for entry in job.get("models", ()):
        saved, known = load_saved(Path(field(entry, "weights"))), _fitted_on(entry, data, of_test=users is None)
        yield (
            field(entry, "name"),
            finished_scorer(saved, known, data.num_items, device, field(job, "masking"), users),
            device,
        )
    for name in job.get("references", ()):
        yield name, reference(name, data.train, data.num_items), torch.device("cpu")


def _fitted_on(entry: Mapping[str, Any], data: TrainingData, of_test: bool) -> Histories:
    """What the model's priors may count. Raises InvalidJob."""
    fitted = entry.get("fitted", "train")
    if fitted == "train":
        return data.train
    if fitted != "train+val" or not of_test:
        raise InvalidJob(f"fitted={fitted!r} is neither train nor, for the test alone, train+val")
    return data.train_and_validation


def _data(job: Mapping[str, Any]) -> TrainingData:
    return TrainingData.load(Path(field(job, "open_dir")))


def _scorer(job: Mapping[str, Any], data: TrainingData, device: torch.device) -> Scorer:
    """The model of the job with all that is known until today."""
    saved = load_saved(Path(field(job, "weights")))
    return finished_scorer(saved, data.train_and_validation, data.num_items, device, str(field(job, "masking")))


def refit(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, backbone, epochs = _data(job), get_backbone(field(job, "backbone")), int(field(job, "epochs"))
    histories, params, seed = data.train_and_validation, field(job, "params"), field(job, "seed")
    priors = load_saved(Path(job["strengths_of"])).priors if job.get("strengths_of") else None
    if backbone.prior_config(params).kinds and priors is None:
        raise InvalidJob("the params name priors; give strengths_of, the weights of a complete run of these params")
    planned = {"max_epochs": int(job["max_epochs"])} if job.get("max_epochs") else {}  # what the schedule spans
    learner = Learner(histories, data.num_items, backbone, params, seed, device, **planned)
    for epoch in range(1, epochs + 1):
        lines.emit("epoch", epoch=epoch, train_loss=learner.train_epoch(epoch, lines.check_stop))
    path = Path(field(job, "out_dir")) / "best.safetensors"
    save_model(path, dict(learner.model.state_dict()), backbone.name, learner.params, data.num_items, priors)
    lines.emit("complete", weights=str(path))


def recommend(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, masking, k = _data(job), str(field(job, "masking")), int(field(job, "k"))
    gap = data.train_and_validation.median_gap
    history = history_of(field(job, "history"), data.num_items, gap, job.get("times"))
    items, scores = best_items(_scorer(job, data, device), history, data.num_items, masking, k, device)
    kept = items[0] > 0
    lines.emit("recommended", items=items[0][kept].tolist(), scores=scores[0][kept].tolist())


def recommend_all(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, out, masking = _data(job), Path(field(job, "out")), str(field(job, "masking"))
    scorer, histories, k = _scorer(job, data, device), data.train_and_validation, int(field(job, "k"))
    open_dir = Path(field(job, "open_dir"))
    users = write_recommendations(out, scorer, histories, open_dir, masking, k, device, lines.check_stop)
    lines.emit("complete", users=users)


def export(lines: Lines, job: Mapping[str, Any], device: torch.device) -> None:
    data, masking = _data(job), str(field(job, "masking"))
    saved, open_dir = load_saved(Path(field(job, "weights"))), Path(field(job, "open_dir"))
    write_bundle(Path(field(job, "out_dir")), saved, data, open_dir / "items.parquet", masking)
    lines.emit("complete")


KINDS = {"score": score, "refit": refit, "recommend": recommend, "recommend_all": recommend_all, "export": export}


def work(lines: Lines, job: dict[str, Any]) -> None:
    kind = field(job, "kind")
    if kind not in KINDS:
        raise InvalidJob(f"kind={kind!r} is none of {', '.join(KINDS)}")
    KINDS[kind](lines, job, choose_device(str(job.get("device", "auto")), job.get("threads")))


if __name__ == "__main__":
    prepare_process()
    raise SystemExit(serve(work))
