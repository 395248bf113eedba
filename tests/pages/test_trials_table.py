"""Every trial of a study as a table: filters, columns, orders; notes, tags, archive."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Study
from core.views.trial_table import order_of
from core.workspace import Workspace
from pages.components import dialogs
from tests.pages.scripted import ScriptedHome
from tests.pages.test_study import button, text

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")
EVERY = "All trials"


@pytest.fixture
def done(home: Workspace, retold: Callable[[str, Callable[[], Study]], Study]) -> Study:
    """A finished study of five trials where dropout matters."""

    def live() -> Study:
        world = ScriptedHome(home)
        world.dataset()
        return world.finish(world.start(trials=5, extra_seeds=False))

    return retold("five trials", live)


def rows(page: AppTest) -> list[dict[str, Any]]:
    assert not page.exception, page.exception
    return [{str(name): value for name, value in row.items()} for row in page.dataframe[0].value.to_dict("records")]


def table(open_page: Open, study: Study) -> AppTest:
    return open_page("study", {"study": study.id}, view=EVERY)


def test_every_trial_is_a_line_with_what_it_changed_and_its_gain(open_page: Open, home: Workspace, done: Study):
    shown = {int(row["trial"]): row for row in rows(table(open_page, done))}
    trials = home.store.trials.of_study(done.id)
    assert shown.keys() == {trial.number for trial in trials}
    second = next(trial for trial in trials if trial.number == 2)
    assert second.comparison is not None
    assert shown[2]["validation NDCG@10"] == second.value and "lr 0.001 →" in shown[2]["what changed"]
    assert shown[2]["gain"] == second.comparison["difference"]
    assert shown[2]["gain ±"] == (second.comparison["high"] - second.comparison["low"]) / 2
    assert shown[2]["minutes"] > 0


def test_a_heading_stands_for_an_order_of_all_pages(done: Study):
    words = ["trial", "validation NDCG@10", "gain", "minutes", "judged", "dropout", "tags"]
    assert [order_of(word, done) for word in words] == [
        "number",
        "value",
        "gain",
        "training",
        "judged",
        "dropout",
        None,
    ]


def test_filters_and_order_are_applied(open_page: Open, home: Workspace, done: Study):
    page, key = table(open_page, done), f"trials-{done.id}"
    page.multiselect(key=f"{key}-verdicts").set_value(["better"]).run()
    better = [trial.number for trial in home.store.trials.of_study(done.id) if trial.verdict == "better"]
    assert sorted(int(row["trial"]) for row in rows(page)) == better
    page.multiselect(key=f"{key}-verdicts").set_value([]).run()
    page.selectbox(key=f"{key}-order").set_value("dropout").run()
    page.selectbox(key=f"{key}-direction").set_value("lowest first").run()
    page.segmented_control(key=f"{key}-params").set_value("that differ").run()
    dropouts = [float(row["dropout"]) for row in rows(page)]
    assert dropouts == sorted(dropouts) and "hidden_dim" not in rows(page)[0]
    page.segmented_control(key=f"{key}-params").set_value("all").run()
    assert "hidden_dim" in rows(page)[0]


def test_a_filter_that_leaves_nothing_says_so(open_page: Open, done: Study):
    page = table(open_page, done)
    page.text_input(key=f"trials-{done.id}-text").set_value("no such words").run()
    assert "take a filter away" in text(page) and not page.dataframe


def test_a_note_and_tags_are_written_and_shown(open_page: Open, home: Workspace, done: Study):
    page = open_page("study", {"study": done.id, "trial": 3})
    page = page.menu_button(key="trial-menu").click("Note and tags").run()
    trial = home.store.trials.by_number(done.id, 3)
    page.text_area(key=f"note-{trial.id}-text").set_value("ask Ben")
    button(page, f"note-{trial.id}-go").click().run()
    assert home.store.trials.get(trial.id).note == "ask Ben"
    assert "ask Ben" in text(open_page("study", {"study": done.id, "trial": 3}))


def test_of_two_who_note_the_same_trial_the_later_is_told(open_page: Open, home: Workspace, done: Study):
    page = open_page("study", {"study": done.id, "trial": 3})
    page = page.menu_button(key="trial-menu").click("Note and tags").run()
    trial = home.store.trials.by_number(done.id, 3)
    home.store.trial_notes.write(trial, "mine", "Ben")
    page.text_area(key=f"note-{trial.id}-text").set_value("ask Ben")
    page = button(page, f"note-{trial.id}-go").click().run()
    assert "Ben was first" in page.session_state[dialogs.REFUSED]
    assert home.store.trials.get(trial.id).note == "mine"


def test_an_archived_trial_leaves_stepper_and_table(open_page: Open, home: Workspace, done: Study):
    kept = (done.incumbent_id, done.recommended_id)
    trial = next(t for t in home.store.trials.of_study(done.id)[1:] if t.id not in kept)
    page = open_page("study", {"study": done.id, "trial": trial.number})
    page.menu_button(key="trial-menu").click("Archive").run()
    assert home.store.trials.get(trial.id).archived_at is not None
    page = table(open_page, done)
    assert trial.number not in {int(row["trial"]) for row in rows(page)} and "1 archived" in text(page)
    page.selectbox(key=f"trials-{done.id}-which").set_value("archived").run()
    assert [int(row["trial"]) for row in rows(page)] == [trial.number]
    other = open_page("study", {"study": done.id, "trial": 1})
    assert str(trial.number) not in {option[0] for option in other.segmented_control[0].options}


def test_the_csv_holds_every_trial_with_its_config(home: Workspace, done: Study):
    from core.views.trial_table import Asked, table_csv

    lines = table_csv(home, done, Asked()).splitlines()
    assert len(lines) == 1 + len(home.store.trials.of_study(done.id))
    assert lines[0].startswith("run_id,model,domain,hypothesis") and "note" in lines[0]
