"""Trials side by side and two studies at equal time, computed from scripted studies."""

from dataclasses import replace

import pytest

from core.errors import InvalidInput
from core.records import Study
from core.states import Verdict
from core.views.compare import comparable, in_sight, race, reading, side_by_side, usual
from core.views.curves import Curves, Line, only, smoothed
from core.views.insight import MOST_RACERS, racing, rivals
from tests.core.loop.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An expert's study of four trials where dropout matters, a random one of two, and one on other data."""
    built = World(tmp_path_factory.mktemp("home"))
    built.dataset()
    built.finish(built.start(trials=4, name="expert", extra_seeds=False))
    built.finish(built.start(trials=2, name="chance", agent="random", extra_seeds=False))
    built.dataset("other")
    built.start("other", name="elsewhere")
    return built


@pytest.fixture
def expert(world: World) -> Study:
    return world.store.studies.get("expert")


def test_only_fields_that_differ_are_marked(world: World, expert: Study):
    seen = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 1)
    trials = [world.store.trials.by_number(expert.id, number) for number in (1, 2)]
    differing = {name for name in trials[0].params if trials[0].params[name] != trials[1].params[name]}
    assert {field.name for field in seen.fields if field.differs} == differing and differing
    assert [column.number for column in seen.columns] == [1, 2] and seen.columns[0].seeds == "3"


def test_the_interval_against_the_incumbent_of_then_is_that_of_the_verdict(world: World, expert: Study):
    judged = world.store.trials.by_number(expert.id, 2)
    assert judged.comparison is not None and judged.comparison["against"] == 1
    [beside] = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 1).beside
    assert beside.comparison is not None and beside.comparison.difference == judged.comparison["difference"]


def test_the_other_way_round_the_sign_turns(world: World, expert: Study):
    [there] = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 1).beside
    [back] = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 2).beside
    assert there.comparison is not None and back.comparison is not None
    assert back.number == 1 and back.comparison.difference == pytest.approx(-there.comparison.difference)


def test_one_trial_or_seven_cannot_be_compared(world: World, expert: Study):
    for numbers in ((1,), tuple(range(1, 8))):
        with pytest.raises(InvalidInput, match="choose 2 to 6"):
            side_by_side(world.store, world.workspace.artifacts, expert, numbers, 1)


def test_it_begins_with_the_baseline_and_the_current_best(world: World, expert: Study):
    valued = comparable(world.store, expert)
    best = next(trial.number for trial in valued if trial.id == expert.incumbent_id)
    assert {1, best} <= set(usual(expert, valued)) and len(usual(expert, valued)) >= 2


def test_each_trial_is_named_by_what_sets_it_apart_from_the_reference(world: World, expert: Study):
    seen = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 1)
    [field] = [field for field in seen.fields if field.differs]
    assert seen.labels == {1: "1 reference", 2: f"2 · {field.name} {field.values[1]}"}


def test_the_difference_is_read_in_one_sentence(world: World, expert: Study):
    seen = side_by_side(world.store, world.workspace.artifacts, expert, (1, 2), 1)
    [beside] = seen.beside
    assert beside.comparison is not None
    judged = replace(beside.comparison, difference=-0.0191, low=-0.0291, high=-0.0091)

    def read(verdict: Verdict) -> str:
        return reading(replace(seen, beside=(replace(beside, comparison=replace(judged, verdict=verdict)),)))

    assert read(Verdict.NOT_BETTER) == "Against trial 1, trial 2 is behind by 0.0191 ± 0.0100."
    assert read(Verdict.INCONCLUSIVE) == "Against trial 1, trial 2 is not told apart (−0.0191 ± 0.0100)."


def test_trials_in_the_archive_are_offered_only_when_asked_for(world: World, expert: Study):
    first, second, *_ = comparable(world.store, expert)
    shelved = [first, replace(second, archived_at=1.0)]
    assert in_sight(shelved, ()) == [first] and in_sight(shelved, [second.number]) == shelved


def test_every_rival_can_be_chosen_though_few_fit_one_chart(tmp_path):
    world = World(tmp_path)
    world.dataset()
    studies = [world.start(name=f"study {index}") for index in range(MOST_RACERS + 2)]
    assert [each.id for each in rivals(world.store, studies[0])] == [each.id for each in reversed(studies[1:])]
    assert len(racing(world.store, studies[0])) == MOST_RACERS


def test_two_studies_are_compared_at_the_time_both_have_reached(world: World, expert: Study):
    chance = world.store.studies.get("chance")
    seen = race(world.store, world.workspace.artifacts, expert, chance)
    assert seen.minutes == pytest.approx(min(racer.minutes[-1] for racer in seen.racers))
    assert seen.theirs.trials == 2 and seen.ours.trials <= 4
    assert seen.comparison.difference == pytest.approx(seen.ours.value - seen.theirs.value)


def test_studies_under_different_protocols_are_never_compared(world: World, expert: Study):
    with pytest.raises(InvalidInput, match="never compared"):
        race(world.store, world.workspace.artifacts, expert, world.store.studies.get("elsewhere"))


def test_smoothing_pulls_each_epoch_towards_those_before_it_and_drops_the_band():
    line = Line(
        1, "chosen", "1", False, (1, 2, 3), (0.1, 0.2, 0.3), (0.0, 1.0, 1.0), (0.0,) * 3, (1.0,) * 3, (None,) * 3
    )
    other = replace(line, number=2)
    whole = Curves((line, other), None, None)
    [shown] = smoothed(only(whole, [1]), 0.5).lines
    assert shown.number == 1 and shown.validation == (0.0, 0.5, 0.75) and shown.low == ()
    assert smoothed(whole, 0.0) == whole
