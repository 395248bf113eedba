"""Using the best model of a study: what comes next after a history, or after that of every user."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from core.artifacts import WEIGHTS, Artifacts
from core.errors import InvalidInput, NotFound, StorageFailed
from core.records import Run, Study, Trial
from core.states import RunState
from core.store import Store

SCORER = "recmodels.scorer"


@dataclass(frozen=True)
class Recommendation:
    """One item with its score; higher is better, and only comparable within one answer."""

    item: int
    raw: str
    title: str | None
    score: float


RunOnce = Callable[[str, Mapping[str, Any]], Iterator[dict[str, Any]]]


def best_run(store: Store, artifacts: Artifacts, study: Study, number: int | None = None) -> tuple[Trial, Run]:
    """The best run of the trial of that number, else of the recommended (or current best) one, whose weights are
    there: its weights are used, its figures flatter (`core.models.seeds` has the trial's). Raises NotFound."""
    trial = _trial(store, study, number)
    runs = [run for run in store.runs.of_trial(trial.id) if run.state is RunState.COMPLETE and run.value is not None]
    kept = [run for run in runs if (artifacts.run(trial, run.seed) / WEIGHTS).exists()]
    if not kept:
        raise NotFound(f"the weights of trial {trial.number} are gone; run it again in a new study")
    return trial, max(kept, key=lambda run: run.value or 0.0)


def named_run(store: Store, artifacts: Artifacts, name: str) -> tuple[Study, Trial, Run]:
    """The run to use of a study, or of one trial of it by `STUDY/TRIAL`. Raises NotFound."""
    of_study, slash, number = name.rpartition("/")
    if slash and number.isdecimal():
        study = store.studies.get(of_study)
        return study, *best_run(store, artifacts, study, int(number))
    study = store.studies.get(name)
    return study, *best_run(store, artifacts, study)


def _trial(store: Store, study: Study, number: int | None) -> Trial:
    if number is not None:
        return store.trials.by_number(study.id, number)
    trial_id = study.best_id
    if trial_id is None:
        raise NotFound(f"study {study.id} has no best trial yet; wait for its baseline")
    return store.trials.get(trial_id)


def recommend(
    run_once: RunOnce,
    weights: Path,
    folder: Path,
    masking: str,
    history: Sequence[str],
    k: int = 10,
) -> list[Recommendation]:
    """The best k items after a history of raw item ids. Raises InvalidInput for unknown ids, StorageFailed."""
    table = _items(folder)
    ids = dict(zip(table["raw"], table["item"], strict=True))
    unknown = [raw for raw in history if raw not in ids]
    if unknown or not history:
        some = ", ".join(table["raw"].head(3))
        raise InvalidInput(f"unknown items in the history: {', '.join(unknown) or 'none given'}; ids look like {some}")
    job = {
        "kind": "recommend",
        "weights": str(weights),
        "open_dir": str(folder / "open"),
        "history": [int(ids[raw]) for raw in history],
        "k": k,
        "masking": masking,
    }
    answer, rows = asked(run_once, job, "recommended"), table.set_index("item")
    return [
        Recommendation(item, rows["raw"][item], _title(rows["title"][item]), score)
        for item, score in zip(answer["items"], answer["scores"], strict=True)
    ]


def recommend_to_all(run_once: RunOnce, weights: Path, folder: Path, masking: str, out: Path, k: int = 10) -> int:
    """Writes the best k items of every user to a Parquet file: user, rank, item, title, score, by raw ids. Returns how
    many users it holds. Raises InvalidInput for another kind of file, StorageFailed."""
    if out.suffix != ".parquet":
        raise InvalidInput(f"--all {out}: the name must end in .parquet")
    if not out.absolute().parent.is_dir():
        raise InvalidInput(f"--all {out}: the folder {out.absolute().parent} is not there; make it first")
    job = {
        "kind": "recommend_all",
        "weights": str(weights),
        "open_dir": str(folder / "open"),
        "out": str(out.absolute()),
        "k": k,
        "masking": masking,
    }
    return int(asked(run_once, job, "complete")["users"])


def asked(run_once: RunOnce, job: Mapping[str, Any], event: str) -> dict[str, Any]:
    """The scoring process's event of that name. Raises StorageFailed with its cause when there is none."""
    for message in run_once(SCORER, job):
        if message.get("event") == "failed":
            raise StorageFailed(str(message.get("cause")))
        if message.get("event") == event:
            return message
    raise StorageFailed("the scoring process ended without an answer; look at the worker's log")


def _items(folder: Path) -> pd.DataFrame:
    try:
        return pq.read_table(folder / "open" / "items.parquet").to_pandas()
    except (OSError, ValueError) as problem:
        raise StorageFailed(f"the dataset in {folder} cannot be read; import the same file again") from problem


def _title(value: Any) -> str | None:
    return value if isinstance(value, str) else None
