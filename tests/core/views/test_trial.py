"""What a trial's card tells of its history."""

from core.views.trial import trial_view
from tests.core.loop.world import World


def test_a_cancelled_trial_says_who_ended_it_and_why(tmp_path):
    world = World(tmp_path)
    world.dataset()
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    world.store.trials.cancel(trial, "Ada", "the shop is closed")
    last = trial_view(world.store, world.store.studies.get(study.id), trial.number).history[-1]
    assert (last.did, last.actor, last.reason) == ("cancelled", "Ada", "the shop is closed")
