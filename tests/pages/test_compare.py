"""The Compare page: nothing yet, too few trials, a running one, failed ones, trials side by side, two studies."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    found = [*page.header, *page.subheader, *page.markdown, *page.error]
    return "\n".join([*(str(each.value) for each in found), *(table.value.to_string() for table in page.table)])


def test_without_a_study_it_offers_to_start_one(open_page: Open):
    page = open_page("compare")
    assert not page.exception and "Nothing to compare yet" in text(page)


def test_a_study_without_two_values_says_what_is_missing(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.start(name="fresh")
    page = open_page("compare")
    assert not page.exception and "no trial has a value yet" in text(page)


def test_trials_stand_side_by_side_and_two_studies_at_equal_time(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.finish(world.start(trials=3, name="mine", extra_seeds=False))
    world.finish(world.start(trials=2, name="chance", agent="random", extra_seeds=False))
    page = open_page("compare", {"study": "mine", "trials": "1,2"})
    assert not page.exception
    first, other = (home.store.trials.by_number(1, number).params for number in (1, 2))
    shown = text(page)
    assert "Against trial 1" in shown
    assert all((f"`{name}`" in shown) == (first[name] != other[name]) for name in first)
    page.toggle(key="compare_all").set_value(True).run()
    assert all(f"`{name}`" in text(page) for name in first)
    second = open_page("compare", {"study": "mine"}, compare_tab="Two studies")
    assert not second.exception and "min of training each" in text(second)
    assert {metric.label for metric in second.metric} == {"mine", "chance"}


def test_what_is_chosen_stands_in_the_url_and_the_menu_leads_back_to_it(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.finish(world.start(trials=3, name="mine", extra_seeds=False))
    newest = world.start(name="newest")
    page = open_page("compare", {"study": newest.id, "trials": "1"})
    page.selectbox(key="compare_study").set_value(1).run()
    assert page.query_params["study"] == "1" and "trials" not in page.query_params
    page.multiselect(key="compare_trials_1").set_value([1, 3]).run()
    assert page.query_params["trials"] == "1,3"
    page.query_params.clear()  # as a link of the menu does
    page.switch_page("pages/study.py").run()
    assert page.query_params["study"] == "1" and "mine" in text(page)


def test_a_running_trial_stands_beside_the_others_once_it_has_a_value(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    study = world.start(name="live")
    world.run_into(study, 2)
    page = open_page("compare", {"study": study.id})
    assert not page.exception and "one trial has a value yet" in text(page) and not page.multiselect
    world.run_into(study, 3)
    page.run()
    assert page.multiselect(key=f"compare_trials_{study.id}").value == [1, 2]
    assert "Against trial 1" in text(page)


def test_a_failed_trial_is_not_offered(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: params["dropout"] > 0.2)
    world.dataset()
    study = world.finish(world.start(trials=4, name="broken", extra_seeds=False))
    page = open_page("compare", {"study": study.id, "trials": "1,3"})
    offered = page.multiselect(key=f"compare_trials_{study.id}")
    assert not page.exception and offered.options == ["trial 1", "trial 2", "trial 4"] and 3 not in offered.value


def test_a_study_whose_baseline_failed_leads_to_its_trials(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: True)
    world.dataset()
    study = world.start(name="dead")
    world.run_until(lambda: all(run.has_ended for run in home.store.runs.of_study(study.id)))
    page = open_page("compare", {"study": study.id})
    [link] = [each.proto for each in page.get("page_link") if each.proto.label == "See its trials"]
    assert "no trial has a value yet" in text(page) and f"study={study.id}" in link.query_string


def test_of_many_trials_three_are_chosen_and_no_more_than_six_can_be(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    study = world.finish(world.start(trials=8, name="many", extra_seeds=False))
    page = open_page("compare", {"study": study.id})
    chosen = page.multiselect(key=f"compare_trials_{study.id}")
    assert len(chosen.options) == 8 and len(chosen.value) == 3 and chosen.proto.max_selections == 6
    chosen.set_value([1, 2, 3, 4, 5, 6]).run()
    assert not page.exception and len(page.table[0].value.columns) == 7


def test_a_running_study_and_its_control_are_compared_at_the_time_that_both_have_reached(
    open_page: Open, home: Workspace
):
    world = ScriptedHome(home)
    world.dataset()
    world.finish(world.start(trials=3, name="chance", agent="random", extra_seeds=False))
    live = world.start(name="live")
    page = open_page("compare", {"study": live.id}, compare_tab="Two studies")
    assert not page.exception and "no value yet" in text(page)
    world.run_into(live, 2)
    page = open_page("compare", {"study": live.id}, compare_tab="Two studies")
    assert not page.exception and {metric.label for metric in page.metric} == {"live", "chance"}
