"""Reading past runs: a CSV with a column per field, or an Optuna storage in a SQLite file."""

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from core.history.runs import History, PastRun
from core.space import InvalidParams, SearchSpace
from recmodels.registry import BACKBONES

if TYPE_CHECKING:
    import optuna

SQLITE = "sqlite:///"
PREFIXES = ("params_", "params.", "config.", "config/", "param_")  # of Optuna's, MLflow's and W&B's tables
NAMES = ("run_id", "name", "run", "trial", "number", "id")
MODELS, DOMAINS = ("model", "backbone"), ("domain", "dataset")
KNOWN = frozenset({*MODELS, *DOMAINS, "status", "stamp", "params", *NAMES})  # read, but no fields
LOWER = frozenset({"loss", "error", "rmse", "mse", "mae", "nll", "logloss", "perplexity", "ppl"})  # is better
MOST_ROWS = 100_000


def read_past(
    source: str,
    backbone: str | None = None,
    metric: str = "ndcg@10",
    domain: str | None = None,
    study: str | None = None,
    minimise: bool = False,
) -> History:
    """The runs of a CSV file, of one `domain` if it has several, or of one study of `sqlite:///FILE` as Optuna writes
    it. `minimise`: lower is better, so values are taken with the opposite sign.

    Raises InvalidInput naming what is missing and what there is.
    """
    if source.startswith("sqlite:"):
        if domain is not None or minimise:
            raise InvalidInput("--domain and --minimise are for a CSV: an Optuna storage has studies, which say both")
        history = _from_optuna(source, backbone, study)
    else:
        if study is not None:
            raise InvalidInput("--study is for an Optuna storage; name the dataset of a CSV's runs with --domain")
        history = _from_csv(source, backbone, metric, domain, minimise)
    if not history.runs:
        raise InvalidInput(f"{source} holds no run; give a table with a row for each")
    if not any(run.params for run in history.runs):
        known = ", ".join(SearchSpace.of(history.backbone).declared)
        raise InvalidInput(f"{source} names no field of {history.backbone}; its columns must be called {known}")
    return history


def _from_csv(source: str, backbone: str | None, metric: str, domain: str | None, minimise: bool) -> History:
    columns, rows, notes = _table(source)
    column = _value_column(source, columns, metric, minimise)
    known = _backbone(backbone, {_told(row, MODELS) for row in rows}, source)
    rows = _of_backbone(source, rows, known, notes)
    rows = _of_domain(source, rows, domain, notes)
    space = SearchSpace.of(known)
    runs = tuple(_run(space, number, row, column, -1 if minimise else 1) for number, row in enumerate(rows, start=1))
    told = {"reflection", "generalized_rule", "next_action", "hypothesis", "changed_dimension", "failure_dimension"}
    fields = KNOWN | told | {column} | {name for name in columns if _bare(name) in space.declared}
    ignored = tuple(name for name in columns if name not in fields and not name.startswith(("val_", "test_")))
    if any(name.startswith("test") for name in columns):
        notes.append("columns of test metrics were not read")
    return History(source, known, f"minus {column}" if minimise else column, runs, ignored, tuple(notes))


def _table(source: str) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    """Columns, rows, and a note where there are too many of them."""
    try:
        with open(source, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(islice(reader, MOST_ROWS))
            left_out = sum(1 for _ in reader)
            columns = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InvalidInput(f"{source} cannot be read as CSV ({problem}); save it as UTF-8 with a header") from problem
    told = [f"the first {MOST_ROWS:,} rows were read and {left_out:,} were not; split the file"] if left_out else []
    return columns, rows, told


def _value_column(source: str, columns: Sequence[str], metric: str, minimise: bool) -> str:
    if metric.startswith("test"):
        raise InvalidInput(f"--metric {metric}: an audit of test metrics would choose by them; name one of validation")
    column = next((name for name in (f"val_{metric}", metric, f"val/{metric}", "value") if name in columns), None)
    if column is None:
        raise InvalidInput(
            f"{source} has no column val_{metric}, {metric} or value; it has {', '.join(columns)[:300]}: "
            "name another with --metric"
        )
    if not minimise and LOWER & set(re.split(r"[^a-z]+", f"{metric} {column}".lower())):
        raise InvalidInput(f"--metric {metric}: lower seems to be better; give --minimise, or another metric")
    return column


def _of_backbone(source: str, rows: list[dict[str, Any]], backbone: str, notes: list[str]) -> list[dict[str, Any]]:
    """Rows of that model, or of none named."""
    kept = [row for row in rows if _told(row, MODELS).lower() in ("", backbone)]
    if rows and not kept:
        others = sorted({_told(row, MODELS) for row in rows})
        raise InvalidInput(f"{source} has no run of {backbone}; its runs are of {', '.join(others)[:200]}")
    if len(kept) < len(rows):
        notes.append(f"rows of other models that were left out: {len(rows) - len(kept):,}")
    return kept


def _of_domain(source: str, rows: list[dict[str, Any]], domain: str | None, notes: list[str]) -> list[dict[str, Any]]:
    """Rows of one dataset: effects and the noise between seeds differ from one to the next."""
    named = sorted({_told(row, DOMAINS) for row in rows} - {""})
    if domain is None:
        if len(named) > 1:
            raise InvalidInput(f"{source} holds runs on {', '.join(named)[:300]}; choose one with --domain")
        return rows
    kept = [row for row in rows if _told(row, DOMAINS) == domain]
    if not kept:
        raise InvalidInput(f"{source} has no run on {domain}; it has {', '.join(named)[:300] or 'no column domain'}")
    if len(kept) < len(rows):
        notes.append(f"rows of other datasets that were left out: {len(rows) - len(kept):,}")
    return kept


def _told(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of these columns that says something."""
    return next((text for name in names if (text := str(row.get(name) or "").strip())), "")


def _run(space: SearchSpace, number: int, row: Mapping[str, Any], column: str, sign: int) -> PastRun:
    told = {_bare(name): text for name, text in row.items() if name and isinstance(text, str) and text.strip()}
    params = {**_json(told.get("params", "")), **told}
    name = next((str(row[key]) for key in NAMES if row.get(key)), f"row {number}")
    rule, changed = str(row.get("generalized_rule") or ""), str(row.get("changed_dimension") or "")
    value = _number(row.get(column))
    signed = None if value is None else sign * value
    return PastRun(name, _known(space, params), signed, rule.strip(), changed.strip(), _told(row, DOMAINS))


def _from_optuna(source: str, backbone: str | None, name: str | None) -> History:
    """Read from a copy: opening a storage may change it."""
    import optuna

    path = Path(source.removeprefix(SQLITE))
    if not source.startswith(SQLITE) or not path.is_file():
        raise InvalidInput(f"{source}: no such file; write {SQLITE}FILE, with four slashes for an absolute path")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = _backbone(backbone, (), source)
    with tempfile.TemporaryDirectory() as folder:
        copy = SQLITE + str(shutil.copy(path, Path(folder) / "optuna.db"))
        try:
            names = optuna.get_all_study_names(copy)
            studies = [optuna.load_study(study_name=each, storage=copy) for each in names]
        except Exception as problem:  # a family of errors of optuna and of what it stores with
            raise InvalidInput(f"{source} is no Optuna storage ({type(problem).__name__}); check the file") from problem
        notes = [
            f"study {each.study_name} has several objectives and was left out"
            for each in studies
            if len(each.directions) > 1
        ]
        chosen = _study(source, [each for each in studies if len(each.directions) == 1], name)
        is_lower_better = chosen is not None and chosen.direction == optuna.study.StudyDirection.MINIMIZE
        if chosen is not None and is_lower_better:
            notes.append(f"study {chosen.study_name} minimises: its values are taken with the opposite sign")
        space, runs = SearchSpace.of(known), []
        for trial in chosen.get_trials(deepcopy=False) if chosen is not None else ():
            is_whole = trial.state == optuna.trial.TrialState.COMPLETE and trial.value is not None
            value = (-1 if is_lower_better else 1) * float(trial.value or 0.0) if is_whole else None
            of = chosen.study_name if chosen is not None else ""
            runs.append(PastRun(f"{of}/{trial.number}", _known(space, trial.params), value, of=of))
    return History(source, known, "minus value" if is_lower_better else "value", tuple(runs), (), tuple(notes))


def _study(source: str, studies: Sequence["optuna.Study"], name: str | None) -> "optuna.Study | None":
    """The study of that name, or the only one: others may be of other data."""
    names = ", ".join(each.study_name for each in studies)[:300]
    if name is None:
        if len(studies) > 1:
            raise InvalidInput(f"{source} holds the studies {names}; choose one with --study")
        return studies[0] if studies else None
    found = next((each for each in studies if each.study_name == name), None)
    if found is None:
        raise InvalidInput(f"{source} has no study {name} with one objective; it has {names or 'none'}")
    return found


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
