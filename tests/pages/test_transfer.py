"""The Transfer page in its states: no study, one dataset, like datasets, a running study, failed trials, memory off."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.studies.starting import StudyPlan, start_study
from core.workspace import Workspace
from pages.components.chips import chip
from tests.core.loop.world import SurfaceTrainer, likes_dropout
from tests.core.views.rooms import dataset
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    elements = [*page.markdown, *page.info, *page.error, *page.subheader]
    return "\n".join([*(str(each.value) for each in elements), *(str(table.value) for table in page.table)])


def start(home: Workspace, name: str, **plan: object) -> int:
    """A study on a dataset of that name."""
    values = {"trials": 4, "epochs": 3, "autonomy": "each", "name": f"{name}-study", **plan}
    return start_study(home.store, StudyPlan(dataset=name, **values), "Ada").id  # type: ignore[arg-type]


def test_without_a_study_it_offers_to_start_one(open_page: Open):
    page = open_page("transfer")
    assert not page.exception and "Nothing to compare yet" in text(page)


def test_with_one_dataset_it_says_what_a_second_would_bring(open_page: Open, home: Workspace):
    dataset(home, "toy")
    start(home, "toy")
    page = open_page("transfer")
    assert not page.exception and "is the only dataset here" in text(page)
    assert page.metric[0].value == "0"


def test_like_datasets_are_told_with_both_values(open_page: Open, home: Workspace):
    dataset(home, "toy")
    dataset(home, "films", mean_length=120.0)
    start(home, "toy")
    page = open_page("transfer")
    assert not page.exception
    assert "Datasets most like toy" in text(page) and "mean length (120, here 6)" in text(page)
    assert "memory rebuild" in page.info[0].value


@pytest.mark.parametrize("others", [1, 2, 3, 4])
def test_no_place_beside_the_nearest_datasets_stays_empty(open_page: Open, home: Workspace, others: int):
    dataset(home, "toy")
    for number in range(others):
        dataset(home, f"data{number}", mean_length=20.0 + 30 * number)
    start(home, "toy")
    page = open_page("transfer")
    _, near = page.get("grid_container")
    assert len(near.children) == near.proto.columns == (2 if others == 1 else 3)
    assert ("All features" in [each.value.strip("*") for each in page.markdown]) == (others == 1)
    assert ("Further away" in text(page)) == (others > 2)


def test_a_link_chooses_the_study(open_page: Open, home: Workspace):
    dataset(home, "toy")
    dataset(home, "films", mean_length=120.0)
    first = start(home, "toy")
    start(home, "films")
    page = open_page("transfer", {"study": first})
    assert page.selectbox(key="transfer_study").value == first
    assert "Datasets most like toy" in text(page)


def test_a_link_to_no_study_is_explained(open_page: Open, home: Workspace):
    dataset(home, "toy")
    start(home, "toy")
    page = open_page("transfer", {"study": "77"})
    assert not page.exception and "no study '77'" in page.error[0].value


def rule(home: Workspace, dataset_id: str, backbone: str, axis: str) -> None:
    """A rule of a backbone, learned there."""
    values = {"level": "dataset", "kind": "do", "axis": axis, "direction": "up", "backbone": backbone}
    home.editing.add({**values, "claim": f"{axis} for {backbone}.", "dataset_id": dataset_id}, "Ada")


def test_the_rules_of_another_backbone_are_one_click_away(open_page: Open, home: Workspace):
    made = dataset(home, "toy")
    study = start(home, "toy")
    rule(home, made.id, "sasrec", "dropout")
    page = open_page("transfer")
    with pytest.raises(KeyError):
        page.segmented_control(key=f"matrix_backbone_{study}")
    for axis in ("dropout", "lr", "max_len"):
        rule(home, made.id, "hstu", axis)
    page = open_page("transfer")
    chosen = page.segmented_control(key=f"matrix_backbone_{study}")
    assert chosen.value == "sasrec"
    chosen.set_value("hstu").run()
    assert not page.exception and page.segmented_control(key=f"matrix_backbone_{study}").value == "hstu"
    assert len(kept(page, "matrix figure").layout.yaxis.ticktext) == 3


def kept(page: AppTest, key: str) -> Any:
    """The view of that key which the session keeps."""
    return page.session_state["versioned"][key][1]


def test_every_rule_and_dataset_can_be_shown(open_page: Open, home: Workspace):
    made = [dataset(home, f"data{number}") for number in range(8)]
    start(home, "data0")
    rule(home, made[0].id, "sasrec", "dropout")
    page = open_page("transfer")

    def columns() -> int:
        return len(kept(page, "matrix figure").layout.xaxis.ticktext)

    assert columns() == 6
    page.toggle(key="matrix_all").set_value(True).run()
    assert columns() == 8 and not page.exception


def test_a_study_without_memory_says_that_nothing_was_carried(open_page: Open, home: Workspace):
    dataset(home, "toy")
    start(home, "toy", use_memory=False)
    assert "memory off" in text(open_page("transfer"))


@pytest.fixture
def taught(home: Workspace) -> ScriptedHome:
    """What a finished study of `toy` taught is in the memory, and `like` is a dataset like it."""
    world = ScriptedHome(home)
    world.dataset("toy", items=1000)
    world.finish(world.start("toy", name="teacher", extra_seeds=False))
    world.dataset("like", items=1100)
    return world


def test_while_a_study_runs_a_carried_lesson_links_to_the_trial_that_tests_it(open_page: Open, taught: ScriptedHome):
    study = taught.start("like", name="live")
    taught.run_into(study, 2)
    page = open_page("transfer", {"study": study.id})
    shown = text(page)
    assert not page.exception and "learned on toy" in shown
    assert f"[{chip('waiting', 'trial 2')}](/study?study={study.id}&trial=2)" in shown
    figures = {metric.label: metric.value for metric in page.metric}
    assert int(figures["Lessons carried in"]) >= 1
    assert (figures["Held here"], figures["First better trial"]) == ("–", "none yet")
    taught.run_into(study, 3)
    page.run()
    assert f"[{chip('helped', 'trial 2')}](/study?study={study.id}&trial=2)" in text(page)
    assert {metric.label: metric.value for metric in page.metric}["First better trial"] == "1st"


def test_a_failed_trial_tests_no_carried_lesson(open_page: Open, home: Workspace, taught: ScriptedHome):
    taught.trainer = SurfaceTrainer(likes_dropout, failing=lambda params: params["dropout"] > 0.2)
    taught.worker = taught._worker()
    study = taught.start("like", name="broken", trials=2, extra_seeds=False)
    taught.run_until(lambda: sum(trial.is_judged for trial in home.store.trials.of_study(study.id)) == 2)
    page = open_page("transfer", {"study": study.id})
    assert home.store.trials.by_number(study.id, 2).value is None
    assert not page.exception and "cited once" in text(page) and "trial 2" not in text(page)
    assert {metric.label: metric.value for metric in page.metric}["Held here"] == "–"
