"""The Datasets page: the list, one dataset open, its histories, two compared, imports under way and failed."""

import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.data.distributions import file_of
from core.errors import InvalidInput
from core.records import Dataset
from core.studies.starting import StudyPlan, start_study
from core.tasks import Task, tasks_of
from core.views.datasets import PAGE
from core.workspace import Workspace
from pages.components.import_form import IMPORT
from pages.components.imports import OWN, PREFIX

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    return "\n".join(str(each.value) for each in [*page.header, *page.subheader, *page.markdown, *page.error])


@pytest.fixture
def films(home: Workspace) -> Dataset:
    """A small generated dataset, really imported."""
    return home.intake.take_regime("sample", "films", 3, "Ada", 400)


def test_an_empty_home_offers_an_import(open_page: Open):
    page = open_page("datasets")
    assert not page.exception and "No dataset is here yet" in text(page)
    page.button(key="empty_import").click().run()
    assert not page.exception and any(each.key == "import_from" for each in page.segmented_control)


def test_the_newest_is_open_with_its_curves_and_a_history(open_page: Open, home: Workspace, films: Dataset):
    page = open_page("datasets")
    assert not page.exception
    row = page.dataframe[0].value.to_dict("records")[0]
    assert row["dataset"] == "films" and row["studies"] == 0 and row["data"] == "synthetic"
    assert all(word in text(page) for word in ("History lengths", "Item popularity", "Gaps between", "New items"))
    history = next(each.value for each in page.dataframe if "title" in each.value.columns)
    assert history["item"].iloc[0] and len(history) >= 1


def test_a_dataset_of_the_list_is_opened_by_the_keyboard_too(open_page: Open, home: Workspace, films: Dataset):
    songs = home.intake.take_regime("sample", "songs", 4, "Ada", 400)
    page = open_page("datasets")
    chooser = page.selectbox(key="datasets_opener")
    assert chooser.value is None and sorted(chooser.options) == ["films", "songs"]
    for dataset in (films, songs):
        page.selectbox(key="datasets_opener").select(dataset.id).run()
        assert not page.exception and page.query_params["dataset"] == dataset.id
        assert dataset.name in [each.value for each in page.subheader] + [each.value for each in page.header]
        assert page.selectbox(key="datasets_opener").value is None


def test_the_import_has_counted_already_so_the_page_reads_no_event(open_page: Open, home: Workspace, films: Dataset):
    assert file_of(home.settings.cache, films.id).exists()
    train = home.settings.dataset(films.folder) / "open" / "train.parquet"
    page = open_page("datasets")
    kept = train.read_bytes()
    train.write_bytes(b"")
    page.run()
    train.write_bytes(kept)
    assert not page.exception and not page.error and "History lengths" in text(page)


def test_an_older_dataset_is_counted_when_first_opened(open_page: Open, home: Workspace, films: Dataset):
    file_of(home.settings.cache, films.id).unlink()
    page = open_page("datasets")
    for _ in range(20):
        if "History lengths" in text(page):
            break
        page.run()
    assert "History lengths" in text(page) and file_of(home.settings.cache, films.id).exists()


def test_a_user_of_the_file_is_found_by_id_and_a_wrong_one_is_explained(
    open_page: Open, home: Workspace, films: Dataset
):
    page = open_page("datasets")
    page.text_input(key=f"history-{films.id}-raw").set_value("nobody").run()
    assert not page.exception and "no user 'nobody'" in page.error[0].value


def test_two_profiles_stand_side_by_side(open_page: Open, home: Workspace, films: Dataset):
    other = home.intake.take_regime("sample", "books", 4, "Ada", 500)
    page = open_page("datasets", {"dataset": films.id})
    page.selectbox(key="datasets_compare").set_value(other.id).run()
    assert not page.exception and "alike" in text(page) and "books" in text(page)


def test_the_list_is_narrowed_by_name(open_page: Open, home: Workspace, films: Dataset):
    home.intake.take_regime("sample", "books", 4, "Ada", 500)
    page = open_page("datasets")
    page.text_input(key="datasets_name").set_value("fil").run()
    assert [row["dataset"] for row in page.dataframe[0].value.to_dict("records")] == ["films"]


def test_a_link_to_no_dataset_is_explained(open_page: Open, home: Workspace, films: Dataset):
    page = open_page("datasets", {"dataset": "no-such"})
    assert not page.exception and "no dataset 'no-such'" in page.error[0].value


def test_a_new_version_says_of_which_dataset_and_what_moved(open_page: Open, home: Workspace, films: Dataset):
    profile = {**films.profile, "users": 10 * films.profile["users"]}
    newer = home.store.datasets.add("b" * 12, "films-june", films.lineage, films.folder, films.card, profile, "Ada")
    assert "A new version of films: users" in text(open_page("datasets", {"dataset": newer.id})).replace("\\", "")


def test_the_links_that_say_import_open_the_import(open_page: Callable[..., AppTest]):
    links = {link.proto.label: link.proto for link in open_page("app").get("page_link")}
    link = links["Import your own interactions instead"]
    assert link.page.endswith("datasets") and link.query_string == "tab=Import+a+file"
    page = open_page("datasets", {"tab": "Import a file"})
    assert not page.exception and page.segmented_control(key="import_from")


def test_a_dataset_under_study_says_how_many_studies_it_has(open_page: Open, home: Workspace, films: Dataset):
    other = home.intake.take_regime("sample", "books", 4, "Ada", 500)
    for name in ("first", "second"):
        start_study(home.store, StudyPlan(dataset=films.id, name=name, trials=4, epochs=3, autonomy="each"), "Ada")
    page = open_page("datasets", {"dataset": films.id})
    counted = {row["dataset"]: row["studies"] for row in page.dataframe[0].value.to_dict("records")}
    assert not page.exception and counted == {"films": 2, other.name: 0}


def test_data_that_cannot_be_read_any_more_is_told_and_the_rest_stays(open_page: Open, home: Workspace, films: Dataset):
    file_of(home.settings.cache, films.id).unlink()
    (home.settings.dataset(films.folder) / "open" / "train.parquet").write_bytes(b"")
    page = open_page("datasets")
    assert not page.exception and "How it is distributed" in text(page) and "In short" in text(page)
    assert all("films" in each.value or "cannot be read" in each.value for each in page.error) and page.error


def test_many_datasets_are_turned_by_pages(open_page: Open, home: Workspace, films: Dataset):
    for number in range(PAGE):
        id = f"{number:012d}"
        home.store.datasets.add(id, f"data{number}", id, films.folder, films.card, films.profile, "Ada")
    page = open_page("datasets")
    assert f"{PAGE + 1} datasets" in text(page) and len(page.dataframe[0].value) == PAGE
    page.number_input(key="datasets_page").set_value(2).run()
    assert page.dataframe[0].value["dataset"].tolist() == ["films"] and not page.exception


def test_an_import_under_way_is_a_bar_and_its_dataset_opens_when_it_came(open_page: Open, home: Workspace):
    go_on = threading.Event()

    def work(task: Task) -> Dataset:
        task.tell("reading lines", 0.4)
        assert go_on.wait(30)
        return home.intake.take_regime("sample", "films", 3, "Ada", 400)

    task = tasks_of(home.settings.home).start(f"{PREFIX}films", work)
    page = open_page("datasets", {"tab": IMPORT}, **{OWN: {task.key: None}})
    [bar] = page.get("progress")
    assert bar.proto.text == "Importing films: reading lines" and bar.proto.value == 40
    go_on.set()
    assert task.wait(30)
    page.run()
    assert not page.exception and page.query_params["dataset"] == task.result.id
    assert "History lengths" in text(page)


def test_an_import_that_failed_says_why(open_page: Open, home: Workspace):
    def work(task: Task) -> Dataset:
        raise InvalidInput("line 3 of events.csv has no item")

    task = tasks_of(home.settings.home).start(f"{PREFIX}events", work)
    assert task.wait(30)
    page = open_page("datasets", {"tab": IMPORT}, **{OWN: {task.key: None}})
    assert not page.exception and "line 3 of events.csv has no item" in page.error[0].value
