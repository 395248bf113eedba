"""What the loop makes of an agent that fails, repeats itself, gives no reasons, or has nothing to say."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.agents.expert import Expert
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft
from core.loop.judging import SEED_ASKED
from core.records import Study, Trial
from core.states import StudyState, TrialState
from core.views.happening import happenings
from tests.core.loop.world import World

Turn = Callable[[Evidence], Draft | Nothing]


class Scripted:
    """Takes these turns, one for each call; the last again and again."""

    name = "scripted"

    def __init__(self, *turns: Turn) -> None:
        self.turns, self.calls = list(turns), 0

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        self.calls += 1
        return (self.turns.pop(0) if len(self.turns) > 1 else self.turns[0])(evidence)

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        return Expert().reflect(evidence, outcome)


def proposes(mechanism: str = "because", novelty: str = "new", **fields: Any) -> Turn:
    def turn(evidence: Evidence) -> Draft:
        base = evidence.space.baseline()
        axis = next(iter(fields))
        return Draft(
            params=evidence.space.complete(fields),
            changes={name: (base[name], value) for name, value in fields.items()},
            axis=axis,
            direction="up" if fields[axis] > base[axis] else "down",
            claim="it helps",
            mechanism=mechanism,
            expected=0.01,
            expected_sd=0.02,
            risk="low",
            novelty=novelty,
            falsifier="it does not",
            minutes=None,
            base_trial_id=evidence.baseline.trial.id if evidence.baseline else None,
        )

    return turn


def fails(evidence: Evidence) -> Draft:
    raise RuntimeError("out of ideas")


def nothing(evidence: Evidence) -> Nothing:
    return Nothing("all was said")


def with_agent(folder: Path, *turns: Turn) -> tuple[World, Scripted]:
    agent = Scripted(*turns)
    world = World(folder)
    world.workspace.agent_of = lambda study: agent  # type: ignore[method-assign]
    world.workspace.__dict__.pop("loop")  # it was built around another agent
    world.worker = world._worker()
    world.dataset()
    return world, agent


def told(world: World, study: Study) -> list[str]:
    return [f"{each.says}: {each.more}" for each in happenings(world.store, 50, in_full=True, study_id=study.id)]


def numbers(trials: Sequence[Trial]) -> list[int]:
    return [trial.number for trial in trials]


def test_an_agent_that_raises_is_asked_again_and_nothing_is_lost(tmp_path: Path):
    world, _ = with_agent(tmp_path, fails, fails, proposes(dropout=0.3), nothing)
    study = world.finish(world.start(trials=4))
    trials = world.store.trials.of_study(study.id)
    assert study.state is StudyState.FINISHED and numbers(trials) == [1, 2]
    assert all(trial.judged_at is not None for trial in trials)
    assert "could not go on: RuntimeError: out of ideas" in told(world, study)


def test_a_proposal_that_the_study_holds_already_is_refused_by_name_and_asked_for_anew(tmp_path: Path):
    again = proposes(dropout=0.3)
    world, agent = with_agent(tmp_path, again, again, again, proposes(dropout=0.4), nothing)
    study = world.finish(world.start(trials=5))
    assert numbers(world.store.trials.of_study(study.id)) == [1, 2, 3] and agent.calls >= 5
    assert any("proposed a config that this study holds already" in line for line in told(world, study))


def test_a_person_who_was_faster_with_the_same_config_costs_nothing(tmp_path: Path):
    world, agent = with_agent(tmp_path, nothing)
    study = world.start(autonomy="each", trials=3)

    def overtaken(evidence: Evidence) -> Draft | Nothing:
        world.deciding.queue(study, {"dropout": 0.3}, "Ada", "test")
        return proposes(dropout=0.3)(evidence)

    agent.turns = [overtaken, proposes(dropout=0.4)]
    trial = world.wait_for_proposal(study)
    assert trial.params["dropout"] == 0.4
    assert not any("could not go on" in line for line in told(world, study))


def test_several_fields_without_a_reason_ask_and_teach_nothing_about_one(tmp_path: Path):
    world, _ = with_agent(tmp_path, proposes(mechanism="", dropout=0.4, lr=0.002), nothing)
    study = world.start(autonomy="gated", trials=4)
    trial = world.wait_for_proposal(study)
    [gate] = world.store.events.newest(5, trial_id=trial.id, kind="gate fired")
    assert "2 fields change at once, and no reason is given" in gate.detail["gates"]
    world.deciding.approve(trial, "Ada", "test", accept_stale=True)
    world.finish(study)
    assert world.store.trials.get(trial.id).verdict is not None
    assert world.store.lessons.all(level="study") == []


def test_nothing_while_something_waits_is_told_once_and_the_study_goes_on(tmp_path: Path):
    world, agent = with_agent(tmp_path, proposes(dropout=0.4), nothing)
    study = world.start(autonomy="each", trials=5, parallel=2, extra_seeds=False)
    trial = world.wait_for_proposal(study)
    world.tick(20)
    said = [line for line in told(world, study) if "nothing further to propose" in line]
    assert said == ["has nothing further to propose for now: all was said"] and agent.calls > 3
    assert world.store.trials.get(trial.id).state is TrialState.PROPOSED
    world.deciding.approve(trial, "Ada", "test", accept_stale=True)
    ended = world.finish(study)
    assert ended.state is StudyState.FINISHED and world.store.trials.get(trial.id).value is not None
    assert any(line == "is coming to its end: all was said" for line in told(world, study))


def test_what_lies_close_to_a_trial_says_so_whoever_proposed_it(tmp_path: Path):
    world, _ = with_agent(tmp_path, proposes(lr=0.002), proposes(lr=0.0021), nothing)
    study = world.start(autonomy="each", parallel=2)
    world.run_until(lambda: len(world.store.trials.waiting(study.id)) == 2)
    first, second = (world.store.proposals.proposal(each.id) for each in world.store.trials.waiting(study.id))
    assert first is not None and first.novelty == "new"
    assert second is not None and second.novelty == "new; close to trial 2"


@pytest.mark.parametrize("autonomy", ["each", "gated"])
def test_no_seed_is_asked_for_in_a_study_that_adds_none(tmp_path: Path, autonomy: str):
    world = World(tmp_path, _a_little)
    world.dataset()
    study = world.start(autonomy=autonomy, extra_seeds=False)
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    trial = world.deciding.queue(study, {"dropout": 0.4}, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    assert world.store.events.newest(5, trial_id=trial.id, kind=SEED_ASKED) == []


def _a_little(params: Mapping[str, Any]) -> float:
    return 0.03 if params["dropout"] == 0.4 else 0.0
