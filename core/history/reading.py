"""Reading past runs: a CSV with a column per field, or an Optuna storage in a SQLite file."""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.history.runs import History, PastRun
from core.space import InvalidParams, SearchSpace
from recmodels.registry import BACKBONES

SQLITE = "sqlite:///"
PREFIXES = ("params_", "params.", "config.", "config/", "param_")  # of Optuna's, MLflow's and W&B's tables
NAMES = ("run_id", "name", "run", "trial", "number", "id")
KNOWN = frozenset({"model", "backbone", "domain", "status", "stamp", "params", *NAMES})  # read, but no fields
MOST_ROWS = 100_000


def read_past(source: str, backbone: str | None = None, metric: str = "ndcg@10") -> History:
    """The runs of a CSV file, or of `sqlite:///FILE` as Optuna writes it.

    Raises InvalidInput naming what is missing and what there is.
    """
    history = _from_optuna(source, backbone) if source.startswith("sqlite:") else _from_csv(source, backbone, metric)
    if not history.runs:
        raise InvalidInput(f"{source} holds no run; give a table with a row for each")
    if not any(run.params for run in history.runs):
        known = ", ".join(SearchSpace.of(history.backbone).declared)
        raise InvalidInput(f"{source} names no field of {history.backbone}; its columns must be called {known}")
    return history


def _from_csv(source: str, backbone: str | None, metric: str) -> History:
    try:
        with open(source, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [row for row, _ in zip(reader, range(MOST_ROWS), strict=False)]
            columns = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InvalidInput(f"{source} cannot be read as CSV ({problem}); save it as UTF-8 with a header") from problem
    if metric.startswith("test"):
        raise InvalidInput(f"--metric {metric}: an audit of test metrics would choose by them; name one of validation")
    column = next((name for name in (f"val_{metric}", metric, f"val/{metric}", "value") if name in columns), None)
    if column is None:
        raise InvalidInput(
            f"{source} has no column val_{metric}, {metric} or value; it has {', '.join(columns)[:300]}: "
            "name another with --metric"
        )
    known = _backbone(backbone, {row.get("model") or row.get("backbone") or "" for row in rows}, source)
    space = SearchSpace.of(known)
    runs = tuple(_run(space, number, row, column) for number, row in enumerate(rows, start=1))
    told = {"reflection", "generalized_rule", "next_action", "hypothesis", "changed_dimension", "failure_dimension"}
    fields = KNOWN | told | {column} | {name for name in columns if _bare(name) in space.declared}
    ignored = tuple(name for name in columns if name not in fields and not name.startswith(("val_", "test_")))
    notes = ("columns of test metrics were not read",) if any(name.startswith("test") for name in columns) else ()
    return History(source, known, column, runs, ignored, notes)


def _run(space: SearchSpace, number: int, row: Mapping[str, Any], column: str) -> PastRun:
    told = {_bare(name): text for name, text in row.items() if name and isinstance(text, str) and text.strip()}
    params = {**_json(told.get("params", "")), **told}
    name = next((str(row[key]) for key in NAMES if row.get(key)), f"row {number}")
    rule, changed = str(row.get("generalized_rule") or ""), str(row.get("changed_dimension") or "")
    return PastRun(name, _known(space, params), _number(row.get(column)), rule.strip(), changed.strip())


def _from_optuna(source: str, backbone: str | None) -> History:
    """Read from a copy: opening a storage may change it."""
    import optuna

    path = Path(source.removeprefix(SQLITE))
    if not source.startswith(SQLITE) or not path.is_file():
        raise InvalidInput(f"{source}: no such file; write {SQLITE}FILE, with four slashes for an absolute path")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = _backbone(backbone, (), source)
    space, runs, notes = SearchSpace.of(known), [], []
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, Path(folder) / "optuna.db")
        try:
            names = optuna.get_all_study_names(SQLITE + str(copy))
            studies = [optuna.load_study(study_name=name, storage=SQLITE + str(copy)) for name in names]
        except Exception as problem:  # a family of errors of optuna and of what it stores with
            raise InvalidInput(f"{source} is no Optuna storage ({type(problem).__name__}); check the file") from problem
        for study in studies:
            if len(study.directions) > 1:
                notes.append(f"study {study.study_name} has several objectives and was left out")
                continue
            is_lower_better = study.direction == optuna.study.StudyDirection.MINIMIZE
            if is_lower_better:
                notes.append(f"study {study.study_name} minimises: its values are taken with the opposite sign")
            for trial in study.get_trials(deepcopy=False):
                is_whole = trial.state == optuna.trial.TrialState.COMPLETE and trial.value is not None
                value = (-1 if is_lower_better else 1) * float(trial.value or 0.0) if is_whole else None
                runs.append(PastRun(f"{study.study_name}/{trial.number}", _known(space, trial.params), value))
    return History(source, known, "value", tuple(runs), (), tuple(notes))


def _backbone(given: str | None, told: Iterable[str], source: str) -> str:
    if given is not None:
        if given not in BACKBONES:
            raise InvalidInput(f"no backbone is called {given!r}; there are {', '.join(BACKBONES)}")
        return given
    found = {name.strip().lower() for name in told if name.strip()}
    known = found & set(BACKBONES)
    if len(known) == 1:
        return known.pop()
    seen = f"it names {', '.join(sorted(found))[:200]}" if found else "it names none"
    raise InvalidInput(f"{source}: which backbone are these runs of? {seen}; give --backbone {'|'.join(BACKBONES)}")


def _bare(name: str) -> str:
    """A column's name without the prefix that a tool puts before params."""
    return next((name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix)), name)


def _known(space: SearchSpace, params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the backbone has, in their own types; a value it cannot take is kept as it was written."""
    kept = {}
    for name, value in params.items():
        if name in space.declared and value is not None:
            try:
                kept[name] = space.declared[name].parse(str(value))
            except InvalidParams:
                kept[name] = _number(value) if _number(value) is not None else value
    return kept


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text.strip().startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if value == value and abs(value) != float("inf") else None
