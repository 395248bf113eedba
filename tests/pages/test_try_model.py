"""Trying a really trained model on the Models page, and taking it away."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.clock import SystemClock
from core.intake import Intake
from core.records import Study
from core.settings import Settings
from core.space import SearchSpace
from core.tasks import tasks_of
from core.worker.processes import Pool
from core.workspace import Workspace
from pages.components.try_model import HISTORY
from tests.core.models.test_using import SMALL, follow
from tests.core.worker.house import House

Open = Callable[..., AppTest]
STAMP = "loo/val/fit:train/300u/full/mask:seen/ties:exp/@10/tiny00000000"
SECONDS = 60.0  # what a process that loads the model may take on a busy machine


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A study whose baseline was really trained."""
    house = House(tmp_path_factory.mktemp("home"), SystemClock())
    dataset = Intake(house.store, house.settings).take_regime("sequential", "tiny", 7, "Ada", users=300)
    study = house.study(dataset_id=dataset.id, masking=dataset.card["masking"], stamp=STAMP, max_epochs=2)
    trial = house.trial_of(study, SearchSpace.of("sasrec").complete({**SMALL, "priors": "none"}), (1,))
    pool = Pool(house.settings)
    try:
        follow(house, pool)
    finally:
        pool.close()
    house.store.studies.set_incumbent(study.id, trial.id, None, "test")
    return house


@pytest.fixture
def home(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """That home, opened by the pages too."""
    monkeypatch.setenv("VIRTUALMLE_HOME", str(house.settings.home))
    monkeypatch.setenv("VIRTUALMLE_DEVICE", "cpu")
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    st.cache_resource.clear()
    opened = Workspace.open(Settings.from_environment(), holder="test-1")
    yield opened
    opened.close()
    st.cache_resource.clear()


@pytest.fixture
def study(home: Workspace) -> Study:
    return home.store.studies.get("first")


def wait(page: AppTest, shows: Callable[[AppTest], Any]) -> AppTest:
    """Look again until the page shows it."""
    until = time.monotonic() + SECONDS
    while not shows(page):
        assert time.monotonic() < until and not page.exception, [each.value for each in page.error]
        time.sleep(0.2)
        page.run()
    return page


def answers(page: AppTest) -> list[dict[Any, Any]]:
    """The recommendations on the page."""
    tables = [each.value for each in page.dataframe if "score" in each.value.columns]
    return tables[0].to_dict("records") if tables else []


def typing(open_page: Open, study: Study, history: str) -> AppTest:
    """The page with a history of one's own, and Recommend pressed."""
    page = open_page("models", {"study": study.id})
    page.segmented_control(key="try_kind").set_value(HISTORY).run()
    page.text_area(key=f"try-items-{study.id}").set_value(history)
    page.number_input(key="try_k").set_value(4)
    return page.button(key="try_go").click().run()


def known_items(home: Workspace, study: Study) -> list[str]:
    """Ids as in the file."""
    dataset = home.store.datasets.get(study.dataset_id)
    table = pq.read_table(home.settings.dataset(dataset.folder) / "open" / "items.parquet", columns=["raw"])
    return [str(raw) for raw in table.column("raw").to_pylist()]


def test_a_typed_history_is_answered_by_titles_and_scores(open_page: Open, home: Workspace, study: Study):
    page = typing(open_page, study, "2, 3\n4")
    assert "being loaded" in " ".join(each.value for each in page.markdown)
    found = answers(wait(page, answers))
    assert len(found) == 4 and "**After 3 items**" in [each.value for each in page.markdown]
    assert all(row["title"].startswith("Synthetic") and row["item"] not in ("2", "3", "4") for row in found)
    scores = [float(row["score"]) for row in found]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 1
    page.text_area(key=f"try-items-{study.id}").set_value(", ".join(known_items(home, study)[-3:]))
    page.button(key="try_go").click().run()
    assert not answers(page), "what is asked now, not what was asked before"
    assert [row["item"] for row in answers(wait(page, answers))] != [row["item"] for row in found]


def test_an_empty_history_is_refused_at_once_and_an_unknown_item_named(open_page: Open, study: Study):
    page = typing(open_page, study, " , ")
    assert "the history is empty" in page.error[0].value and not answers(page)
    page = wait(typing(open_page, study, "2, no-such"), lambda page: page.error)
    assert "unknown items in the history" in page.error[0].value and "no-such" in page.error[0].value
    assert not answers(page)


def test_an_item_is_found_by_its_title_and_put_behind_what_was_typed(open_page: Open, study: Study):
    page = open_page("models", {"study": study.id})
    page.segmented_control(key="try_kind").set_value(HISTORY).run()
    page.text_area(key=f"try-items-{study.id}").set_value("2").run()
    page.text_input(key=f"try-items-{study.id}-find").set_value("nothing is called so").run()
    assert "No item has this in its title" in " ".join(each.value for each in page.markdown)
    page.text_input(key=f"try-items-{study.id}-find").set_value("Synthetic").run()
    found = next(button for button in page.button if str(button.key).startswith("add-"))
    found.click().run()
    assert page.text_area(key=f"try-items-{study.id}").value == f"2, {str(found.key).removeprefix('add-')}"


def test_a_user_of_the_data_is_answered_and_an_unknown_one_explained(open_page: Open, study: Study):
    page = open_page("models", {"study": study.id})
    page.text_input(key=f"try-user-{study.id}-raw").set_value("nobody").run()
    assert "no user 'nobody'" in page.error[0].value and "try_go" not in {button.key for button in page.button}
    page.text_input(key=f"try-user-{study.id}-raw").set_value("5").run()
    page.button(key="try_go").click().run()
    assert len(answers(wait(page, answers))) == 10 and "**After user 5**" in [each.value for each in page.markdown]


def downloads(page: AppTest) -> list[Any]:
    """What can be downloaded."""
    return [each for each in page.get("download_button") if each.proto.label == "Download it"]


def test_the_export_is_prepared_and_can_be_downloaded(open_page: Open, home: Workspace, study: Study):
    page = open_page("models", {"study": study.id})
    assert not downloads(page)
    page.button(key="export_go").click().run()
    assert "being written in a process of its own" in " ".join(each.value for each in page.markdown)
    wait(page, downloads)
    [run] = home.store.runs.of_study(study.id)
    task = tasks_of(home.settings.home).get(f"export {run.id}")
    assert task is not None
    names = {name.rpartition("/")[2] for name in zipfile.ZipFile(io.BytesIO(task.result.read_bytes())).namelist()}
    assert {"README.md", "config.json", "load.py"} <= names


def test_an_export_that_cannot_be_written_says_why(open_page: Open, home: Workspace, study: Study):
    [run] = home.store.runs.of_study(study.id)
    tasks_of(home.settings.home).forget(f"export {run.id}")
    exports = home.settings.cache / "exports"
    kept = exports.rename(exports.with_name("kept")) if exports.exists() else None
    exports.parent.mkdir(parents=True, exist_ok=True)
    exports.write_text("no folder")
    page = open_page("models", {"study": study.id})
    page.button(key="export_go").click().run()
    wait(page, lambda page: page.error)
    assert "cannot be written" in page.error[0].value and not downloads(page)
    exports.unlink()
    if kept is not None:
        kept.rename(exports)
