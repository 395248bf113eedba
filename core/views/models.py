"""The Models page: the best trial of every study, and trying one of them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.artifacts import WEIGHTS
from core.data.sequences import Sequence, sequence, user_named
from core.errors import InvalidInput, NotFound
from core.figures import metric, objective_words
from core.models.export import export_archive
from core.models.seeds import Seeds
from core.models.using import Recommendation, best_run, recommend
from core.records import Dataset, Run, Study, Trial
from core.stamp import short
from core.store.listings import ModelLine
from core.worker.processes import run_once
from core.workspace import Workspace
from recmodels.registry import get_backbone

PAGE = 8
MOST = 50  # recommendations asked for at once
CUTS = (5, 10, 20)


@dataclass(frozen=True)
class Model:
    """A trial with the run whose weights are used, its data, and the mean of its seeds on validation; `missing` says
    why it cannot be used."""

    study: Study
    trial: Trial
    run: Run
    dataset: Dataset
    open_dir: Path
    title: str
    figures: tuple[tuple[str, str, str, str], ...]  # metric, at 5, at 10, at 20, each with the spread of the seeds
    seeds: str  # how many the figures are the mean of
    used: str  # which of them is tried and exported
    slices: tuple[tuple[str, float], ...]  # name, the objective on its users
    missing: str = ""


@dataclass(frozen=True)
class Tried:
    """What the model recommends after a history of raw item ids; `of` says whose history it is."""

    of: str
    history: tuple[tuple[str, str], ...]  # raw id, title
    items: tuple[Recommendation, ...]


def table_row(line: ModelLine) -> dict[str, object]:
    """A line of the list as the table shows it."""
    gain = None if line.value is None or not line.baseline else line.value / line.baseline - 1
    return {
        "study": line.study,
        "state": [line.state],
        "model": get_backbone(line.backbone).title,
        "dataset": line.dataset,
        "trial": line.number,
        "metric": f"validation {objective_words(line.objective)}",
        "value": line.value,
        "by": "○ estimate" if line.is_estimate else "baseline" if gain == 0 else "verdict",
        "over baseline": gain * 100 if gain else None,
        "protocol": short(line.stamp),
    }


def model(parts: Workspace, study: Study) -> Model:
    """The best model of a study. Raises NotFound when it has none yet."""
    trial, run, missing = _best(parts, study)
    dataset = parts.store.datasets.get(study.dataset_id)
    seeds, objective = Seeds.of(parts.store, trial), objective_words(study.objective)
    return Model(
        study=study,
        trial=trial,
        run=run,
        dataset=dataset,
        open_dir=parts.settings.dataset(dataset.folder) / "open",
        title=f"{get_backbone(study.backbone).title} on {dataset.name}",
        figures=tuple(_figures(seeds)),
        seeds=seeds.words(study.objective),
        used=f"{seeds.place(run)} ({objective} {metric(run.value)}), best epoch {run.best_epoch}",
        slices=seeds.slices(),
        missing=missing,
    )


def history_of_user(chosen: Model, raw: str | None, user: int = 0) -> Sequence:
    """All open events of a user, by the file's own id or by number: what the model may know of them.

    Raises NotFound, StorageFailed.
    """
    number = user_named(chosen.open_dir, raw) if raw else user
    return sequence(chosen.open_dir, number, ("train", "validation"), most=None)


def typed(text: str) -> tuple[str, ...]:
    """Raw item ids from what a person typed, joined by commas or lines. Raises InvalidInput when there are none."""
    ids = tuple(part.strip() for line in text.splitlines() for part in line.split(",") if part.strip())
    if not ids:
        raise InvalidInput("the history is empty; type item ids, oldest first, joined by commas, or find them by title")
    return ids


def try_model(parts: Workspace, chosen: Model, of: str, history: tuple[tuple[str, str], ...], k: int) -> Tried:
    """Ask the model in a process of its own, as `python -m core recommend` does. Raises InvalidInput, StorageFailed."""
    scorer = partial(run_once, settings=parts.settings)
    weights = parts.artifacts.run(chosen.trial, chosen.run.seed) / WEIGHTS
    ids = [raw for raw, _ in history]
    items = recommend(scorer, weights, chosen.open_dir.parent, chosen.study.masking, ids, min(k, MOST))
    return Tried(of, history, tuple(items))


def export(parts: Workspace, chosen: Model) -> Path:
    """The model as a zip file that recommends without this program's database. Raises StorageFailed."""
    scorer = partial(run_once, settings=parts.settings)
    return export_archive(scorer, parts.store, parts.settings, chosen.study, chosen.trial, chosen.run)


def _best(parts: Workspace, study: Study) -> tuple[Trial, Run, str]:
    """The run that can be used; where its weights are gone, the one with the best value and the reason."""
    try:
        return *best_run(parts.store, parts.artifacts, study), ""
    except NotFound as problem:
        trial_id = study.best_id
        runs = [run for run in parts.store.runs.of_trial(trial_id) if run.value is not None] if trial_id else []
        if trial_id is None or not runs:
            raise
        return parts.store.trials.get(trial_id), max(runs, key=lambda run: run.value or 0.0), str(problem)


def _figures(seeds: Seeds) -> list[tuple[str, str, str, str]]:
    rows = []
    for name in ("ndcg", "recall", "mrr"):
        at = [seeds.written(f"{name}@{k}") for k in CUTS]
        rows.append((objective_words(f"{name}@").rstrip("@"), at[0], at[1], at[2]))
    return rows
