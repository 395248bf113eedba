"""Conditions are checked as conditions, clause by clause, and refused when they are written."""

import pytest

from core.errors import InvalidInput
from core.memory.conditions import check, parse


def test_each_clause_is_shown_as_met_or_not():
    clauses = check("mean_length < 10 and density < 0.001", {"mean_length": 8.2, "density": 0.01})
    assert [(clause.text, clause.met) for clause in clauses] == [("mean_length < 10", True), ("density < 0.001", False)]


def test_a_feature_the_profile_lacks_is_neither_met_nor_unmet():
    [clause] = check("gap_seconds > 60", {"gap_seconds": None})
    assert clause.met is None and clause.value is None


def test_no_condition_is_no_clause():
    assert parse("  ") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mean_lenght < 10", "mean_lenght"),
        ("mean_length <", "cannot be read"),
        ("mean_length < 10 or density < 1", "joined by"),
        ("__import__('os').system('true')", "joined by"),
        ("mean_length < users", "than a number"),
        ("1 < mean_length < 10", "joined by"),
        ("mean_length != 3", "than a number"),
        ("x" * 501, "too long"),
        ("mean_length < 1" + "0" * 400, "beyond 1e"),
        ("mean_length < 1e999", "beyond 1e"),
        ("mean_length < \x00", "cannot be read"),
        ("mean_length < " + "-" * 400 + "1", "features:"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_the_way_out(text: str, fault: str):
    with pytest.raises(InvalidInput, match=fault) as refused:
        parse(text)
    assert "features:" in str(refused.value) or "at most" in str(refused.value)
