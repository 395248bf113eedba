"""Trying a model: what counts as a history, and how the list says what a model is worth."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core.data.sequences import items_titled, sequence
from core.errors import InvalidInput
from core.store.listings import ModelLine
from core.views.models import table_row, typed

STAMP = "loo/val/fit:train/9u/full/mask:seen/ties:exp/@10/d0d0d0d0d0d0"


def test_typed_ids_may_be_joined_by_commas_or_lines():
    assert typed(" a, b\nc,\n") == ("a", "b", "c")


def test_an_empty_history_is_refused_with_the_way_out():
    with pytest.raises(InvalidInput, match="find them by title"):
        typed(" ,\n")


def test_items_are_found_by_a_part_of_their_title_or_by_their_id(tmp_path: Path):
    titles = ["The Long Goodbye", None, "Goodbye, Mr. Chips"]
    pd.DataFrame({"item": [1, 2, 3], "raw": ["x1", "x2", "x3"], "title": titles}).to_parquet(tmp_path / "items.parquet")
    assert [raw for raw, _ in items_titled(tmp_path, "goodbye")] == ["x1", "x3"]
    assert items_titled(tmp_path, "x2") == (("x2", None),)
    assert len(items_titled(tmp_path, "x", most=1)) <= 1


def test_what_a_model_may_know_of_a_user_ends_before_the_sealed_test(tmp_path: Path):
    for part, rows in (("train", [(0, 1), (1, 2)]), ("validation", [(0, 3)])):
        events = pd.DataFrame(rows, columns=["user", "item"]).assign(is_target=True)
        events.to_parquet(tmp_path / f"{part}.parquet")
    pd.DataFrame({"user": [0, 1], "raw": ["ann", "bob"]}).to_parquet(tmp_path / "users.parquet")
    items = pd.DataFrame({"item": [1, 2, 3], "raw": ["x", "y", "z"], "title": [None, None, None]})
    items.astype({"title": "string"}).to_parquet(tmp_path / "items.parquet")
    seen = sequence(tmp_path, 0, ("train", "validation"))
    assert [event.raw for event in seen.events] == ["x", "z"]


def test_a_baseline_is_not_told_as_a_gain_of_zero():
    line = ModelLine(1, "s", "active", "toy", "sasrec", "ndcg@10", STAMP, 1, 0.05, 0.05, False)
    assert (table_row(line)["over baseline"], table_row(line)["by"]) == (None, "baseline")
    row = table_row(replace(line, number=2, value=0.06))
    assert row["over baseline"] == pytest.approx(20.0) and row["by"] == "verdict"
    assert row["metric"] == "validation NDCG@10"


def test_a_model_recommended_without_a_verdict_is_marked_as_an_estimate():
    line = ModelLine(1, "s", "finished", "toy", "sasrec", "ndcg@10", STAMP, 2, 0.06, 0.05, True)
    assert table_row(line)["by"] == "○ estimate"
