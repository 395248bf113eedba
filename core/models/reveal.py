"""Opening the sealed test: an act of a person, once per study, counted per lineage, scored in one go.

The baseline, the recommended trial, any production config and the reference lines are scored on the same users, with
paired intervals; the headline gain uses fresh seeds alone. A refit on training plus validation is labelled apart.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.artifacts import WEIGHTS, Artifacts
from core.errors import Conflict, VirtualMLEError
from core.records import Dataset, Reveal, Run, Study, Trial
from core.settings import Settings
from core.stamp import Protocol
from core.states import RunState, StudyState
from core.store import Store
from core.verdict import Comparison, compare, pool_seed_noise
from recmodels.ranking.metrics import METRICS, summary, user_scores

REFERENCES = ("popularity", "markov", "cooccurrence")
SCORER = "recmodels.scorer"
FITTED = "train+val"  # of a refit: what its weights were trained on and its priors count
RunOnce = Callable[[str, Mapping[str, Any]], Iterator[dict[str, Any]]]


class RevealFailed(VirtualMLEError):
    """The test could not be scored; nothing was shown, so it may be asked for again."""


@dataclass(frozen=True)
class Line:
    """One config or reference on the test: ranks of each of its seeds."""

    name: str
    label: str
    trial: Trial | None
    runs: tuple[Run, ...]
    ranks: tuple[np.ndarray, ...]

    def scores(self, metric: str, fresh: bool | None = None) -> list[np.ndarray]:
        """Per-user scores of each seed; of fresh seeds alone, of the others alone, or of all."""
        if not self.runs:
            return [user_scores(ranks, metric) for ranks in self.ranks]
        pairs = zip(self.runs, self.ranks, strict=True)
        return [user_scores(r, metric) for run, r in pairs if fresh is None or (run.purpose == "fresh") == fresh]


class Reveals:
    """Requests by people, performed by the worker."""

    def __init__(self, store: Store, artifacts: Artifacts, settings: Settings, run_once: RunOnce) -> None:
        self._store = store
        self._artifacts = artifacts
        self._settings = settings
        self._run_once = run_once

    def request(self, study: Study, actor: str, refit: bool = False) -> Reveal:
        """Ask for a finished study's one look. Raises Conflict while fresh seeds still run or when it was opened."""
        if study.state is not StudyState.FINISHED:
            raise Conflict(
                f"study {study.id} is {study.state}; its test opens when it is finished and the fresh seeds have run "
                f"(python -m core stop {study.id} ends it early)"
            )
        if not actor.strip():
            raise Conflict("a reveal is on the record: give your name")
        dataset = self._store.datasets.get(study.dataset_id)
        return self._store.reveals.request(study, dataset.lineage, actor, {"refit": refit})

    def perform(self, reveal: Reveal) -> None:
        """Score everything in one act and write it down, or write why it failed."""
        try:
            result = self._score(reveal, self._store.studies.get(reveal.study_id))
        except (VirtualMLEError, OSError, ValueError) as problem:
            self._store.reveals.finish(reveal, None, str(problem), "reveal")
        else:
            self._store.reveals.finish(reveal, result, None, "reveal")

    def _score(self, reveal: Reveal, study: Study) -> dict[str, Any]:
        dataset = self._store.datasets.get(study.dataset_id)
        out = self._artifacts.study(study.id) / "reveal"
        out.mkdir(parents=True, exist_ok=True)
        subjects = self._subjects(study)
        models = [entry for trial, runs in subjects for entry in self._models(trial, runs)]
        refits = self._refit(study, dataset, subjects, out) if reveal.options.get("refit") else []
        self._run(study, dataset, models + refits, out)
        lines = [
            Line(f"trial {t.number}", _label(study, t), t, tuple(runs), tuple(_read(out, t, run) for run in runs))
            for t, runs in subjects
        ]
        references = [Line(name, name, None, (), (_load(out / f"{name}.npy"),)) for name in REFERENCES]
        refitted = [
            Line(r["name"], "recommended, refitted", None, (), (_load(out / f"{r['name']}.npy"),)) for r in refits
        ]
        return _result(study, dataset, lines, references, refitted, reveal.look)

    def _subjects(self, study: Study) -> list[tuple[Trial, list[Run]]]:
        """Baseline, recommended and production trials with the complete runs whose weights are there. Raises
        RevealFailed."""
        trials = self._store.trials.of_study(study.id)
        chosen = [t for t in trials if t.kind in ("baseline", "production") or t.id == study.recommended_id]
        subjects = [(trial, self._usable(trial)) for trial in chosen]
        for trial, runs in subjects:
            if trial.kind != "production" and not runs:
                raise RevealFailed(
                    f"trial {trial.number} of study {study.id}, its {_label(study, trial)} trial, has no complete run, "
                    "so there is nothing to score; start a new study"
                )
        return [(trial, runs) for trial, runs in subjects if runs]

    def _usable(self, trial: Trial) -> list[Run]:
        """Complete runs with their weights. Raises RevealFailed where those of all, or of all fresh seeds, are gone."""
        complete = [run for run in self._store.runs.of_trial(trial.id) if run.state is RunState.COMPLETE]
        fresh = [run for run in complete if run.purpose == "fresh"]
        for runs in (complete, fresh):
            if runs and not any(self._weights(trial, run).exists() for run in runs):
                raise RevealFailed(
                    f"the weights of trial {trial.number} are gone: {self._weights(trial, runs[-1])} is not there; put "
                    "the study's files back from a backup, then reveal again"
                )
        return [run for run in complete if self._weights(trial, run).exists()]

    def _weights(self, trial: Trial, run: Run) -> Path:
        return self._artifacts.run(trial, run.seed) / WEIGHTS

    def _models(self, trial: Trial, runs: list[Run]) -> list[dict[str, str]]:
        return [{"name": _name(trial, run), "weights": str(self._weights(trial, run))} for run in runs]

    def _refit(
        self, study: Study, dataset: Dataset, subjects: list[tuple[Trial, list[Run]]], out: Path
    ) -> list[dict[str, str]]:
        """Train the recommended config on training plus validation for the epochs that were best on validation."""
        baseline = next(trial.id for trial, _ in subjects if trial.kind == "baseline")
        trial, runs = next(each for each in subjects if each[0].id == (study.recommended_id or baseline))
        epochs = round(float(np.mean([run.best_epoch or 1 for run in runs])))
        job = {
            "kind": "refit",
            "open_dir": str(self._settings.dataset(dataset.folder) / "open"),
            "backbone": study.backbone,
            "params": dict(trial.params),
            "epochs": epochs,
            "max_epochs": study.max_epochs,
            "seed": runs[-1].seed,
            "strengths_of": str(self._weights(trial, runs[-1])),
            "out_dir": str(out / "refit"),
        }
        (out / "refit").mkdir(exist_ok=True)
        self._drain(job)
        return [{"name": "refit", "weights": str(out / "refit" / WEIGHTS), "fitted": FITTED}]

    def _run(self, study: Study, dataset: Dataset, models: list[dict[str, str]], out: Path) -> None:
        folder = self._settings.dataset(dataset.folder)
        self._drain(
            {
                "kind": "score",
                "open_dir": str(folder / "open"),
                "targets": str(folder / "sealed" / "test.parquet"),
                "masking": study.masking,
                "models": models,
                "references": list(REFERENCES),
                "out_dir": str(out),
            }
        )

    def _drain(self, job: Mapping[str, Any]) -> None:
        last: dict[str, Any] = {}
        for last in self._run_once(SCORER, job):
            if last.get("event") == "failed":
                raise RevealFailed(f"the test could not be scored: {last.get('cause')}")
        if last.get("event") != "complete":
            raise RevealFailed(
                "the scoring process ended without a result; look at the worker's log, then reveal again"
            )


def _result(
    study: Study, dataset: Dataset, lines: list[Line], references: list[Line], refitted: list[Line], look: int
) -> dict[str, Any]:
    protocol = replace(Protocol.of(dataset.card, study.objective, study.masking), phase="test")
    users = lines[0].ranks[0].shape[1]
    baseline = next(line for line in lines if line.trial and line.trial.kind == "baseline")
    chosen = next((line for line in lines if line.trial and line.trial.id == study.recommended_id), baseline)
    is_fresh = all(line.scores(study.objective, fresh=True) for line in (chosen, baseline))
    headline = _compare(study, chosen, baseline, lines, fresh=True) if chosen is not baseline and is_fresh else None
    rows = [_row(study, line, chosen, lines) for line in [*lines, *references]]
    return {
        "stamp": replace(protocol, users=users).stamp,
        "look": look,
        "headline": headline.to_json() if headline else None,
        "lines": rows,
        "refit": [
            # of another stamp (it has also seen the validation items), so it is shown and not compared
            _row(study, line, chosen, lines)
            | {"seeds": 1, "chosen_minus_this": None, "stamp": replace(protocol, users=users, fitted=FITTED).stamp}
            for line in refitted
        ],
    }


def _row(study: Study, line: Line, chosen: Line, lines: list[Line]) -> dict[str, Any]:
    metrics = [summary(ranks) for ranks in line.ranks]
    mean = {name: float(np.mean([m[name] for m in metrics])) for name in METRICS}
    against = _compare(study, chosen, line, lines).to_json() if line is not chosen else None
    spread = float(np.std([m[study.objective] for m in metrics], ddof=1)) if len(metrics) > 1 else None
    return {
        "name": line.name,
        "label": line.label,
        "trial": line.trial.number if line.trial else None,
        "seeds": len(line.runs) or None,  # a reference line has no seeds
        "metrics": mean,
        "seed_sd": spread,
        "chosen_minus_this": against,
    }


def _compare(study: Study, ours: Line, theirs: Line, lines: list[Line], fresh: bool | None = None) -> Comparison:
    """Paired over users; a reference line has no seeds, so only the config's own seed noise counts."""
    noise = pool_seed_noise([[float(s.mean()) for s in line.scores(study.objective)] for line in lines])
    return compare(ours.scores(study.objective, fresh), theirs.scores(study.objective, fresh), noise, study.min_gain)


def _label(study: Study, trial: Trial) -> str:
    if trial.id == study.recommended_id:
        return "recommended" if trial.kind != "baseline" else "baseline, recommended"
    return trial.kind


def _name(trial: Trial, run: Run) -> str:
    return f"trial-{trial.number}-seed-{run.seed}"


def _read(out: Path, trial: Trial, run: Run) -> np.ndarray:
    return _load(out / f"{_name(trial, run)}.npy")


def _load(path: Path) -> np.ndarray:
    return np.asarray(np.load(path, allow_pickle=False))
