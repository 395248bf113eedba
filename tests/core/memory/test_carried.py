"""What the lessons of other datasets say together of one step."""

import pytest

from core.memory.carried import USUAL_EFFECT, carried
from core.memory.warm_start import from_rules
from core.space import SearchSpace
from tests.core.agents.building import lesson_hit

USUAL = 0.04


def hit(lineage: str, effect: float | None = 0.05, **changes):
    """A rule that one dataset taught: more dropout."""
    kind = "avoid" if (effect or 0.0) < 0 else "do"
    return lesson_hit("dropout", "up", kind, lineage=lineage, effect=effect, **changes)


def test_datasets_that_agree_are_believed_more_than_one_and_those_that_differ_less():
    [one] = carried([hit("a")])
    [agree] = carried([hit("a"), hit("b"), hit("c", 0.06)])
    [differ] = carried([hit("a", 0.2), hit("b", 0.05), hit("c", -0.15)])
    assert agree.deviation(USUAL) < one.deviation(USUAL) < differ.deviation(USUAL)
    assert agree.effect == pytest.approx(0.16 / 3)
    assert differ.effect == pytest.approx(0.1 / 3)


def test_however_many_agree_another_dataset_may_still_differ_as_they_do():
    effects = [0.0, 0.1] * 30
    [many] = carried([hit(str(number), effect) for number, effect in enumerate(effects)])
    assert many.deviation(USUAL) == pytest.approx(0.05, rel=0.03), "their own spread, not their mean's error"


def test_a_dataset_that_taught_the_same_twice_speaks_once():
    twice = [hit("a", 0.02), hit("a", 0.04), hit("b", 0.09)]
    [once] = carried([hit("a", 0.03), hit("b", 0.09)])
    [found] = carried(twice)
    assert (found.effect, found.deviation(USUAL)) == pytest.approx((once.effect, once.deviation(USUAL)))
    assert found.hits == tuple(twice)


def test_what_is_like_this_dataset_and_earned_trust_weighs_more():
    [trusted] = carried([hit("a", 0.1, trust=0.9), hit("b", 0.0, trust=0.1)])
    assert trusted.effect == pytest.approx(0.09)


def test_facts_rules_of_this_data_and_rules_whose_conditions_fail_are_left_out():
    fact = lesson_hit("dropout", "up", "fact")
    own = lesson_hit("dropout", "up", level="dataset")
    assert carried([fact, own]) == ()


def test_a_rule_that_names_no_effect_has_the_usual_one():
    [found] = carried([hit("a", None)])
    assert found.effect == USUAL_EFFECT


def test_a_rule_of_a_step_that_hurt_on_the_whole_is_not_in_the_first_config():
    helped, hurt = hit("a", 0.02, id=1), hit("b", -0.2, id=2, backbone="sasrec")
    space = SearchSpace.of("sasrec")
    assert from_rules(space, [helped], carried([helped])) is not None
    assert from_rules(space, [helped], carried([helped, hurt])) is None
