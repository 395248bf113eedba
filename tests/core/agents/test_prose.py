"""Figures in a model's prose against the record."""

import pytest

from core.agents.llm.prose import MARK, check, numbers_in

RECORD = numbers_in({"value": 0.05123, "relative": -0.0213, "epoch": 17, "items": 12101, "lr": 0.001, "users": [240]})


@pytest.mark.parametrize(
    "text",
    [
        "it reached 0.0512 (0.05 before rounding)",
        "a fall of 2.1 %, so −2.13% it is",
        "the best epoch was 17 of the run, ndcg@10 on hidden_dim2",
        "12,101 items; lr 1e-3 or .001",
        "the 95 % interval; 240-epoch runs",
        "no figures at all",
    ],
)
def test_a_rounding_of_the_record_is_left_alone(text: str):
    assert check(text, RECORD) == (text, ())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("it reached 0.0612", "0.0612"),
        ("a gain of +2.1 % was seen", "+2.1 %"),
        ("rose by 30% and more", "30%"),
        ("9,999,999 items", "9,999,999"),
        ("a value of .77 now", ".77"),
        ("about 3x the width", "3"),
        ("lr 5e-1", "5e-1"),
        ("twelve percent or 12 percent", "12 percent"),
    ],
)
def test_a_figure_that_is_not_in_the_record_is_marked_where_it_stands(text: str, wrong: str):
    marked, found = check(text, RECORD)
    assert found == (wrong,)
    assert marked == text.replace(wrong, wrong + MARK)
