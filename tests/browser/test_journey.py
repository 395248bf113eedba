"""One study on the sample with the real worker: approved, killed, refreshed, read, restarted."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from core.records import Study
from core.space import SearchSpace
from core.states import RunState, TrialState
from core.studies.starting import StudyPlan, start_study
from core.worker.lock import holder_card
from core.workspace import Workspace
from tests.browser.conftest import Server

RUNS = 150_000  # ms: three runs of a small model, and a worker that starts again, on a busy machine
SMALL = {"hidden_dim": 16, "num_blocks": 1, "max_len": 10, "negatives": 16, "batch_size": 1024, "priors": "none"}


@pytest.fixture(scope="module")
def home(server: Server) -> Iterator[Workspace]:
    """What the dashboard's home holds, read beside it."""
    opened = server.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def study(home: Workspace) -> Study:
    """A study of small, quick runs in which a person decides."""
    [sample] = home.store.datasets.all()
    space = SearchSpace.of("sasrec")
    for name, value in SMALL.items():
        space = space.fix(name, value)
    plan = StudyPlan(dataset=sample.id, name="journey", trials=3, epochs=4, space=space)
    return start_study(home.store, plan, "Ada")


def test_a_trial_is_approved_and_its_reflection_read_though_the_worker_is_killed_and_the_page_left(
    server: Server, home: Workspace, study: Study, page: Page
):
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="Approve").click(timeout=RUNS)
    expect(page.get_by_text("is approved and queued")).to_be_visible()

    killed = kill_in_the_middle_of_a_run(server, home, study)
    page.reload()
    server.wait_until(lambda: holder_card(server.home).get("pid") != killed)
    expect(page.get_by_text("Worker running")).to_be_visible(timeout=RUNS)

    page.goto("about:blank")  # nobody looks
    page.goto(f"{server.url}/study?study={study.id}&trial=2")
    expect(page.get_by_text("Reflection", exact=True)).to_be_visible(timeout=RUNS)
    for label in ("Observed", "Because", "Next"):
        expect(page.get_by_text(label, exact=True)).to_be_visible()
    runs = home.store.runs.of_study(study.id)
    assert all(run.state is RunState.COMPLETE for run in runs[:4])
    assert all(len(home.store.runs.values(run.id)) == run.epoch for run in runs[:4])


def kill_in_the_middle_of_a_run(server: Server, home: Workspace, study: Study) -> int:
    """Kill the worker while a run of the study trains; its process."""
    server.wait_until(lambda: any(run.state is RunState.RUNNING for run in home.store.runs.of_study(study.id)))
    pid = int(holder_card(server.home)["pid"])
    server.kill_worker()
    return pid


def test_after_a_restart_of_everything_the_study_is_as_it_was(
    server: Server, home: Workspace, study: Study, page: Page
):
    before = home.store.trials.by_number(study.id, 2)
    assert before.judged_at is not None
    server.stop()
    server.start()
    page.goto(server.url)
    expect(page.get_by_text("journey · trial 3")).to_be_visible(timeout=RUNS)  # it waits, as before
    page.goto(f"{server.url}/study?study={study.id}&trial=2")
    expect(page.get_by_text("Reflection", exact=True)).to_be_visible()
    expect(page.get_by_text("Worker running")).to_be_visible(timeout=RUNS)
    after = home.store.trials.by_number(study.id, 2)
    assert (after.state, after.value, after.verdict) == (TrialState.APPROVED, before.value, before.verdict)
    curve = page.locator("[role=img][aria-label^='Learning curves']")
    expect(curve).to_have_attribute("aria-label", re.compile("2 this trial: "))
