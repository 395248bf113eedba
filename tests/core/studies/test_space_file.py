"""Search spaces from files: what each line means, and what is refused."""

import json
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.space import InvalidParams, SearchSpace
from core.studies.space_file import read_space

TOML = """
lr = [0.0005, 0.005]
ffn = ["relu", "gelu"]
max_len = 50
dropout = "off"
temperature = "search"
"""


def written(folder: Path, text: str, name: str = "space.toml") -> SearchSpace:
    (folder / name).write_text(text, encoding="utf-8")
    return read_space(folder / name, "sasrec")


def test_each_kind_of_line_says_what_a_study_searches(tmp_path: Path):
    space = written(tmp_path, TOML)
    assert (space.searched["lr"].low, space.searched["lr"].high) == (0.0005, 0.005)
    assert space.searched["ffn"].options == ("relu", "gelu")
    assert space.fixed == {"max_len": 50, "dropout": 0.2}
    assert "temperature" in space.searched and "batch_size" in space.searched


def test_others_off_searches_only_what_is_named(tmp_path: Path):
    assert set(written(tmp_path, TOML + 'others = "off"').searched) == {"lr", "ffn", "temperature"}


def test_json_says_the_same(tmp_path: Path):
    assert written(tmp_path, json.dumps({"lr": [0.0005, 0.005]}), "space.json").searched["lr"].high == 0.005


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lr = [0.001", "cannot be read as TOML"),
        ("rate = 0.1", "rate is no parameter of sasrec; it has"),
        ("lr = 7.0", r"lr=7.0 is outside \[0.0001, 0.01\]"),
        ("lr = [0.001, 0.002, 0.003]", "a range has two ends"),
        ("lr = [0.01, 0.001]", "holds no value; give low <= high"),
        ('ffn = ["relu", "tanh"]', "ffn='tanh' is none of"),
        ('others = "maybe"', "neither 'off' nor 'search'"),
    ],
)
def test_what_cannot_be_is_named_with_the_way_out(tmp_path: Path, text: str, says: str):
    with pytest.raises((InvalidInput, InvalidParams), match=says):
        written(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"nowhere.toml cannot be read"):
        read_space(tmp_path / "nowhere.toml", "sasrec")
