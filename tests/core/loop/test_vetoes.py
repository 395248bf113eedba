"""What was vetoed is not proposed again, nor what lies beyond it; what is nearly a duplicate is told."""

from typing import Any

import pytest

from core.agents.expert.instructions import read
from core.agents.tried import near
from core.loop.vetoes import instructed, standing_vetoes, without_vetoed
from core.records import Study, Trial
from core.space import SearchSpace
from core.states import TrialState
from tests.core.agents.building import SPACE, view
from tests.core.loop.world import World, classic_space


def steps_taken(world: World, study: Study, many: int) -> list[tuple[str, str]]:
    """Axis and direction of the next proposals, each approved."""
    found = []
    for _ in range(many):
        trial = world.wait_for_proposal(study)
        proposal = world.store.proposals.proposal(trial.id)
        assert proposal is not None
        found += [(axis, "up" if after > before else "down") for axis, (before, after) in proposal.changes.items()]
        world.deciding.approve(trial, "Ada", "test", accept_stale=True)
        world.run_until(lambda: not any(each.judged_at is None for each in approved(world, study)))
    return found


def approved(world: World, study: Study) -> list[Trial]:
    return [trial for trial in world.store.trials.of_study(study.id) if trial.state is TrialState.APPROVED]


def propose(world: World, study: Study, novelty: str = "", **change: Any) -> Trial:
    """A proposal of one changed field, as an agent would write it."""
    [(axis, after)] = change.items()
    space = SearchSpace.from_json(study.space)
    before = space.baseline()[axis]
    is_number = isinstance(after, int | float) and not isinstance(after, bool)
    frozen = {
        "author": "expert",
        "changes": {axis: [before, after]},
        "axis": axis,
        "direction": ("up" if after > before else "down") if is_number else str(after),
        **dict.fromkeys(("claim", "mechanism", "risk", "falsifier"), ""),
        "novelty": novelty,
        "expected": {"relative": None, "relative_sd": None, "absolute": None, "absolute_sd": None},
        "cost": {"minutes": None, "seeds": 1, "money": 0.0},
        "base_trial_id": None,
    }
    return world.store.proposals.propose(study, space.complete({axis: after}), (study.seed,), frozen)


def vetoed(world: World, study: Study, **change: Any) -> Trial:
    return world.deciding.veto(propose(world, study, **change), "not this way", "Ada", "test")


def told_to_agents(world: World, study: Study) -> Study:
    return world.workspace.gathering.evidence(world.store.studies.get(study.id)).study


def axes_vetoed(world: World, study: Study) -> set[str]:
    return {veto.axis for veto in standing_vetoes(world.store, study, world.store.trials.of_study(study.id))}


def test_a_vetoed_step_is_never_proposed_again_nor_one_beyond_it(world: World):
    space = classic_space()
    for name in [name for name in space.searched if name not in ("hidden_dim", "dropout")]:
        space = space.fix(name, space.declared[name].default)
    study = world.start(autonomy="each", trials=20, space=space)
    vetoed(world, study, hidden_dim=128)
    taken = steps_taken(world, study, 3)
    assert taken and ("hidden_dim", "up") not in taken
    waiting = world.store.trials.of_study(study.id)[-1]
    told = [world.store.proposals.proposal(trial.id) for trial in (waiting, world.store.trials.by_number(study.id, 3))]
    assert any(each and "As vetoed, it leaves alone: hidden_dim (up)." in each.mechanism for each in told)
    assert not any(each and "As instructed" in each.mechanism for each in told)


def test_instructions_and_vetoes_are_told_together_and_kept_apart_in_the_record(world: World):
    study = world.start(autonomy="each", instructions="do not touch lr")
    trial = vetoed(world, study, hidden_dim=128)
    told = told_to_agents(world, study).instructions
    assert told == f"do not touch lr;\nvetoed in trial {trial.number}: do not raise hidden_dim"
    assert read(told, SPACE.declared).forbidden == {("lr", ""), ("hidden_dim", "up")}
    assert world.store.studies.get(study.id).instructions == "do not touch lr"


@pytest.mark.parametrize(
    ("change", "forbidden"),
    [
        ({"ffn": "swiglu"}, ("ffn", "swiglu")),
        ({"tied_embeddings": False}, ("tied_embeddings", "")),
        ({"dropout": 0.1}, ("dropout", "down")),
    ],
)
def test_options_flags_and_lower_values_are_refused_alike(world: World, change, forbidden):
    study = world.start(autonomy="each")
    vetoed(world, study, **change)
    assert read(told_to_agents(world, study).instructions, SPACE.declared).forbidden == {forbidden}


def test_an_option_that_no_wish_can_name_leaves_the_space_that_agents_see(world: World):
    study = world.start(autonomy="each", space=classic_space().search("priors"))
    vetoed(world, study, priors="all")
    seen = world.workspace.gathering.evidence(study)
    assert "all" not in seen.space.searched["priors"].options and seen.study.instructions == ""
    assert "all" in SearchSpace.from_json(world.store.studies.get(study.id).space).searched["priors"].options
    trials = world.store.trials.of_study(study.id)
    vetoes = standing_vetoes(world.store, study, trials)
    ran = [*trials, view(9, SPACE.complete({"priors": "all"})).trial]
    assert "all" in without_vetoed(SPACE, vetoes, ran).searched["priors"].options


def test_a_later_instruction_or_a_trial_of_ones_own_lifts_a_veto(world: World):
    study = world.start(autonomy="each", instructions="avoid num_blocks")
    for change in ({"hidden_dim": 128}, {"dropout": 0.4}, {"num_blocks": 3}):
        vetoed(world, study, **change)
    world.tick()
    assert axes_vetoed(world, study) == {"hidden_dim", "dropout", "num_blocks"}
    world.deciding.queue(study, {"hidden_dim": 256}, "Ada", "test")
    revision = world.store.studies.revision(study.id)
    now = world.store.studies.edit(study.id, revision, {"instructions": "dropout may rise"}, "Ada")
    assert axes_vetoed(world, now) == {"num_blocks"}


def test_a_veto_of_several_fields_refuses_that_config_alone(world: World):
    study = world.start(autonomy="each", agent="random")
    trial = world.wait_for_proposal(study)
    world.deciding.veto(trial, "no", "Ada", "test")
    assert world.store.trials.get(trial.id).state is TrialState.VETOED
    assert axes_vetoed(world, study) == set()
    assert instructed(study, (), SPACE.declared) == study


def test_a_number_within_a_tenth_of_a_trials_is_close_to_it():
    known = [view(2, SPACE.complete({"lr": 0.002})).trial]
    assert near(known, SPACE.complete({"lr": 0.0021})) == 2
    assert near(known, SPACE.complete({"lr": 0.003})) is None
    assert near(known, SPACE.complete({"lr": 0.0021, "dropout": 0.3})) is None
    assert near([view(2, SPACE.complete({"lr": 0.002}), state=TrialState.EXPIRED).trial], known[0].params) is None
