import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodels.errors import InvalidParams, UnknownBackbone
from recmodels.registry import BACKBONES, get_backbone
from recmodels.space import Config, Param, flag, int_range, log_range, params_of
from recmodels.training.training_config import TrainingConfig

SASREC = get_backbone("sasrec")


@dataclass(frozen=True)
class Knobs(Config):
    rate: float = log_range(0.01, low=0.001, high=0.1, help="rate")
    depth: int = int_range(2, low=1, high=4, help="depth")
    wide: bool = flag(False, help="wide")


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        *(("rate", value) for value in (0.5, float("nan"), "0.01", True, None)),
        *(("depth", value) for value in (2.0, True, 5, "2")),
        *(("wide", value) for value in (1, "true", None)),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_refused_when_the_config_is_built(knob, value):
    with pytest.raises(InvalidParams, match=knob):
        Knobs(**{knob: value})


def test_an_int_passes_for_a_float_and_becomes_one():
    assert isinstance(SASREC.complete({"dropout": 0})["dropout"], float)


def test_the_error_names_value_range_and_way_out():
    with pytest.raises(InvalidParams, match=r"lr=0.5 is outside \[0.0001, 0.01\]; give a number .* or edit the range"):
        SASREC.complete({"lr": 0.5})


@pytest.mark.parametrize("param", SASREC.params().values(), ids=lambda param: param.name)
def test_what_a_person_types_for_the_default_is_the_default(param):
    assert param.parse(str(param.default)) == param.default


@pytest.mark.parametrize("text", ["", "abc", "1e400", "nan", "true", "-1"])
def test_text_that_is_no_valid_value_is_refused(text):
    for param in SASREC.params().values():
        if not (param.kind == "flag" and text == "true"):
            with pytest.raises(InvalidParams):
                param.parse(text)


@pytest.mark.parametrize("param", SASREC.params().values(), ids=lambda param: param.name)
def test_a_parameter_survives_json(param):
    assert Param.from_json(json.loads(json.dumps(param.to_json()))) == param


@given(st.sampled_from(sorted(params_of(Knobs))), st.floats(allow_nan=True) | st.integers() | st.text() | st.booleans())
def test_any_value_is_either_taken_within_its_range_or_refused(name, value):
    param = params_of(Knobs)[name]
    try:
        taken = param.check(value)
    except InvalidParams:
        return
    assert taken == value
    assert param.kind == "flag" or param.low <= taken <= param.high


def test_an_unknown_parameter_is_refused_with_those_that_exist():
    with pytest.raises(InvalidParams, match="learning_rate is no parameter of sasrec; it has hidden_dim"):
        SASREC.complete({"learning_rate": 0.1})


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(InvalidParams, match="num_heads=4 does not divide hidden_dim=50; choose a divisor"):
        SASREC.complete({"hidden_dim": 50, "num_heads": 4})


def test_a_parameter_that_does_not_act_returns_to_its_default():
    completed = SASREC.complete({"loss": "full_softmax", "negatives": 1024})
    assert completed == SASREC.complete({"loss": "full_softmax"})
    assert SASREC.complete({"negatives": 1024})["negatives"] == 1024


def test_an_unknown_backbone_is_refused_with_those_that_exist():
    with pytest.raises(UnknownBackbone, match="no backbone is called 'bert'; there are sasrec"):
        get_backbone("bert")


def test_every_backbone_declares_help_source_and_a_default_in_range():
    for backbone in BACKBONES.values():
        assert backbone.source and backbone.title
        for param in backbone.params().values():
            assert param.help and param.check(param.default) == param.default


def test_training_fields_are_the_same_for_every_backbone():
    for backbone in BACKBONES.values():
        assert params_of(TrainingConfig).items() <= backbone.params().items()


def test_the_registry_is_read_without_torch():
    code = "import recmodels.registry, recmodels.ranking.metrics, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_knobs_of_priors_act_only_beside_the_priors_they_shape():
    plain = SASREC.complete({})
    assert plain["priors"] == "none" and SASREC.complete({"prior_window": 3, "rerank_top": 20}) == plain
    popular = SASREC.complete({"priors": "popularity", "prior_window": 3, "prior_use": "rerank", "rerank_top": 20})
    assert (popular["prior_window"], popular["rerank_top"]) == (plain["prior_window"], 20)


@pytest.mark.parametrize("priors", ["none", "popularity", "transition", "cooccurrence", "all"])
def test_priors_by_name(priors):
    kinds = SASREC.prior_config({"priors": priors}).kinds
    assert kinds == {"none": (), "all": ("popularity", "transition", "cooccurrence")}.get(priors, (priors,))
