"""What makes a gated study ask, and who decides after the mode was changed."""

from dataclasses import replace
from typing import Any

import pytest

from core.agents.expert import Expert
from core.agents.llm.telling import axes_data
from core.agents.protocol import Draft, Evidence
from core.agents.tried import axes_tried
from core.errors import InvalidInput
from core.loop.gates import GATES, fired, gates_of
from core.states import Autonomy, TrialState
from core.studies.study_editing import edit_settings
from tests.core.agents.building import SPACE, baseline, evidence, lesson_hit, step, view
from tests.core.loop.world import World


def draft(**changes: Any) -> Draft:
    """The expert's draft with other fields; `changes` may hold `axis` with its before and after."""
    made = Expert().propose(evidence())
    assert made is not None
    if "change" in changes:
        axis, before, after = changes.pop("change")
        changes = {"risk": "low", **changes, "axis": axis, "changes": {axis: (before, after)}}
    return Draft(**{**vars(made), **changes})


def reasons(proposed: Draft, known: Evidence) -> list[str]:
    return [each.why for each in fired(proposed, known)]


TRIED = step(2, "dropout", 0.3)


@pytest.mark.parametrize(
    ("proposed", "known", "says"),
    [
        (draft(change=("dropout", 0.2, 0.4), minutes=9.0), evidence(TRIED), "4.5 times the baseline"),
        (draft(change=("loss", "sampled_softmax", "gbce")), evidence(), "changes the structure"),
        (draft(change=("dropout", 0.2, 0.4)), evidence(), "dropout was never tried in this study"),
        (draft(change=("ffn", "relu", "swiglu")), evidence(step(2, "ffn", "gelu")), "ffn = swiglu was never tried"),
        (
            draft(change=("dropout", 0.2, 0.4)),
            evidence(TRIED, hits=[lesson_hit("dropout", "up", "avoid")]),
            "lesson 7 says otherwise",
        ),
        (draft(change=("dropout", 0.2, 0.4)), evidence(TRIED, ask_for=("dropout",)), "always asks for"),
        (draft(change=("dropout", 0.2, 0.4), risk="high: may diverge"), evidence(TRIED), "risk is high: may diverge"),
    ],
)
def test_each_gate_asks_with_its_reason(proposed, known, says):
    assert [reason for reason in reasons(proposed, known) if says in reason]


TRIPPING = {
    "cost": (draft(change=("dropout", 0.2, 0.4), minutes=9.0), evidence(TRIED)),
    "several": (
        replace(draft(change=("dropout", 0.2, 0.4)), changes={"dropout": (0.2, 0.4), "lr": (1e-3, 2e-3)}, mechanism=""),
        evidence(TRIED, step(3, "lr", 0.002)),
    ),
    "structure": (draft(change=("loss", "sampled_softmax", "gbce")), evidence(step(2, "loss", "gbce"))),
    "risk": (draft(change=("dropout", 0.2, 0.4), risk="high: may diverge"), evidence(TRIED)),
    "novelty": (draft(change=("dropout", 0.2, 0.4)), evidence()),
    "conflict": (draft(change=("dropout", 0.2, 0.4)), evidence(TRIED, hits=[lesson_hit("dropout", "up", "avoid")])),
}


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_is_switched_off_asks_no_more_and_the_others_still_do(gate: str):
    proposed, known = TRIPPING[gate]
    assert {each.gate for each in fired(proposed, known)} == {gate}
    off = replace(known, study=replace(known.study, gates_off=(gate,)))
    assert fired(proposed, off) == []
    others = tuple(name for name in GATES if name != gate)
    assert fired(proposed, replace(known, study=replace(known.study, gates_off=others)))


def test_a_named_field_asks_with_every_gate_off():
    known = evidence(TRIED, ask_for=("dropout",), gates_off=tuple(GATES))
    assert reasons(draft(change=("dropout", 0.2, 0.4)), known) == ["dropout is a field that this study always asks for"]


def test_a_gated_study_with_its_gates_off_runs_by_itself(world: World):
    study = world.start(autonomy="gated", trials=3, gates_off=list(GATES))
    world.finish(study)
    assert not [e for e in world.store.events.newest(200, study_id=study.id) if e.kind == "gate fired"]


def test_a_waiting_proposal_no_longer_says_it_asks_by_a_gate_that_went_off(world: World):
    study = world.start(autonomy="gated")
    trial = world.wait_for_proposal(study)
    assert gates_of(world.store, world.store.studies.get(study.id), trial)
    edited = switch(world, study, gates_off=["novelty", "structure", "risk", "conflict"])
    assert gates_of(world.store, edited, trial) == []
    assert world.store.trials.get(trial.id).waits  # it stays with the person
    switch(world, study, autonomy="each")
    switch(world, study, autonomy="gated")
    assert not world.store.trials.get(trial.id).waits


def test_a_small_step_on_a_tried_axis_asks_nobody():
    assert reasons(draft(change=("dropout", 0.2, 0.4), minutes=2.0), evidence(TRIED)) == []


def test_an_axis_that_a_lesson_speaks_of_is_not_new():
    known = evidence(baseline(), hits=[lesson_hit("dropout", "up")])
    assert reasons(draft(change=("dropout", 0.2, 0.4)), known) == []


DROPOUT_UP = draft(change=("dropout", 0.2, 0.4))


@pytest.mark.parametrize("state", [TrialState.VETOED, TrialState.EXPIRED, TrialState.CANCELLED, TrialState.PROPOSED])
def test_what_never_ran_tried_nothing(state: TrialState):
    seen = step(2, "dropout", 0.3)
    known = evidence(replace(seen, trial=replace(seen.trial, state=state)))
    assert any("dropout was never tried" in reason for reason in reasons(DROPOUT_UP, known))
    assert "dropout" not in axes_data(known)


def test_an_edited_trial_tried_what_a_person_made_of_it():
    seen = step(2, "lr", 0.002)
    ran = SPACE.complete({"dropout": 0.3})
    known = evidence(replace(seen, trial=replace(seen.trial, params=ran), decisions=("edit",)))
    assert axes_tried(known) == {"dropout": [2]}
    assert reasons(DROPOUT_UP, known) == []


def test_a_persons_own_config_counts_as_tried():
    known = evidence(view(2, SPACE.complete({"dropout": 0.3}), kind="person"))
    assert axes_tried(known) == {"dropout": [2]} and reasons(DROPOUT_UP, known) == []


@pytest.mark.parametrize(
    ("change", "lesson"),
    [
        (("dropout", 0.2, 0.4), lesson_hit("dropout", "down", "do")),
        (("dropout", 0.2, 0.4), lesson_hit("dropout", "up", "avoid")),
        (("ffn", "relu", "gelu"), lesson_hit("ffn", "swiglu", "do")),
    ],
)
def test_a_lesson_for_another_way_asks_shown_or_held_back(change, lesson):
    tried = step(2, change[0], change[2])
    for known in (evidence(tried, hits=[lesson]), replace(evidence(tried), held_back=(lesson,))):
        assert [reason for reason in reasons(draft(change=change), known) if "lesson 7 says otherwise" in reason]


@pytest.mark.parametrize(
    "lesson", [lesson_hit("dropout", "up", "do"), lesson_hit("dropout", "down", "avoid"), lesson_hit("lr", "down")]
)
def test_a_lesson_that_agrees_or_speaks_of_another_field_does_not_ask(lesson):
    assert reasons(DROPOUT_UP, evidence(TRIED, hits=[lesson])) == []


def test_while_the_baseline_runs_the_cost_is_judged_by_what_is_believed():
    known = evidence(replace(baseline(), runs=()), step(2, "negatives", 512))
    heavy = draft(change=("negative_sharing", "block", "position"), minutes=None)
    heavy = replace(heavy, params=SPACE.complete({"negative_sharing": "position"}))
    assert [reason for reason in reasons(heavy, known) if "5.0 times the baseline" in reason]


def test_a_gated_study_asks_for_a_named_field_and_keeps_why(world: World):
    study = world.start(autonomy="gated", ask_for=["dropout", "hidden_dim", "lr"])
    trial = world.wait_for_proposal(study)
    noted = next(e for e in world.store.events.newest(50, trial_id=trial.id) if e.kind == "gate fired")
    proposal = world.store.proposals.proposal(trial.id)
    assert proposal is not None and noted.detail["gates"]


def test_a_field_that_does_not_exist_cannot_be_asked_for(world: World):
    with pytest.raises(InvalidInput, match="warp: no field of sasrec"):
        world.start(ask_for=["warp"])


def switch(world: World, study, **changes: Any):
    now = world.store.studies.get(study.id)
    return edit_settings(world.store, now, world.store.studies.revision(study.id), changes, "Ada")


def test_autopilot_approves_what_waits_already_and_says_who_switched(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    switch(world, study, autonomy="autopilot")
    (decision,) = world.store.trials.decisions(trial.id)
    assert (decision.kind, decision.actor, decision.reason) == (
        "approve",
        "autopilot",
        "since Ada set the study to autopilot",
    )


def test_what_was_proposed_in_the_moment_of_the_switch_does_not_wait_for_ever(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    world.store.studies.edit(study.id, 1, {"autonomy": "autopilot"}, "Ada")  # as if the planner had read it before
    world.tick(2)
    assert world.store.trials.get(trial.id).state is TrialState.APPROVED


def test_gated_leaves_what_tripped_a_gate_to_the_person(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    switch(world, study, autonomy="gated")
    assert world.store.trials.get(trial.id).waits  # the first change of a study is new to it


def test_window_gives_what_waits_a_deadline_and_each_takes_it_away(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    switch(world, study, autonomy="window", deadline_seconds=600.0)
    assert world.store.trials.get(trial.id).deadline_at == world.clock.now() + 600.0
    switch(world, study, autonomy="each", deadline_seconds=None)
    world.tick(5, seconds=1000.0)
    assert world.store.trials.get(trial.id).state is TrialState.PROPOSED


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"autonomy": "never"}, "autonomy 'never' does not exist"),
        ({"max_trials": 0}, "max_trials=0 is too small"),
        ({"parallel": 99}, "parallel=99: give 1 to 16"),
        ({"ask_for": ["warp"]}, "warp: no field"),
        ({"gates_off": ["warp"]}, "no gate is called warp; there are cost, several"),
        ({"max_epochs": 0}, "max_epochs=0 is too small; give at least 1"),
        ({"guards": {"speed": 1.0}}, "no guard is called 'speed'; there are min_coverage"),
        ({"guards": {"max_minutes": float("nan")}}, "guard max_minutes=nan must be a number of at least 0"),
        ({"caps": {"calls": 3}}, "nothing called 'calls' can be capped; there are minutes"),
        ({"caps": {"minutes": 0}}, "cap minutes=0 must be a number above 0; leave it out"),
        ({"deadline_seconds": -1.0}, "no time to decide in"),
    ],
)
def test_settings_that_cannot_be_change_nothing(world: World, changes, says):
    study = world.start(autonomy="each")
    with pytest.raises(InvalidInput, match=says):
        switch(world, study, **changes)
    assert world.store.studies.revision(study.id) == 1


def test_every_mode_can_follow_every_other(world: World):
    study = world.start(autonomy="each")
    for mode in [*Autonomy, *reversed(Autonomy)]:
        assert switch(world, study, autonomy=mode).autonomy is mode
