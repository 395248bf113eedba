"""Pruned trials, gates, and settings in mid-study, on the Study and New study pages."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.states import RunState
from core.workspace import Workspace
from tests.core.loop.test_vetoes import propose, vetoed
from tests.pages.scripted import ScriptedHome
from tests.pages.test_study import button, text

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


def test_a_pruned_trial_says_where_and_why_and_can_be_run_to_its_end(open_page: Open, home: Workspace):
    story = ScriptedHome(home, surface=lambda params: -2.0 if params["dropout"] < 0.1 else 0.0)
    story.dataset()
    study = story.start(autonomy="each")
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    trial = story.deciding.queue(study, {"dropout": 0.0}, "Ada", "test")
    story.run_until(lambda: story.store.trials.get(trial.id).judged_at is not None)
    (run,) = story.store.runs.of_trial(trial.id)
    page = open_page("study", {"study": study.id, "trial": trial.number})
    said = text(page)
    assert f"Trial {trial.number} was pruned" in said and "Pruned: by epoch 3" in said
    assert button(page, f"retry-{run.id}").label == "Run it to its end"
    button(page, f"retry-{run.id}").click().run()
    assert story.store.runs.get(run.id).state is RunState.QUEUED


def test_a_gated_card_says_why_it_asks(open_page: Open, home: Workspace):
    story = ScriptedHome(home)
    story.dataset()
    study = story.start(autonomy="gated", use_pruning=False, use_reflection=False)
    story.wait_for_proposal(study)
    said = text(open_page("study", {"study": study.id}))
    assert "Asks because" in said and "was never tried in this study" in said
    assert "reflection off" in said and "pruning off" in said


def test_pruning_parallel_and_what_always_asks_can_be_changed(open_page: Open, home: Workspace):
    story = ScriptedHome(home)
    story.dataset()
    study = story.start(autonomy="each")
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Settings and instructions").run()
    key = f"settings-{study.id}-1"
    page.number_input(key=f"{key}-parallel").set_value(2)
    page.multiselect(key=f"{key}-ask_for").set_value(["lr"])
    page.toggle(key=f"{key}-use_pruning").set_value(False)
    button(page, f"{key}-go").click().run()
    now = story.store.studies.get(study.id)
    assert (now.parallel, now.ask_for, now.use_pruning) == (2, ("lr",), False)


def test_a_promising_trial_asks_for_a_seed_and_one_press_grants_it(open_page: Open, home: Workspace):
    story = ScriptedHome(home, surface=lambda params: 0.03 if params["dropout"] == 0.4 else 0.0)
    story.dataset()
    study = story.start(autonomy="each")
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    trial = story.deciding.queue(study, {"dropout": 0.4}, "Ada", "test")
    story.run_until(lambda: story.store.trials.get(trial.id).judged_at is not None)
    story.tick()
    page = open_page("study", {"study": study.id, "trial": trial.number})
    assert "It asks for one more seed" in text(page)
    button(page, "add-seed").click().run()
    assert len(story.store.trials.get(trial.id).seeds) == 2
    assert "It asks for one more seed" not in text(page)


def test_a_near_duplicate_and_a_standing_veto_are_told(open_page: Open, home: Workspace):
    story = ScriptedHome(home)
    story.dataset()
    study = story.start(autonomy="each")
    vetoed(story, study, hidden_dim=128)
    plain = propose(story, study, dropout=0.25)
    assert "no duplicate" in text(open_page("study", {"study": study.id, "trial": plain.number}))
    close = propose(story, study, novelty="close to trial 1", lr=0.00095)
    said = text(open_page("study", {"study": study.id, "trial": close.number}))
    assert "nearly a duplicate" in said and "no duplicate" not in said
    assert "Vetoed, so not proposed again: hidden\\_dim (up)" in said or "hidden_dim (up)" in said
