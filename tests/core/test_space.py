"""The search space of a study: what is searched, what is held, what a person may type."""

import json

import pytest

from core.errors import InvalidInput
from core.space import InvalidParams, SearchSpace

SPACE = SearchSpace.of("sasrec")


def test_a_space_survives_json():
    space = SPACE.fix("loss", "full_softmax").narrow("lr", 5e-4, 5e-3)
    again = SearchSpace.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert again.baseline() == space.baseline()


def test_a_fixed_field_is_no_axis_and_takes_no_other_value():
    space = SPACE.fix("hidden_dim", 128)
    assert "hidden_dim" not in space.active_axes(space.baseline())
    assert space.baseline()["hidden_dim"] == 128
    with pytest.raises(InvalidParams, match="the study holds hidden_dim at 128; edit its search space"):
        space.complete({"hidden_dim": 64})


def test_a_narrowed_range_moves_the_baseline_inside_and_refuses_what_is_outside():
    space = SPACE.narrow("lr", 2e-3, 5e-3)
    assert space.baseline()["lr"] == 2e-3
    with pytest.raises(InvalidParams, match=r"lr=0.001 is outside \[0.002, 0.005\]"):
        space.complete({"lr": 1e-3})


@pytest.mark.parametrize(("low", "high"), [(5e-3, 1e-3), (1e-9, 1e-3), (1e-3, 5.0)])
def test_an_empty_range_and_one_outside_the_declared_are_refused(low, high):
    with pytest.raises(InvalidParams, match="lr"):
        SPACE.narrow("lr", low, high)


def test_a_whole_number_is_narrowed_by_whole_numbers_only():
    assert SPACE.narrow("num_blocks", 2.0, 3.0).searched["num_blocks"].high == 3
    with pytest.raises(InvalidParams, match="no whole number"):
        SPACE.narrow("num_blocks", 1.5, 3)


def test_options_are_narrowed_and_the_default_follows():
    space = SPACE.narrow("ffn", options=("gelu", "swiglu"))
    assert space.baseline()["ffn"] == "gelu"
    with pytest.raises(InvalidParams, match="none of gelu, swiglu"):
        space.complete({"ffn": "relu"})


def test_a_field_can_be_searched_again_in_its_whole_range():
    assert SPACE.fix("lr", 2e-3).search("lr") == SPACE


def test_configs_that_train_alike_are_equal():
    without = SPACE.complete({"embedding_norm": "none", "temperature": 0.2})
    assert without == SPACE.complete({"embedding_norm": "none"})


def test_an_old_config_is_inside_only_while_its_values_are():
    old = SPACE.complete({"lr": 5e-3})
    assert SPACE.contains(old)
    assert not SPACE.narrow("lr", 5e-4, 2e-3).contains(old)


def test_what_a_person_types_becomes_values_of_the_right_type():
    typed = ["lr=2e-3", "num_blocks=3", "tied_embeddings=no", "ffn=gelu", " dropout = 0.3"]
    assert SPACE.parse(typed) == {
        "lr": 0.002,
        "num_blocks": 3,
        "tied_embeddings": False,
        "ffn": "gelu",
        "dropout": 0.3,
    }


def test_text_without_an_equals_sign_is_no_assignment():
    with pytest.raises(InvalidInput, match=r"'lr 0.2' is no assignment"):
        SPACE.parse(["lr 0.2"])
