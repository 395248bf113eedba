"""The Memory page: lists, filters, one lesson, and what people do to it."""

from collections.abc import Callable
from math import isnan
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.memory.records import Lesson
from core.records import Study, Trial
from core.store import Found
from core.studies.starting import StudyPlan, start_study
from core.workspace import Workspace
from pages.components import dialogs
from tests.core.views.rooms import dataset

Open = Callable[..., AppTest]


def lesson(home: Workspace, claim: str = "More dropout helps.", **values: Any) -> Lesson:
    """A lesson by hand, across datasets unless said otherwise."""
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    return home.editing.add({**body, "claim": claim, "conditions": "mean_length < 10", **values}, "Ada")


@pytest.fixture
def study(home: Workspace) -> Study:
    """A study whose baseline is queued."""
    dataset(home, "toy")
    return start_study(home.store, StudyPlan(dataset="toy", trials=4, epochs=3, autonomy="each"), "Ada")


def propose(home: Workspace, study: Study, cited: Lesson) -> Trial:
    """A waiting proposal that cites a lesson."""
    params = {**home.store.trials.of_study(study.id)[0].params, "dropout": 0.4}
    proposal: dict[str, Any] = {
        "author": "expert",
        "changes": {"dropout": [0.2, 0.4]},
        "axis": "dropout",
        "direction": "up",
        "claim": "it helps",
        "mechanism": "because",
        "expected": {"relative": 0.01, "relative_sd": 0.02},
        "risk": "low",
        "novelty": "new",
        "falsifier": "it does not",
        "cost": {"minutes": 1.0},
        "base_trial_id": None,
    }
    parts = {
        "text": 0.7,
        "profile": 0.9,
        "conditions": 1.0,
        "confidence": 0.5,
        "clauses": [{"text": "mean_length < 10", "value": 6.0, "met": True}],
    }
    found = [Found(cited.id, cited.revision, 0.8, parts, cited=True, decisive=True)]
    return home.store.proposals.propose(study, params, (1,), proposal, found)


def text(page: AppTest) -> str:
    """Every word on the page."""
    elements = [*page.markdown, *page.info, *page.warning, *page.success, *page.error, *page.subheader, *page.header]
    return "\n".join([*(str(each.value) for each in elements), *(str(table.value) for table in page.table)])


def test_an_empty_memory_offers_one_next_action(open_page: Open):
    page = open_page("memory")
    assert not page.exception and "Nothing is remembered yet" in text(page)
    assert len(page.dataframe) == 0


def test_with_a_study_but_no_lesson_it_leads_to_the_study(open_page: Open, study: Study):
    page = open_page("memory")
    assert not page.exception and "Nothing is remembered yet" in text(page)


def test_the_list_shows_trust_and_record_and_the_first_lesson_is_open(open_page: Open, home: Workspace, study: Study):
    lesson(home)
    page = open_page("memory")
    assert not page.exception
    [row] = page.dataframe[0].value.to_dict("records")
    assert row["lesson"] == "Short histories: raise dropout" and row["record"] == "untried"
    assert "trust" not in row
    assert [tab.label for tab in page.tabs] == ["This study · 0", "This dataset · 0", "Across datasets · 1"]
    assert "More dropout helps." in text(page) and "fits toy" in text(page) and "written by Ada" in text(page)


def test_trust_stands_where_it_was_earned_and_nowhere_else(open_page: Open, home: Workspace, study: Study):
    tried = lesson(home)
    lesson(home, "Faster helps.", axis="lr")
    home.store.lessons.pay(tried.id, home.store.trials.of_study(study.id)[0].id, 1.0, 0.0)
    rows = {row["lesson"]: row for row in open_page("memory").dataframe[0].value.to_dict("records")}
    assert rows["Short histories: raise dropout"]["trust"] > 0.5
    assert isnan(rows["Short histories: raise lr"]["trust"])


def test_a_link_opens_its_lesson_and_its_tab(open_page: Open, home: Workspace, study: Study):
    lesson(home)
    mine = lesson(home, "Only here.", level="study", study_id=study.id, dataset_id=study.dataset_id)
    page = open_page("memory", {"lesson": mine.id})
    assert "Only here." in text(page)
    assert len(page.dataframe[0].value) == 1


def test_a_link_to_no_lesson_says_so_and_shows_the_others(open_page: Open, home: Workspace, study: Study):
    lesson(home)
    page = open_page("memory", {"lesson": "99"})
    assert not page.exception and "no lesson 99" in page.error[0].value and "More dropout helps." in text(page)


def test_pin_mute_and_archive_are_written_and_told(open_page: Open, home: Workspace, study: Study):
    kept = lesson(home)
    page = open_page("memory")
    page.button(key="lesson_pin").click().run()
    assert home.store.lessons.get(kept.id).pinned and "Pinned" in text(page)
    page.button(key="lesson_muted").click().run()
    assert home.store.lessons.get(kept.id).status == "muted" and "Muted" in text(page)
    page.button(key="lesson_archived").click().run()
    assert home.store.lessons.get(kept.id).status == "archived" and "Archived" in text(page)
    page.button(key="lesson_delete").click().run()
    assert home.store.lessons.all(("archived",)) == [] and not page.exception


def test_an_edit_is_a_revision_and_names_the_proposal_it_made_stale(open_page: Open, home: Workspace, study: Study):
    cited = lesson(home)
    trial = propose(home, study, cited)
    page = open_page("memory")
    page.button(key="lesson_edit").click().run()
    assert any("waits and cites this lesson" in each.value for each in page.warning)
    prefix = f"lesson_{cited.id}_1"
    page.text_area(key=f"{prefix}_claim").set_value("Less dropout helps.")
    page.text_input(key=f"{prefix}_reason").set_value("I saw it")
    page.button(key=f"{prefix}_save").click().run()
    edited = home.store.lessons.get(cited.id)
    assert edited.claim == "Less dropout helps." and edited.revision == 2
    proposal = home.store.proposals.proposal(trial.id)
    assert proposal is not None and proposal.stale
    assert "stale now" in text(page) and "I saw it" in text(page) and not page.exception


def test_edit_opens_the_lesson_that_was_seen_though_another_came_first_meanwhile(open_page: Open, home: Workspace):
    seen = lesson(home)
    page = open_page("memory")
    first = home.editing.pin(lesson(home, "A lower rate helps.", axis="lr", direction="down"), True, "Ada")
    open_page("memory").button(key="lesson_edit").click().run().text_area(
        key=f"lesson_{first.id}_{first.revision}_claim"
    )
    page.button(key="lesson_edit").click().run()
    assert page.text_area(key=f"lesson_{seen.id}_1_claim").value == seen.claim


def test_a_range_and_a_strength_are_seen_and_corrected(open_page: Open, home: Workspace, study: Study):
    kept = lesson(home, low=0.3, high=0.4, effect=0.02)
    page = open_page("memory")
    assert "did well from 0.3 to 0.4 · expects +2.0 %" in plain(text(page))
    page.button(key="lesson_edit").click().run()
    prefix = f"lesson_{kept.id}_1"
    page.number_input(key=f"{prefix}_high_dropout").set_value(0.35)
    page.number_input(key=f"{prefix}_effect").set_value(1.0)
    page.button(key=f"{prefix}_save").click().run()
    edited = home.store.lessons.get(kept.id)
    assert (edited.low, edited.high, edited.effect) == (0.3, 0.35, 0.01) and not page.exception


def test_a_rule_about_another_knob_loses_the_range_of_the_first(open_page: Open, home: Workspace, study: Study):
    kept = lesson(home, low=0.3, high=0.4)
    page = open_page("memory")
    page.button(key="lesson_edit").click().run()
    prefix = f"lesson_{kept.id}_1"
    page.selectbox(key=f"{prefix}_axis").set_value("tied_embeddings")
    page.button(key=f"{prefix}_save").click().run()
    edited = home.store.lessons.get(kept.id)
    assert (edited.axis, edited.low, edited.high) == ("tied_embeddings", None, None) and not page.exception


def test_a_locked_lesson_says_so_and_offers_nothing_but_to_unlock(open_page: Open, home: Workspace, study: Study):
    kept = lesson(home)
    page = open_page("memory")
    page.button(key="lesson_lock").click().run()
    assert home.store.lessons.get(kept.id).locked and "locked]" in text(page)
    assert "before a person unlocks it" in text(page)
    with pytest.raises(KeyError):
        page.button(key="lesson_edit")
    page.button(key="lesson_lock").click().run()
    assert not home.store.lessons.get(kept.id).locked and page.button(key="lesson_edit")


def test_the_last_change_is_undone_and_a_lesson_is_moved_a_level(open_page: Open, home: Workspace, study: Study):
    mine = lesson(home, level="study", study_id=study.id, dataset_id=study.dataset_id)
    home.editing.edit(mine, {"claim": "Second."}, "Bob")
    page = open_page("memory", {"lesson": mine.id})
    page.button(key="lesson_undo").click().run()
    assert home.store.lessons.get(mine.id).claim == "More dropout helps." and "is undone" in text(page)
    page.button(key="lesson_promote").click().run()
    assert home.store.lessons.get(mine.id).level == "dataset" and "Moved to" in text(page)
    assert len(page.dataframe[0].value) == 1 and not page.exception
    page.button(key="lesson_demote").click().run()
    assert home.store.lessons.get(mine.id).level == "study"


def test_of_two_people_who_edit_the_later_is_told_and_loses_nothing(open_page: Open, home: Workspace, study: Study):
    shared = lesson(home)
    page = open_page("memory")
    page.button(key="lesson_edit").click().run()
    home.editing.edit(shared, {"claim": "Bob was here."}, "Bob")
    page.text_area(key=f"lesson_{shared.id}_1_claim").set_value("Ada was here.")
    page.button(key=f"lesson_{shared.id}_1_save").click().run()
    assert home.store.lessons.get(shared.id).claim == "Bob was here."
    assert "Bob was first" in page.session_state[dialogs.REFUSED]


def test_conditions_that_cannot_be_read_are_refused_with_the_way_out(open_page: Open, home: Workspace, study: Study):
    kept = lesson(home)
    page = open_page("memory")
    page.button(key="lesson_edit").click().run()
    page.text_input(key=f"lesson_{kept.id}_1_conditions").set_value("mood < 3")
    page.button(key=f"lesson_{kept.id}_1_save").click().run()
    assert home.store.lessons.get(kept.id).revision == 1
    assert "no profile has" in page.session_state[dialogs.REFUSED]


def test_an_old_revision_comes_back_as_the_newest(open_page: Open, home: Workspace, study: Study):
    first = lesson(home)
    home.editing.edit(first, {"claim": "Second."}, "Bob")
    page = open_page("memory")
    page.button(key="lesson_restore_1").click().run()
    restored = home.store.lessons.get(first.id)
    assert restored.claim == "More dropout helps." and restored.revision == 3
    assert "Revision 1 is revision 3 now: its text came back; its trust stays" in plain(page.success[0].value)


def test_what_a_restored_revision_brings_back_is_told_and_what_trials_said_stays(
    open_page: Open, home: Workspace, study: Study
):
    first = lesson(home, effect=0.02)
    home.editing.edit(first, {"effect": 0.05, "status": "muted"}, "Bob")
    page = open_page("memory", {"lesson": first.id})
    page.button(key="lesson_restore_1").click().run()
    assert "strength +2.0 % and status active came back; its trust stays" in plain(page.success[0].value)
    trial = home.store.trials.of_study(study.id)[0]
    home.store.lessons.add_evidence(first.id, trial.id, "for", 0.08, 0.06, 0.1)
    home.store.lessons.pay(first.id, trial.id, 1.0, 0.0)
    page = open_page("memory", {"lesson": first.id})
    page.button(key="lesson_restore_2").click().run()
    assert "status muted came back; its trials, strength and trust stay" in plain(page.success[0].value)
    kept = home.store.lessons.get(first.id)
    assert (kept.status, kept.effect, kept.wins) == ("muted", 0.08, 1.0)
    assert len(home.store.lessons.evidence(first.id)) == 1


def plain(text: str) -> str:
    """As it was before it was escaped."""
    return text.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def test_a_lesson_of_ones_own_is_added_and_shown(open_page: Open, home: Workspace, study: Study):
    page = open_page("memory")
    lesson(home)
    page = open_page("memory")
    page.button(key="lesson_add").click().run()
    page.text_area(key="lesson_new_claim").set_value("Temperature matters.")
    page.button(key="lesson_new_save").click().run()
    assert [each.claim for each in home.store.lessons.all()] == ["More dropout helps.", "Temperature matters."]
    assert "Temperature matters." in text(page)


def test_words_narrow_the_list_and_a_missing_index_is_told(open_page: Open, home: Workspace, study: Study):
    lesson(home)
    lesson(home, "More width helps.", axis="hidden_dim")
    page = open_page("memory", memory_words="dropout", memory_by="word")
    assert len(page.dataframe[0].value) == 1 and not page.info
    page = open_page("memory", memory_words="dropout")
    assert "not built yet" in page.info[0].value and page.button(key="memory_worker")


def test_nothing_found_offers_to_clear_the_filters(open_page: Open, home: Workspace, study: Study):
    lesson(home)
    page = open_page("memory", memory_words="nonsense", memory_by="word")
    page.button(key="memory_clear").click().run()
    assert not page.exception and "More dropout helps." in text(page)
