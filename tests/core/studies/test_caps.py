"""What a study may take at most: checked, held before the next trial, never in the middle of one."""

from dataclasses import replace

import pytest

from core.errors import Conflict, InvalidInput
from core.records import Study
from core.settings import ModelLimits
from core.states import RunState, StudyState, TrialState
from core.studies.caps import check_caps, minutes_of, within
from core.studies.study_editing import edit_settings
from tests.core.loop.conftest import world as world
from tests.core.loop.world import World

RUN = 3.5 / 60  # minutes: seven epochs of half a second


@pytest.mark.parametrize(
    ("caps", "says"),
    [
        ({"calls": 9}, "'calls' can be capped; there are minutes, tokens, money"),
        ({"minutes": 0}, "minutes=0 must be a number above 0; leave it out for no cap"),
        ({"tokens": float("nan")}, "tokens=nan must be a number above 0"),
        ({"money": "much"}, "money='much' must be a number above 0"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(caps, says):
    with pytest.raises(InvalidInput, match=says):
        check_caps(caps)


def test_the_lower_of_the_programs_limit_and_the_studys_own_cap_holds():
    program = ModelLimits(tokens=1000, money=2.0)
    assert within(program, {}) == program
    assert within(program, {"tokens": 5000, "money": 9.0}) == program
    own = within(program, {"tokens": 300, "money": 0.5})
    assert (own.tokens, own.money, own.calls) == (300, 0.5, program.calls)
    assert within(replace(program, money=None), {"money": 0.5}).money == 0.5


def test_a_study_ends_in_good_order_before_a_trial_that_could_pass_its_minutes(world: World):
    study = world.finish(world.start(trials=6, extra_seeds=False, caps={"minutes": 5.5 * RUN}))
    trials = world.store.trials.of_study(study.id)
    assert len(trials) == 3  # the baseline with three seeds, and two more runs; the sixth run would not fit
    assert study.state is StudyState.FINISHED and study.recommended_id is not None
    runs = world.store.runs.of_study(study.id)
    assert {run.state for run in runs} == {RunState.COMPLETE}
    assert {run.purpose for run in runs} == {"trial", "fresh"}  # the final figure comes on top
    assert sum(run.seconds for run in runs if run.purpose != "fresh") / 60 <= 5.5 * RUN
    (stopped,) = [e for e in world.store.events.newest(200, study_id=study.id) if e.kind == "study stopping"]
    assert stopped.detail["reason"] == (
        "its cap on training leaves no room for a further run: 18 s of 19 s of training are used, "
        "and a run takes about 4 s"
    )


def test_a_baseline_above_the_cap_runs_to_its_end_and_nothing_follows(world: World):
    study = world.finish(world.start(caps={"minutes": RUN / 10}))
    (baseline,) = world.store.trials.of_study(study.id)
    assert baseline.value is not None and study.state is StudyState.FINISHED


def test_without_a_cap_on_minutes_nothing_is_counted(world: World):
    study = world.start(caps={"tokens": 10.0})
    assert minutes_of(world.store, study) is None
    assert world.store.studies.get(study.id).caps == {"tokens": 10}


def full(world: World) -> Study:
    """A study whose cap went below what is used while a proposal waits and a trial runs."""
    study = world.start(autonomy="each", trials=6, extra_seeds=False)
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    world.wait_for_proposal(study)
    world.deciding.queue(study, {"dropout": 0.33}, "Ada", "test")
    revision = world.store.studies.revision(study.id)
    return edit_settings(world.store, study, revision, {"caps": {"minutes": 4.5 * RUN}}, "Ada")


def test_no_person_queues_a_run_beyond_the_cap_and_each_is_told_the_way_out(world: World):
    study = full(world)
    (waiting,) = world.store.trials.waiting(study.id)
    baseline = world.store.trials.of_study(study.id)[0]
    for act in (
        lambda: world.deciding.approve(waiting, "Ada", "test"),
        lambda: world.deciding.edit(waiting, {"dropout": 0.41}, "Ada", "test"),
        lambda: world.deciding.queue(study, {"dropout": 0.45}, "Ada", "test"),
        lambda: world.deciding.add_seeds(baseline, 1, "Ada", "test"),
    ):
        with pytest.raises(Conflict, match=f"raise the cap in its settings .python -m core settings {study.id} --cap"):
            act()
    assert world.store.trials.get(waiting.id).waits
    edit_settings(world.store, study, world.store.studies.revision(study.id), {"caps": {}}, "Ada")
    assert world.deciding.approve(waiting, "Ada", "test").state is TrialState.APPROVED


def test_neither_autopilot_nor_a_deadline_passes_the_cap_and_what_runs_is_not_lost(world: World):
    study = full(world)
    (waiting,) = world.store.trials.waiting(study.id)
    revision = world.store.studies.revision(study.id)
    edit_settings(world.store, study, revision, {"autonomy": "autopilot"}, "Ada")
    ended = world.finish(study)
    assert world.store.trials.get(waiting.id).state in (TrialState.EXPIRED, TrialState.CANCELLED)
    own = next(t for t in world.store.trials.of_study(study.id) if t.kind == "person")
    assert own.value is not None and ended.state is StudyState.FINISHED


def test_a_window_that_closes_without_room_lets_the_proposal_expire(world: World):
    study = full(world)
    (waiting,) = world.store.trials.waiting(study.id)
    revision = world.store.studies.revision(study.id)
    edit_settings(world.store, study, revision, {"autonomy": "window", "deadline_seconds": 1.0}, "Ada")
    world.run_until(lambda: not world.store.trials.get(waiting.id).waits)
    (decision,) = world.store.trials.decisions(waiting.id)
    assert decision.kind == "expire" and "leaves no room" in decision.reason
