"""The Study page while a trial is queued, runs, or has little to tell: what fills its card."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.states import RunState, StudyState, TrialState
from core.workspace import Workspace
from pages.components.workspace import escaped
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


def text(page: AppTest) -> str:
    assert not page.exception, page.exception
    parts = [*page.markdown, *page.subheader, *page.error, *page.warning]
    return "\n".join(str(part.value) for part in parts)


def bars(page: AppTest) -> list[str]:
    """What stands over each progress bar."""
    return [bar.proto.text for bar in page.get("progress")]


def has_tabs_below_the_curves(page: AppTest) -> bool:
    """Else they stand below the trial's own card, at the left."""
    right = next(block for block in page.columns if any(each.value == "Learning curves" for each in block.subheader))
    return "Trials so far" in {tab.label for tab in right.tabs}


def test_a_running_baseline_says_which_seed_is_where_and_what_is_queued(open_page: Open, story: ScriptedHome):
    study = story.start()
    story.run_into(study, 1)
    page = open_page("study", {"study": study.id})
    assert bars(page) == [":small[Seed 1: epoch 3 of at most 7 · at most 2 s left]"]
    assert "Seeds 2 and 3 are queued" in text(page)
    assert not has_tabs_below_the_curves(page)


def test_a_running_proposal_says_why_it_runs_and_how_it_does_beside_the_best(open_page: Open, story: ScriptedHome):
    study = story.start()
    story.run_into(study, 2)
    page = open_page("study", {"study": study.id, "trial": 2})
    said, proposal = text(page), story.store.proposals.proposal(story.store.trials.by_number(study.id, 2).id)
    assert "against trial 1, the current best, at epoch 3" in said and "Only the end is judged" in said
    assert proposal is not None and escaped(proposal.falsifier[:30]) in said and "Wrong if" in said and "Why" in said
    assert has_tabs_below_the_curves(page)


def test_a_paused_trial_says_from_where_it_goes_on(open_page: Open, story: ScriptedHome):
    study = story.start()
    story.run_into(study, 1)
    story.store.studies.move(study.id, StudyState.PAUSED, "Ada")
    story.run_until(lambda: all(run.state is RunState.QUEUED for run in story.store.runs.of_study(study.id)))
    page = open_page("study", {"study": study.id})
    assert "Seeds 1, 2 and 3 are queued, from epoch" in text(page) and not bars(page)


def test_a_queued_trial_says_what_comes_first(open_page: Open, story: ScriptedHome):
    study = story.start(autonomy="each")
    trial = story.wait_for_proposal(study)
    story.deciding.approve(trial, "Ada", "test")
    ahead = sum(not run.has_ended for run in story.store.runs.of_study(study.id)) - 1
    said = text(open_page("study", {"study": study.id, "trial": trial.number}))
    assert f"Seed 1 is queued; {ahead} runs of this study are first" in said


@pytest.mark.parametrize("ends", ["judged", "vetoed", "failed"])
def test_a_trial_whose_runs_ended_shows_no_bar(open_page: Open, home: Workspace, ends: str):
    failing: dict[str, Any] = {"failing": lambda params: True} if ends == "failed" else {}
    story = ScriptedHome(home, **failing)
    story.dataset()
    study = story.start(autonomy="each")
    if ends == "vetoed":
        trial = story.wait_for_proposal(study)
        story.deciding.veto(trial, "too slow", "Ada", "test")
        assert story.store.trials.get(trial.id).state is TrialState.VETOED
    else:
        story.run_until(lambda: all(run.has_ended for run in story.store.runs.of_study(study.id)))
    number = 2 if ends == "vetoed" else 1
    page = open_page("study", {"study": study.id, "trial": number})
    assert not bars(page) and f"Trial {number}" in text(page)
    assert ("training diverged" in text(page)) == (ends == "failed")
