"""The New study page in each state, on a real workspace."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.options import ImportOptions
from core.data.synthetic import generate, write_tsv
from core.loop.gates import GATES
from core.records import Dataset
from core.studies.guards import GUARDS
from core.studies.probe import Timing, remember
from core.tasks import Task, tasks_of
from core.worker.lock import WorkerLock
from core.workspace import Workspace
from pages.components.import_form import IMPORT
from pages.components.imports import OWN

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(autouse=True)
def worker_lives(home: Workspace) -> Iterator[None]:
    """The worker's lock is held here, so that no real worker is started."""
    lock = WorkerLock(home.settings.home)
    lock.acquire()
    yield
    lock.release()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "shop.tsv"
    write_tsv(generate("sample", 1, users=30), path)
    return path


@pytest.fixture
def dataset(home: Workspace, source: Path) -> Dataset:
    """Thirty users, imported and already measured: 2 s an epoch."""
    options = ImportOptions(min_user_events=1, min_item_events=1)
    taken = home.intake.take(source, "few", options, "Ada")
    remember(home.settings, taken, "sasrec", Timing(2.0, 1.0, 1000, 50.0, "cpu", 0.0))
    return taken


@pytest.fixture
def opened(home: Workspace) -> Callable[..., AppTest]:
    """The page, opened through the menu, with its query."""

    def run(**query: str) -> AppTest:
        page = AppTest.from_file(str(APP), default_timeout=60).run()
        page.switch_page("pages/new_study.py")
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception
        return page

    return run


def texts(page: AppTest) -> str:
    """Everything that can be read, errors included."""
    return "\n".join(str(each.value) for kind in (page.markdown, page.error) for each in kind)


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def test_a_home_without_data_offers_an_import_and_the_sample(opened):
    page = opened()
    assert "No dataset is here yet" in texts(page)
    assert {"empty_import", "empty_sample"} <= {button.key for button in page.button}
    press(page, "empty_import")
    assert page.session_state["new_tab"] == "Import a file"


def test_a_dataset_shows_its_figures_words_and_forecast(opened, dataset: Dataset):
    page = opened()
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Users"] == "30" and figures["First verdict"] == "≈ 6 min 44 s"
    assert "synthetic" not in texts(page) and "small catalogue" in texts(page)


def test_a_study_with_the_defaults_is_one_click_away(opened, home: Workspace, dataset: Dataset):
    press(opened(), "start_study")
    (study,) = home.store.studies.all()
    assert (study.name, study.max_trials, study.max_epochs, study.autonomy) == ("few-sasrec", 20, 100, "each")
    (baseline,) = home.store.trials.of_study(study.id)
    assert baseline.kind == "baseline" and baseline.seeds == (1, 2, 3)


def test_what_was_chosen_is_what_starts(opened, home: Workspace, dataset: Dataset):
    page = opened()
    page.number_input(key="plan_trials").set_value(5)
    page.number_input(key="plan_epochs").set_value(3)
    page.radio(key="plan_autonomy").set_value("window").run()
    page.number_input(key="plan_deadline").set_value(5.0)
    page.number_input(key="plan_min_gain").set_value(0.001)
    page.number_input(key="plan_min_coverage").set_value(0.2)
    page.toggle(key="plan_memory").set_value(False)
    page.text_area(key="plan_instructions").set_value("leave max_len alone")
    page.text_area(key="plan_production").set_value("num_blocks=3")
    page.text_input(key="plan_name").set_value("mine").run()
    press(page, "start_study")
    study = home.store.studies.get("mine")
    assert (study.max_trials, study.max_epochs, study.autonomy, study.deadline_seconds) == (5, 3, "window", 300)
    assert (study.min_gain, dict(study.guards), study.use_memory) == (0.001, {"min_coverage": 0.2}, False)
    assert study.instructions == "leave max_len alone"
    assert [trial.kind for trial in home.store.trials.of_study(study.id)] == ["baseline", "production"]


def test_the_powers_that_were_taken_are_those_of_the_study(opened, home: Workspace, dataset: Dataset):
    page = opened()
    page.radio(key="plan_autonomy").set_value("gated").run()
    page.multiselect(key="plan_ask_for").set_value(["lr", "loss"])
    page.toggle(key="plan_reflection").set_value(False)
    page.toggle(key="plan_pruning").set_value(False)
    page.number_input(key="plan_parallel").set_value(3).run()
    press(page, "start_study")
    (study,) = home.store.studies.all()
    assert (study.use_reflection, study.use_pruning, study.parallel) == (False, False, 3)
    assert study.ask_for == ("lr", "loss")


def test_caps_and_gates_that_were_chosen_are_those_of_the_study(opened, home: Workspace, dataset: Dataset):
    page = opened()
    page.number_input(key="plan_cap_minutes").set_value(45.0)
    assert "plan_cap_tokens" not in {field.key for field in page.number_input}  # the built-in expert takes none
    page.radio(key="plan_autonomy").set_value("gated").run()
    assert [box.key for box in page.checkbox if box.value] == [f"plan_gate_{name}" for name in GATES]
    page.checkbox(key="plan_gate_novelty").uncheck().run()
    press(page, "start_study")
    (study,) = home.store.studies.all()
    assert (dict(study.caps), study.gates_off) == ({"minutes": 45.0}, ("novelty",))


def test_a_language_models_caps_are_offered_with_it(opened, home: Workspace, dataset: Dataset, monkeypatch):
    monkeypatch.setenv("VIRTUALMLE_MODEL", "openai:toy")
    monkeypatch.setenv("VIRTUALMLE_MODEL_MAX_TOKENS", "70000")
    page = opened()
    page.selectbox(key="plan_agent").set_value("llm").run()
    said = texts(page)
    assert "the program allows 70,000" in said and "until VIRTUALMLE_MODEL_PRICE is set" in said
    page.number_input(key="plan_cap_tokens").set_value(50_000)
    page.number_input(key="plan_cap_money").set_value(1.5).run()
    press(page, "start_study")
    (study,) = home.store.studies.all()
    assert dict(study.caps) == {"tokens": 50_000, "money": 1.5}


def test_the_forecast_follows_the_budget(opened, dataset: Dataset):
    page = opened()
    page.number_input(key="plan_epochs").set_value(3).run()
    assert {metric.label: metric.value for metric in page.metric}["First verdict"] == "≈ 28 s"


FORM = "Priors, added to the scores after training"


def open_space(page: AppTest, is_open: bool = True) -> AppTest:
    """A click on the form's head; AppTest knows none."""
    page.session_state["advanced_space"] = is_open
    return page.run()


def test_a_field_can_be_fixed_or_taken_out_of_the_search(opened, home: Workspace, dataset: Dataset):
    page = opened()
    assert FORM not in texts(page) and "fields searched" in texts(page)
    open_space(page)
    page.segmented_control(key="space_sasrec_num_blocks_mode").set_value("fixed")
    page.segmented_control(key="space_sasrec_dropout_mode").set_value("off").run()
    page.number_input(key="space_sasrec_num_blocks_value").set_value(3).run()
    open_space(page, False)
    assert FORM not in texts(page) and "held: num_blocks=3, dropout=0.2" in texts(page).replace("\\", "")
    press(page, "start_study")
    (study,) = home.store.studies.all()
    assert study.space["fixed"] == {"num_blocks": 3, "dropout": 0.2, "event_type_discount": 0.0}  # no event types


def test_a_bound_outside_is_named_kept_as_typed_and_holds_the_start(opened, home: Workspace, dataset: Dataset):
    page = open_space(opened())
    page.number_input(key="space_sasrec_lr_high").set_value(5.0).run()
    assert "lr=5.0 is outside [0.0001, 0.01]" in texts(page).replace("\\", "")
    assert page.button(key="start_study").disabled
    assert page.number_input(key="space_sasrec_lr_high").value == 5.0


def test_a_wrong_production_config_is_told_before_the_start(opened, dataset: Dataset):
    page = opened()
    page.text_area(key="plan_production").set_value("num_blocks=99").run()
    assert "num_blocks=99 is outside [1, 6]" in texts(page).replace("\\", "")
    assert page.button(key="start_study").disabled


def test_a_taken_name_is_told_and_nothing_typed_is_lost(opened, home: Workspace, dataset: Dataset):
    press(opened(), "start_study")
    page = opened()
    page.text_input(key="plan_name").set_value("few-sasrec")
    page.number_input(key="plan_trials").set_value(7).run()
    press(page, "start_study")
    assert "few-sasrec" in texts(page) and "already there" in texts(page)
    assert page.number_input(key="plan_trials").value == 7
    assert len(home.store.studies.all()) == 1


def test_a_link_opens_its_dataset(opened, home: Workspace, dataset: Dataset, source: Path):
    home.intake.take(source, "whole", ImportOptions(min_user_events=2, min_item_events=1), "Ada")
    page = opened(dataset=dataset.id)
    assert page.selectbox(key="plan_dataset").value == dataset.id


def import_shop(page: AppTest, home: Workspace, source: Path) -> None:
    """Type its path, press the button and wait for the task."""
    page.segmented_control(key="import_from").set_value("Path on the server").run()
    page.text_input(key="import_path").set_value(str(source)).run()
    assert "user from 'user'" in texts(page)
    assert page.text_input(key="import_name_shop.tsv").value == "shop"
    page.number_input(key="import_min_user_events").set_value(1)
    page.number_input(key="import_min_item_events").set_value(1).run()
    press(page, "import_start_shop.tsv")
    task = tasks_of(home.settings.home).get("import shop")
    assert task is not None and task.wait(30)
    assert task.error is None


def test_a_file_on_the_server_is_previewed_imported_and_chosen(opened, home: Workspace, source: Path):
    page = opened()
    import_shop(page, home, source)
    (taken,) = home.store.datasets.all()
    remember(home.settings, taken, "sasrec", Timing(2.0, 1.0, 1000, 50.0, "cpu", 0.0))
    page.run()
    assert page.selectbox(key="plan_dataset").value == taken.id
    assert page.session_state["new_tab"] == "Study"


def test_what_is_typed_during_an_import_stays_and_its_end_is_only_told(opened, home: Workspace, source: Path):
    go_on = threading.Event()

    def work(task: Task) -> Dataset:
        assert go_on.wait(60)
        return home.intake.take(source, "shop", ImportOptions(min_user_events=1, min_item_events=1), "Ada")

    task = tasks_of(home.settings.home).start("import shop", work)
    page = opened()
    page.session_state[OWN] = {task.key: str(source)}
    page.session_state["new_tab"] = IMPORT
    page.segmented_control(key="import_from").set_value("Path on the server").run()
    page.text_input(key="import_path").set_value(str(source)).run()
    assert "shop.tsv is being imported" in texts(page) and not starts(page)
    other = source.with_name("other.tsv")
    other.write_bytes(source.read_bytes())
    page.text_input(key="import_path").set_value(str(other)).run()
    go_on.set()
    assert task.wait(30) and task.error is None
    page.run()
    assert [toast.value for toast in page.toast] == ["The dataset is here."]
    assert page.session_state["new_tab"] == IMPORT and starts(page) == ["import_start_other.tsv"]
    assert page.text_input(key="import_path").value == str(other)


def test_an_imported_file_is_offered_again_only_on_demand(opened, home: Workspace, source: Path):
    page = opened()
    import_shop(page, home, source)
    remember(home.settings, home.store.datasets.all()[0], "sasrec", Timing(2.0, 1.0, 1000, 50.0, "cpu", 0.0))
    page.run()
    assert "shop.tsv is imported" in texts(page) and not starts(page)
    page.button(key="import_again").click().run()
    assert starts(page) and page.text_input(key="import_name_shop.tsv").value == "shop-2"


def starts(page: AppTest) -> list[str]:
    return [button.key for button in page.button if button.key and button.key.startswith("import_start")]


def test_a_path_that_does_not_exist_is_named(opened):
    page = opened()
    page.segmented_control(key="import_from").set_value("Path on the server").run()
    page.text_input(key="import_path").set_value("/no/such/file.csv").run()
    assert "/no/such/file.csv does not exist" in texts(page).replace("\\", "")


def test_a_file_that_is_no_table_is_told_with_its_findings(opened, tmp_path: Path):
    odd = tmp_path / "odd.csv"
    odd.write_text("a,b,c,d\n1,2,3,4\n")
    page = opened()
    page.segmented_control(key="import_from").set_value("Path on the server").run()
    page.text_input(key="import_path").set_value(str(odd)).run()
    assert "no column for the user and the item" in texts(page)
    assert not starts(page)


def test_an_import_that_fails_late_says_why(opened, home: Workspace, source: Path):
    page = opened()
    page.segmented_control(key="import_from").set_value("Path on the server").run()
    page.text_input(key="import_path").set_value(str(source)).run()
    page.number_input(key="import_min_user_events").set_value(5_000).run()
    press(page, "import_start_shop.tsv")
    task = tasks_of(home.settings.home).get("import shop")
    assert task is not None and task.wait(30) and task.error is not None
    page.run()
    assert page.error and home.store.datasets.all() == []
    assert starts(page) == ["import_start_shop.tsv"], "to be tried again with other answers"


def test_every_choice_is_explained_in_a_line(opened, dataset: Dataset):
    page = opened()
    said = texts(page)
    for line in ("what the agent raises", "most runs stop early", "lessons of earlier studies", "runs count up from"):
        assert line in said
    guards = [field for field in page.number_input if field.key.removeprefix("plan_") in GUARDS]
    assert len(guards) == len(GUARDS) and all(meaning in said for meaning in GUARDS.values())
    assert all(field.label.lower() not in GUARDS.values() for field in guards)


def test_what_starts_a_study_comes_before_what_is_known_of_its_data(opened, dataset: Dataset):
    said = texts(opened())
    assert said.index("approves its baseline") < said.index("What to expect") < said.index("What memory brings")


def test_a_measurement_that_failed_says_why_and_can_be_repeated(opened, home: Workspace, dataset: Dataset):
    (home.settings.datasets / f"{dataset.id}.timing.json").unlink()
    (home.settings.datasets / dataset.folder).rename(home.settings.home / "elsewhere")
    page = opened()
    task = tasks_of(home.settings.home).get(f"probe {dataset.id} sasrec")
    assert task is not None and task.wait(20)
    page.run()
    assert "is gone; import the same file again" in texts(page).replace("\\", "")
    assert page.button(key="probe_start").label == "Measure"


def test_a_lesson_of_the_memory_is_rejected_before_the_start_and_the_study_goes_without_it(
    opened, home: Workspace, dataset: Dataset
):
    body = {"level": "cognition", "kind": "do", "direction": "up", "backbone": "sasrec"}
    kept = home.editing.add({**body, "axis": "dropout", "claim": "More dropout helps."}, "Ada")
    rejected = home.editing.add({**body, "axis": "num_blocks", "claim": "Deeper helps."}, "Ada")
    page = opened()
    assert "What memory brings" in texts(page) and "Config 1 after the baseline" in texts(page)
    assert "num blocks" in texts(page)
    box = f"offer_{dataset.id}_sasrec_{rejected.id}"
    page.checkbox(key=box).uncheck().run()
    assert not page.checkbox(key=box).value and page.checkbox(key=f"offer_{dataset.id}_sasrec_{kept.id}").value
    assert "2 lessons, 1 rejected" in texts(page)
    press(page, "start_study")
    [study] = home.store.studies.all()
    assert study.without_lessons == (rejected.id,)


def test_a_rejected_lesson_can_be_accepted_again(opened, home: Workspace, dataset: Dataset):
    body = {"level": "cognition", "kind": "do", "direction": "up", "backbone": "sasrec"}
    lesson = home.editing.add({**body, "axis": "dropout", "claim": "More dropout helps."}, "Ada")
    page, box = opened(), f"offer_{dataset.id}_sasrec_{lesson.id}"
    page.checkbox(key=box).uncheck().run()
    page.checkbox(key=box).check().run()
    press(page, "start_study")
    assert home.store.studies.all()[0].without_lessons == ()


def test_without_a_lesson_the_offer_says_where_the_study_starts(opened, dataset: Dataset):
    assert "starts from its plain baseline" in texts(opened())


def test_a_share_without_memory_and_the_data_left_out_are_those_of_the_study(opened, home: Workspace, dataset: Dataset):
    page = opened()
    page.number_input(key="plan_memory_off").set_value(25.0)
    page.toggle(key="plan_without_lineage").set_value(True).run()
    press(page, "start_study")
    (study,) = home.store.studies.all()
    assert (study.memory_off_share, study.without_lineage) == (0.25, True)


def test_where_the_study_would_start_with_answers_one_click_leaves_them_out(opened, home: Workspace, dataset: Dataset):
    body = {"level": "dataset", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    home.editing.add({**body, "claim": "More dropout helps here.", "dataset_id": dataset.id}, "Ada")
    page = opened()
    assert "it starts with answers" in texts(page) and "More dropout helps here." in texts(page)
    press(page, "offer_without")
    assert "it starts with answers" not in texts(page) and "More dropout helps here." not in texts(page)
    assert page.toggle(key="plan_without_lineage").value and "is left out" in texts(page)


def test_a_new_version_of_a_dataset_says_of_which_and_what_moved(opened, home: Workspace, dataset: Dataset):
    profile = {**dataset.profile, "mean_length": 4 * dataset.profile["mean_length"]}
    newer = home.store.datasets.add("b" * 12, "more", dataset.lineage, dataset.folder, dataset.card, profile, "Ada")
    assert "A new version of few: mean length" in texts(opened(dataset=newer.id)).replace("\\", "")
    assert "A new version" not in texts(opened(dataset=dataset.id))
