"""A table of past runs with the paper's column names."""

import csv
from pathlib import Path
from typing import Any

import pytest

ROWS: list[dict[str, Any]] = [
    {"run_id": "a", "lr": 0.001, "dropout": 0.2, "val_ndcg@10": 0.0500},
    {"run_id": "b", "lr": 0.001, "dropout": 0.2, "val_ndcg@10": 0.0502},
    {"run_id": "c", "lr": 0.001, "dropout": 0.4, "val_ndcg@10": 0.0560},
    {"run_id": "d", "lr": 0.003, "dropout": 0.2, "val_ndcg@10": 0.0503},
    {"run_id": "e", "lr": 0.003, "dropout": 0.4, "val_ndcg@10": 0.0561},
    {"run_id": "f", "lr": 0.01, "dropout": 0.2, "val_ndcg@10": ""},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A CSV of rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=names)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Six runs, two of one config, one that failed."""
    told = {"model": "SASRec", "generalized_rule": "", "changed_dimension": "", "gpu": "A100"}
    rows = [{**told, **row} for row in ROWS]
    rows[2] |= {"generalized_rule": "More dropout is good on short histories", "changed_dimension": "dropout"}
    return write(tmp_path / "runs.csv", rows)
