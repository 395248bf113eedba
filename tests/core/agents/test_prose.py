"""Figures in a model's prose against the record."""

import pytest

from core.agents.llm.prose import MARK, check, record

FIGURES = {"value": 0.05123, "epoch": 17, "items": 12101, "lr": 0.001, "users": [240], "told": "over 3 seeds"}
RECORD = record(FIGURES, [-0.0213])


@pytest.mark.parametrize(
    "text",
    [
        "it reached 0.0512 (0.05 before rounding)",
        "a fall of 2.1 %, so −2.13% it is",
        "the best epoch was 17 of the run, ndcg@10 on hidden_dim2",
        "12,101 items; lr 1e-3 or .001; 3 seeds; a relative −0.0213",
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
        ("a gain of 5 %", "5 %"),
        ("a gain of 5.1 percent", "5.1 percent"),
        ("lr fell to 0.1 %", "0.1 %"),
        ("9,999,999 items", "9,999,999"),
        ("a value of .77 now", ".77"),
        ("about 4x the width", "4"),
        ("lr 5e-1", "5e-1"),
        ("twelve percent or 12 percent", "12 percent"),
    ],
)
def test_a_figure_that_is_not_in_the_record_is_marked_where_it_stands(text: str, wrong: str):
    marked, found = check(text, RECORD)
    assert found == (wrong,)
    assert marked == text.replace(wrong, wrong + MARK)


def test_a_percentage_in_a_text_of_the_record_may_be_told_again():
    told = record("ndcg@10 0.0412: +3.1 % against trial 1")
    assert check("It gained 3.1 %, to 0.041.", told)[1] == ()
    assert check("It gained 4.1 %.", told)[1] == ("4.1 %",)
