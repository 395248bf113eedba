"""What the New study page shows and starts, computed."""

import dataclasses

import pytest

from core.errors import InvalidInput
from core.space import InvalidParams, SearchSpace
from core.studies.probe import Timing
from core.views.new_study import Answers, outlook_view, plan_of, production_of
from core.views.space_choices import FIXED, OFF, Choice, build_space, choices_of, fields_of

SPACE = SearchSpace.of("sasrec")
ANSWERS = Answers("d" * 12, "sasrec", SPACE)
TIMING = Timing(2.0, 1.0, 1000, 50.0, "cpu", 0.0)


def test_an_untouched_form_is_the_whole_declared_space():
    built = build_space("sasrec", {field.name: _untouched(field.param) for field in fields_of("sasrec")})
    assert built.space == SPACE and not built.faults
    assert built.headline == f"{len(SPACE.declared)} of {len(SPACE.declared)} fields searched"


def _untouched(param) -> Choice:
    return Choice(low=param.low, high=param.high, options=param.options, value=param.default)


def test_every_field_tells_its_help_and_its_default():
    for field in fields_of("sasrec"):
        assert field.param.help in field.help and str(field.param.default) in field.help


def test_a_field_that_is_off_keeps_its_default_and_is_not_searched():
    space = build_space("sasrec", {"dropout": Choice(OFF)}).space
    assert "dropout" not in space.searched and space.baseline()["dropout"] == 0.2


def test_a_fixed_field_holds_its_value_in_the_baseline_too():
    built = build_space("sasrec", {"num_blocks": Choice(FIXED, value=3)})
    assert built.space.baseline()["num_blocks"] == 3
    assert "held: num_blocks=3" in built.headline


def test_a_range_may_be_narrowed():
    space = build_space("sasrec", {"lr": Choice(low=5e-4, high=5e-3)}).space
    assert (space.searched["lr"].low, space.searched["lr"].high) == (5e-4, 5e-3)


def test_an_edited_space_comes_back_from_its_own_form():
    space = SPACE.narrow("lr", 5e-4, 5e-3).narrow("ffn", options=("relu", "gelu")).fix("num_blocks", 3)
    space = space.fix("dropout", SPACE.declared["dropout"].default)
    assert build_space("sasrec", choices_of(space)).space == space


def test_a_bound_outside_the_declared_range_is_named_with_the_limit():
    faults = build_space("sasrec", {"lr": Choice(low=1e-4, high=5.0)}).faults
    assert "lr=5.0 is outside [0.0001, 0.01]" in faults["lr"]


def test_a_range_upside_down_is_told():
    assert "low <= high" in build_space("sasrec", {"num_blocks": Choice(low=4, high=2)}).faults["num_blocks"]


def test_a_choice_without_values_is_told_with_the_way_out():
    assert "set it to off" in build_space("sasrec", {"ffn": Choice(options=())}).faults["ffn"]


def test_a_space_without_any_range_has_nothing_to_tune():
    everything = {field.name: Choice(OFF) for field in fields_of("sasrec")}
    assert "nothing to tune" in build_space("sasrec", everything).faults[""]


def test_fixed_values_that_do_not_go_together_are_told_before_the_study_exists():
    built = build_space("sasrec", {"hidden_dim": Choice(FIXED, value=50), "num_heads": Choice(FIXED, value=4)})
    assert "num_heads=4 does not divide hidden_dim=50" in built.faults[""]


def test_the_defaults_make_a_plan():
    plan = plan_of(ANSWERS)
    assert (plan.dataset, plan.trials, plan.epochs, plan.autonomy) == ("d" * 12, 20, 100, "each")
    assert plan.name is None and plan.production is None and plan.guards == {} and plan.deadline_seconds is None


def test_a_deadline_is_given_in_minutes_and_only_where_something_waits():
    assert plan_of(dataclasses.replace(ANSWERS, deadline_minutes=5)).deadline_seconds == 300
    assert plan_of(dataclasses.replace(ANSWERS, deadline_minutes=5, autonomy="autopilot")).deadline_seconds is None


def test_blank_guards_are_no_guards():
    answers = dataclasses.replace(ANSWERS, guards={"min_coverage": 0.2, "max_minutes": None})
    assert plan_of(answers).guards == {"min_coverage": 0.2}


@pytest.mark.parametrize(
    "text", ['{"lr": 0.002, "num_blocks": 3}', "lr=0.002\nnum_blocks=3\n", "lr=0.002, num_blocks=3"]
)
def test_a_production_config_may_be_json_or_lines(text: str):
    assert production_of(text, SPACE) == {"lr": 0.002, "num_blocks": 3}


def test_a_wrong_production_config_names_the_value():
    with pytest.raises(InvalidParams, match="lr=7"):
        production_of("lr=7", SPACE)
    with pytest.raises(InvalidInput, match="no JSON"):
        production_of("{lr: 7}", SPACE)


def test_the_forecast_names_three_moments_and_what_it_was_measured_on():
    view = outlook_view(TIMING, dataclasses.replace(ANSWERS, trials=5, epochs=3), 1)
    assert [row[0] for row in view.rows] == ["Baseline, three seeds", "First verdict", "All 5 trials"]
    assert view.rows[1] == ("First verdict", "≈ 28 s", "at most 28 s")
    assert "2.0 s" in view.basis and "cpu" in view.basis and view.hint == ""


def test_a_late_verdict_comes_with_what_would_bring_it_sooner():
    view = outlook_view(dataclasses.replace(TIMING, epoch_seconds=50.0), ANSWERS, 1)
    assert "With 3 epochs at most the first verdict comes in about 10 min" in view.hint


def test_a_lower_bound_is_not_sold_as_an_estimate():
    view = outlook_view(dataclasses.replace(TIMING, is_at_least=True), ANSWERS, 1)
    assert all(likely.startswith(">") and most == "" for _, likely, most in view.rows)


def test_a_measurement_on_a_busy_machine_says_so():
    assert "busy" in outlook_view(dataclasses.replace(TIMING, was_busy=True), ANSWERS, 1).basis
