"""The best model of a study as a folder that recommends without this program's database, with a card that says what it
is, on what its figures rest, and how to load it."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.artifacts import WEIGHTS, Artifacts
from core.errors import InvalidInput, StorageFailed
from core.figures import metric, objective_words
from core.models.seeds import Seeds
from core.models.using import RunOnce, asked
from core.records import Dataset, Run, Study, Trial
from core.settings import Settings
from core.store import Store

README, CONFIG, LOADER = "README.md", "config.json", "load.py"
METRICS = tuple(f"{name}@{k}" for name in ("ndcg", "recall", "mrr") for k in (5, 10, 20))

LOAD = """import sys
from pathlib import Path

from recmodels.ranking.bundle import Bundle

bundle = Bundle.load(Path(__file__).parent)
history = sys.argv[1:]  # raw item ids, oldest first
for place, each in enumerate(bundle.recommend(history, k=10), 1):
    print(place, each.item, each.title or "", f"{each.score:.4f}", sep="\\t")
"""


def export_model(
    run_once: RunOnce, store: Store, settings: Settings, study: Study, trial: Trial, run: Run, folder: Path
) -> None:
    """Writes weights, config, items, priors, the card and the loader. Raises InvalidInput for a folder of something
    else, StorageFailed."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / CONFIG).is_file())):
        raise InvalidInput(f"--model {folder}: there is something else already; name a new folder")
    dataset = store.datasets.get(study.dataset_id)
    job = {
        "kind": "export",
        "weights": str(Artifacts(settings.artifacts).run(trial, run.seed) / WEIGHTS),
        "open_dir": str(settings.dataset(dataset.folder) / "open"),
        "out_dir": str(folder.absolute()),
        "masking": study.masking,
    }
    asked(run_once, job, "complete")
    try:
        (folder / LOADER).write_text(LOAD, encoding="utf-8")
        (folder / README).write_text(model_card(store, study, dataset, trial, run, _versions(folder)), encoding="utf-8")
    except OSError as problem:
        raise StorageFailed(f"{folder} cannot be written ({problem.strerror}); give another folder") from problem


def export_archive(run_once: RunOnce, store: Store, settings: Settings, study: Study, trial: Trial, run: Run) -> Path:
    """The same folder as one zip file in the home's cache. Raises StorageFailed."""
    name = f"study-{study.id}-trial-{trial.number}-seed-{run.seed}"
    exports = settings.cache / "exports"
    try:
        exports.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=exports) as folder:
            export_model(run_once, store, settings, study, trial, run, Path(folder) / name)
            whole = Path(shutil.make_archive(str(Path(folder) / "whole"), "zip", folder, name))
            return whole.replace(exports / f"{name}.zip")
    except OSError as problem:
        raise StorageFailed(f"{exports} cannot be written ({problem.strerror}); free space on that disk") from problem


def _versions(folder: Path) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["versions"]
    return found


def model_card(
    store: Store, study: Study, dataset: Dataset, trial: Trial, run: Run, versions: Mapping[str, str]
) -> str:
    """The card, in Markdown."""
    seeds = Seeds.of(store, trial)
    return "\n".join(
        [
            f"# {study.backbone} for {dataset.name}",
            "",
            f"Trial {trial.number} of study {study.name}: {seeds.place(run)}, {run.best_epoch} epochs.",
            "",
            *_dataset(dataset),
            *_validation(study, trial, run, seeds),
            *_test(store, study, trial),
            "## Load it",
            "",
            f"It needs the package `recmodels` {versions['recmodels']}, and no database. `pip install DIR`, where DIR "
            "is the folder of VirtualMLE's source, installs it with torch, numpy, pandas, pyarrow and safetensors.",
            "Written with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
            f"Then `{LOADER}` in this folder (`python {LOADER} ITEM ITEM ...`):",
            "",
            f"```python\n{LOAD}```",
            "",
            "## Config",
            "",
            f"```json\n{json.dumps(dict(trial.params), indent=1)}\n```",
            "",
        ]
    )


def _dataset(dataset: Dataset) -> Iterator[str]:
    counts = dataset.card.get("counts", {})
    yield from ("## Data", "")
    yield f"{dataset.name}, version `{dataset.id}`: " + ", ".join(
        f"{counts[name]:,} {name}" for name in ("users", "items", "interactions") if name in counts
    )
    if dataset.card.get("synthetic"):
        yield "The data are synthetic."
    yield "Histories of items outside `items.parquet` cannot be read.\n"


def _validation(study: Study, trial: Trial, run: Run, seeds: Seeds) -> Iterator[str]:
    yield from ("## Validation", "", f"Protocol `{trial.stamp}`; {seeds.words(study.objective)}:", "")
    yield from _table({name: seeds.written(name) for name in METRICS if seeds.mean(name) is not None})
    if len((*seeds.counted, *seeds.fresh)) > 1:
        yield f"The weights in this folder are of {seeds.place(run)}; alone it has these figures:\n"
        yield from _table(_written(run.metrics))
    told = [(name, run.metrics[name]) for name in ("coverage@10", "popularity@10") if name in run.metrics]
    if told:
        yield "; ".join(f"{name} {value:.4g}" for name, value in told) + "\n"
    if priors := run.metrics.get("priors"):
        strengths = ", ".join(f"{kind} {strength:g}" for kind, strength in priors.items())
        alone = run.metrics.get("without_priors", {}).get(study.objective)
        yield f"Priors add to the scores: {strengths}, chosen on validation; this seed's figures are cross-fitted. "
        yield f"Without them {objective_words(study.objective)} is {metric(alone)}.\n"


def _test(store: Store, study: Study, trial: Trial) -> Iterator[str]:
    yield from ("## Test", "")
    reveal = store.reveals.of_study(study.id)
    result = (reveal.result if reveal else None) or {}
    line: dict[str, Any] | None = next((x for x in result.get("lines", ()) if x["trial"] == trial.number), None)
    if line is None:
        yield "Not opened for this config.\n"
        return
    yield f"Protocol `{result['stamp']}`, look {result['look']} at this data's test; mean of {line['seeds']} seeds:\n"
    yield from _table(_written(line["metrics"]))


def _written(metrics: Mapping[str, Any]) -> dict[str, str]:
    return {name: metric(metrics[name]) for name in METRICS if isinstance(metrics.get(name), int | float)}


def _table(shown: Mapping[str, str]) -> Iterator[str]:
    yield "| " + " | ".join(shown) + " |"
    yield "|" + "---|" * len(shown)
    yield "| " + " | ".join(shown.values()) + " |\n"
