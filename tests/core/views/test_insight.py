"""What a study taught about itself, computed from scripted studies: race, axes, calibration, A/A, landscape."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.agents.names import STEPPED_IN
from core.calibration import calibrations
from core.views.insight import Insight, calibration, insight, racing
from core.views.landscape import EDF, FEWEST, KINDS, PARALLEL, drawn, landscape, landscape_key
from tests.core.loop.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An expert's study of ten trials where dropout matters, and a random one of three on the same data."""
    built = World(tmp_path_factory.mktemp("home"))
    built.dataset()
    built.finish(built.start(trials=10, name="expert"))
    built.finish(built.start(trials=3, name="chance", agent="random"))
    return built


@pytest.fixture(scope="module")
def seen(world: World) -> Insight:
    return insight(world.store, world.workspace.artifacts, world.store.studies.get("expert"))


def test_only_studies_of_one_protocol_race_each_other(world: World, seen: Insight):
    assert [racer.name for racer in seen.racers] == ["expert", "chance"]
    assert seen.racers[0].is_this and seen.racers[1].agent == "random search"
    world.dataset("other")
    other = world.start("other", name="elsewhere")
    assert [study.name for study in racing(world.store, other)] == ["elsewhere"]


def test_the_line_of_a_race_never_falls_and_its_minutes_are_those_of_training(world: World, seen: Insight):
    racer = seen.racers[0]
    assert list(racer.values) == sorted(racer.values) and list(racer.minutes) == sorted(racer.minutes)
    study = world.store.studies.get("expert")
    spent = sum(run.seconds for run in world.store.runs.of_study(study.id) if run.purpose != "fresh")
    assert racer.minutes[-1] == pytest.approx(spent / 60)
    assert racer.gain is not None and racer.per_minute == pytest.approx(racer.gain * 100 / racer.minutes[-1])


def test_an_axis_counts_the_trials_that_moved_it_by_their_verdicts(seen: Insight):
    dropout = next(axis for axis in seen.axes if axis.name == "dropout")
    assert dropout.tried >= 1 and dropout.better >= 1
    assert dropout.tried >= dropout.better + dropout.not_better + dropout.inconclusive
    assert seen.axes[-1].tried == 0  # an expert of ten trials has not looked everywhere


def test_the_page_and_the_command_line_have_one_calibration(world: World, seen: Insight):
    (own,) = calibrations(world.store, 1)
    claims = seen.calibration.claims
    assert claims and [claim.number for claim in claims] == [point.trial for point in own.points]
    assert (seen.calibration.share, seen.calibration.bias) == (own.hit_rate, own.bias)
    for claim in claims:
        trial = world.store.trials.by_number(1, claim.number)
        proposal = world.store.proposals.proposal(trial.id)
        assert proposal is not None and trial.step_comparison is not None
        assert claim.predicted == pytest.approx(proposal.expected["absolute"])
        assert claim.observed == pytest.approx(trial.step_comparison["difference"])
        assert claim.low == pytest.approx(trial.step_comparison["low"])


def test_whoever_stepped_in_for_the_agent_and_pruned_trials_are_told_apart(world: World):
    study = world.store.studies.get("expert")
    trials = world.store.trials.of_study(study.id)
    proposals = world.store.listings.proposals([trial.id for trial in trials])
    first, *others = calibration(study, trials, proposals).claims
    of_first = next(trial for trial in trials if trial.number == first.number)
    stepped_in = {**proposals, of_first.id: replace(proposals[of_first.id], author=STEPPED_IN)}
    seen = calibration(study, trials, stepped_in)
    assert list(seen.claims) == others and "1 inside" in seen.beside
    pruned = replace(of_first, step_comparison={**(of_first.step_comparison or {}), "epoch": 3})
    left = [pruned if trial.id == of_first.id else trial for trial in trials]
    assert list(calibration(study, left, proposals).claims) == others


def test_a_sampler_claims_nothing(world: World):
    found = insight(world.store, world.workspace.artifacts, world.store.studies.get("chance")).calibration
    assert found.claims == () and found.share is None


def test_the_baselines_seeds_against_each_other_are_inconclusive(seen: Insight):
    assert len(seen.pairs) >= 3 and {str(pair.comparison.verdict) for pair in seen.pairs} == {"inconclusive"}


def test_pairs_are_named_by_their_seeds_and_fresh_ones_as_such(world: World, seen: Insight):
    labels = [pair.label for pair in seen.pairs]
    assert labels[0] == "seed 1 – seed 2" and not any("1001" in label for label in labels)
    fresh = [label for label in labels if "fresh" in label]
    assert bool(fresh) == any(run.purpose == "fresh" for run in world.store.runs.of_study(seen.study.id))


def test_importance_is_computed_again_only_when_a_value_or_the_space_changed(world: World, seen: Insight):
    trials = world.store.trials.of_study(seen.study.id)
    key = landscape_key(seen.study, trials)
    assert landscape_key(seen.study, [replace(trial, note="seen") for trial in trials]) == key
    assert landscape_key(seen.study, [replace(trials[0], value=0.9), *trials[1:]]) != key
    assert landscape_key(replace(seen.study, space_version=2), trials) != key


def test_before_two_seeds_have_ended_the_a_a_test_says_what_it_needs(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    found = insight(world.store, world.workspace.artifacts, world.start())
    assert found.pairs == () and "two seeds" in found.problem and found.racers[0].values == ()


def test_a_landscape_waits_for_enough_trials_and_says_how_many(world: World):
    study = world.store.studies.get("chance")
    trials = world.store.trials.of_study(study.id)
    found = landscape(study, trials)
    assert found.missing == FEWEST - sum(trial.value is not None for trial in trials) > 0
    assert found.importance == ()


def test_importance_holds_the_axes_that_vary_and_every_plot_can_be_drawn(world: World):
    study = world.store.studies.get("expert")
    found = landscape(study, world.store.trials.of_study(study.id))
    assert found.missing == 0 and "dropout" in found.axes
    assert all(len({str(trial.params[name]) for trial in found.trials}) > 1 for name in found.axes)
    assert sum(share for _, share in found.importance) == pytest.approx(1.0)
    for kind in KINDS:
        assert len(drawn(found, kind, found.axes[:2]).data) >= 1
    assert drawn(found, EDF, ()).data and drawn(found, PARALLEL, found.axes[:1]).data


def test_of_a_large_study_an_even_part_is_read_and_the_best_is_in_it(world: World, monkeypatch: pytest.MonkeyPatch):
    study = world.store.studies.get("expert")
    trials = world.store.trials.of_study(study.id)
    whole = landscape(study, trials)
    monkeypatch.setattr("core.views.landscape.MOST_TRIALS", 5)
    part = landscape(study, trials)
    assert len(part.trials) in (4, 5) and part.valued == whole.valued == len(whole.trials)
    assert (part.trials[0], part.trials[-1]) == (whole.trials[0], whole.trials[-1])
    assert max(whole.trials, key=lambda trial: trial.value or 0.0) in part.trials
    assert whole.counted == f"{whole.valued} trials with a value"
    assert part.counted.startswith(f"{len(part.trials)} of {whole.valued} trials")


def test_a_gain_for_a_dollar_needs_a_bill(world: World, seen: Insight):
    assert seen.racers[0].money == 0 and seen.racers[0].per_dollar is None
    priced = replace(seen.racers[0], gain=0.3, money=0.15)
    assert priced.per_dollar == pytest.approx(200.0)
