"""The Inbox: what waits across studies, one open card, decisions one by one and several at once."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Trial
from core.states import TrialState
from core.studies.starting import StudyPlan, start_study
from core.views.inbox import PAGE
from core.workspace import Workspace
from pages.components import dialogs
from tests.core.views.rooms import dataset
from tests.pages.test_memory import lesson, propose

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


def text(page: AppTest) -> str:
    """Every word on the page."""
    return "\n".join(str(each.value) for each in [*page.markdown, *page.subheader, *page.warning, *page.error])


@pytest.fixture
def waiting(home: Workspace) -> list[Trial]:
    """A proposal in each of three studies, the second of them stale."""
    dataset(home, "toy")
    found = []
    for name in ("first", "second", "third"):
        study = start_study(home.store, StudyPlan(dataset="toy", name=name, trials=4, epochs=3, autonomy="each"), "Ada")
        cited = lesson(home, f"For {name}.")
        found.append(propose(home, study, cited))
        if name == "second":
            home.editing.edit(cited, {"claim": "Otherwise."}, "Ada")
    return found


def test_an_empty_inbox_offers_one_next_action(open_page: Open):
    page = open_page("inbox")
    assert not page.exception and "Nothing waits for you" in text(page)


def test_what_somebody_else_decided_just_now_opens_no_dialog_of_another(
    open_page: Open, home: Workspace, waiting: list[Trial]
):
    page = open_page("inbox")
    home.deciding.approve(waiting[0], "Bea", "dashboard", waiting[0].approval_hash)
    page.button(key=f"ask-veto-{waiting[0].id}").click().run()
    assert "2 proposals wait" in text(page) and not page.text_area and not page.exception


def test_the_oldest_is_open_and_its_keys_decide_it(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox")
    assert not page.exception and "3 proposals wait" in text(page)
    shortcuts = {button.key: button.proto.shortcut for button in page.button if button.proto.shortcut}
    keys = ("approve", f"ask-edit-{waiting[0].id}", f"ask-veto-{waiting[0].id}")
    assert [shortcuts[key].lower() for key in keys] == ["a", "e", "v"]
    page.button(key="approve").click().run()
    assert home.store.trials.get(waiting[0].id).state is TrialState.APPROVED
    page.run()
    assert "2 proposals wait" in text(page)


def test_a_decided_one_gives_way_to_the_next(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox", {"trial": waiting[1].id})
    assert any("Stale" in each.value for each in page.warning)
    page.button(key="approve-stale").click().run()
    page.run()
    assert home.store.trials.get(waiting[1].id).state is TrialState.APPROVED
    assert page.button(key="inbox-next").disabled and not page.button(key="inbox-previous").disabled


def test_a_batch_goes_through_in_part_and_says_what_was_refused(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox")
    page.button(key="pick_all").click().run()
    home.deciding.veto(waiting[2], "not this", "Bob", "test")
    page.button(key="approve_batch").click().run()
    assert [home.store.trials.get(trial.id).state for trial in waiting] == [
        TrialState.APPROVED,
        TrialState.PROPOSED,
        TrialState.VETOED,
    ]
    told = text(page)
    assert "1 of 3 approved" in told and "2 refused" in told and "Bob was first" in told and "stale" in told
    assert home.store.trials.decisions(waiting[0].id)[0].actor == page.sidebar.text_input(key="who_name").value


def test_a_batch_veto_asks_for_one_reason_and_writes_it_on_each(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox")
    page.checkbox(key=f"pick_{waiting[0].id}").check()
    page.checkbox(key=f"pick_{waiting[2].id}").check().run()
    page.button(key="veto_batch").click().run()
    page.text_area(key="veto_batch_reason").set_value("too dear")
    page.button(key="veto_batch_go").click().run()
    reasons = [home.store.trials.decisions(waiting[place].id)[-1].reason for place in (0, 2)]
    assert reasons == ["too dear", "too dear"] and home.store.trials.get(waiting[1].id).waits


def test_a_batch_veto_without_a_reason_touches_nothing(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox")
    page.button(key="pick_all").click().run()
    page.button(key="veto_batch").click().run()
    page.button(key="veto_batch_go").click().run()
    assert "needs a reason" in page.session_state[dialogs.REFUSED]
    assert all(home.store.trials.get(trial.id).waits for trial in waiting)


def test_the_list_narrows_to_one_study(open_page: Open, home: Workspace, waiting: list[Trial]):
    page = open_page("inbox")
    page.selectbox(key="inbox_study").set_value(waiting[2].study_id).run()
    page.run()
    assert "1 proposal waits" in text(page) and "first · trial" not in text(page)


def test_more_than_a_page_is_turned_and_a_link_finds_its_page(open_page: Open, home: Workspace, waiting: list[Trial]):
    study = home.store.studies.get(waiting[0].study_id)
    first = waiting[0]
    for number in range(PAGE):
        params = {**first.params, "dropout": 0.11 + number / 100}
        last = home.store.proposals.propose(study, params, (1,), _body())
    page = open_page("inbox")
    assert f"pick_{last.id}" not in {box.key for box in page.checkbox}
    page.button(key="inbox_newer").click().run()
    page.run()
    assert f"pick_{last.id}" in {box.key for box in page.checkbox}
    linked = open_page("inbox", {"trial": last.id})
    assert f"pick_{last.id}" in {box.key for box in linked.checkbox}


def _body() -> dict[str, object]:
    empty = {"author": "tpe", "changes": {}, "axis": "", "direction": "", "claim": "", "mechanism": "", "risk": "low"}
    return {**empty, "expected": {}, "novelty": "new", "falsifier": "", "cost": {}, "base_trial_id": None}
