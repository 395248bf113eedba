"""The Memory page beyond one lesson: facets, several at once, pairs to settle, what would be retrieved."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.memory.records import ForeignEvidence, Lesson
from core.views.packs import packed
from core.workspace import Workspace
from pages.components import dialogs
from tests.core.views.rooms import dataset

Open = Callable[..., AppTest]


def lesson(home: Workspace, claim: str = "More dropout helps.", **values: Any) -> Lesson:
    """A lesson by hand, across datasets unless said otherwise."""
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    return home.editing.add({**body, "claim": claim, **values}, "Ada")


@pytest.fixture
def three(home: Workspace) -> list[Lesson]:
    """Three rules: two about dropout that contradict one another, one about width."""
    return [
        lesson(home, conditions="mean_length < 30"),
        lesson(home, "Less dropout helps.", direction="down", conditions="mean_length < 60"),
        lesson(home, "Wider helps.", axis="hidden_dim", backbone="hstu"),
    ]


def text(page: AppTest) -> str:
    """Every word on the page."""
    elements = [*page.markdown, *page.info, *page.warning, *page.success, *page.error, *page.subheader, *page.header]
    return "\n".join([*(str(each.value) for each in elements), *(str(table.value) for table in page.table)])


def listed(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["lesson"]) if len(page.dataframe) else []


def test_facets_narrow_the_list_and_say_how_many_have_each_value(open_page: Open, home: Workspace, three: list[Lesson]):
    page = open_page("memory")
    assert len(listed(page)) == 3
    options = page.selectbox(key="memory_facet_axis").options
    assert options == ["any knob", "dropout · 2", "hidden dim · 1"]
    page.selectbox(key="memory_facet_backbone").set_value("hstu").run()
    assert listed(page) == ["Raise hidden dim"] and not page.exception
    page.button(key="memory_facets_clear").click().run()
    assert len(listed(page)) == 3


def test_every_filter_stands_in_one_place_and_is_cleared_at_once(open_page: Open, home: Workspace, three: list[Lesson]):
    home.editing.pin(three[2], True, "Ada")
    page = open_page("memory", memory_only=["pinned"], memory_facet_backbone="hstu")
    assert listed(page) == ["Raise hidden dim"]
    page.button(key="memory_facets_clear").click().run()
    assert len(listed(page)) == 3 and not page.exception


def test_several_are_archived_at_once_and_each_refusal_is_named(open_page: Open, home: Workspace, three: list[Lesson]):
    locked = home.editing.lock(three[1], True, "Bob")
    page = open_page("memory", {"lessons": f"{three[0].id},{locked.id}"})
    assert "2 lessons selected" in text(page)
    page.button(key="several_archive").click().run()
    assert not page.exception
    assert [home.store.lessons.get(each.id).status for each in three] == ["archived", "active", "active"]
    assert "1 archived" in text(page) and "1 not archived" in text(page) and "unlock it first" in text(page)


def test_all_that_is_listed_is_chosen_with_one_click_and_given_up_again(
    open_page: Open, home: Workspace, three: list[Lesson]
):
    page = open_page("memory")
    page.button(key="memory_several").click().run()
    assert "Select lessons" in text(page)
    page.button(key="memory_all").click().run()
    assert "3 lessons selected" in text(page)
    page.button(key="several_pin").click().run()
    assert all(home.store.lessons.get(each.id).pinned for each in three) and "3 pinned" in text(page)
    page.button(key="memory_several_done").click().run()
    assert "selected" not in text(page) and not page.exception


def test_a_link_with_nonsense_for_lessons_is_no_accident(open_page: Open, home: Workspace, three: list[Lesson]):
    page = open_page("memory", {"lessons": f"x,99,{three[0].id},-3"})
    assert not page.exception and "1 lesson selected" in text(page)


def test_a_contradiction_is_settled_by_muting_one(open_page: Open, home: Workspace, three: list[Lesson]):
    home.relations.relate_all("test")
    page = open_page("memory", memory_view="settle")
    assert "1 contradiction" in text(page) and "one raises dropout, the other lowers it" in text(page)
    page.button(key=f"settle_{three[0].id}_{three[1].id}_contradicts").click().run()
    prefix = f"conflict_{three[0].id}_{three[1].id}"
    page.radio(key=f"{prefix}_which").set_value(three[1].id)
    page.button(key=f"{prefix}_save").click().run()
    assert not page.exception
    assert home.store.lessons.get(three[1].id).status == "muted" and home.store.links.open() == []


def test_narrowing_that_leaves_both_speaking_to_the_same_data_is_refused(
    open_page: Open, home: Workspace, three: list[Lesson]
):
    home.relations.relate_all("test")
    prefix = f"conflict_{three[0].id}_{three[1].id}"
    chosen = {f"{prefix}_way": "narrow", f"{prefix}_which": three[1].id}
    page = open_page("memory", {"lesson": three[0].id}, **chosen)
    page.button(key=f"related_{three[0].id}_{three[1].id}_contradicts").click().run()
    field = f"{prefix}_conditions_{three[1].id}"
    page.text_input(key=field).set_value("mean_length < 50")
    page.button(key=f"{prefix}_save").click().run()
    assert "still speak to the same data" in page.session_state[dialogs.REFUSED]
    assert home.store.lessons.get(three[1].id).revision == 1


def test_a_near_duplicate_is_merged_side_by_side_with_a_wording_of_ones_own(open_page: Open, home: Workspace):
    one, other = lesson(home), lesson(home, "Dropout should be higher.")
    home.relations.relate_all("test")
    page = open_page("memory", memory_view="settle")
    page.button(key=f"settle_{one.id}_{other.id}_duplicates").click().run()
    prefix = f"merge_{one.id}_{other.id}"
    assert "Dropout should be higher." in text(page)
    page.text_area(key=f"{prefix}_claim_{one.id}").set_value("More dropout helps, as both say.")
    page.button(key=f"{prefix}_save").click().run()
    assert home.store.lessons.get(one.id).claim == "More dropout helps, as both say."
    assert home.store.lessons.get(other.id).status == "archived" and not page.exception


def test_a_lesson_added_by_hand_is_compared_at_once(open_page: Open, home: Workspace):
    first = lesson(home)
    page = open_page("memory", lesson_new_axis="dropout", lesson_new_direction_dropout="up")
    page.button(key="lesson_add").click().run()
    page.text_area(key="lesson_new_claim").set_value("More dropout hurts.")
    page.selectbox(key="lesson_new_kind").set_value("avoid")
    page.button(key="lesson_new_save").click().run()
    assert not page.exception
    [link] = home.store.links.open()
    assert link.kind == "contradicts" and link.lesson_id == first.id


def test_what_would_be_retrieved_shows_the_score_in_parts_and_why_others_are_out(
    open_page: Open, home: Workspace, three: list[Lesson]
):
    dataset(home, "toy")
    home.editing.set_status(lesson(home, "Longer helps.", axis="max_len"), "muted", "Ada")
    page = open_page("memory", memory_view="asked")
    told = text(page)
    assert not page.exception and "2 lessons would be shown" in told
    assert "1st of 2 by score" in told and "conditions 0.25 + trust 0.12" in told
    assert "`mean_length < 30` :small[:gray[here 6]]" in told
    assert "about HSTU, not SASRec" in told and "muted by a person" in told


def test_trials_of_other_homes_stand_apart_from_our_own(open_page: Open, home: Workspace):
    shared = lesson(home)
    home.store.foreign.add_evidence(
        ForeignEvidence(shared.id, "abc/their study/7/1700000000", "beauty", "for", 0.03, 0.01, 0.05, 1.0)
    )
    page = open_page("memory", {"lesson": shared.id})
    assert not page.exception and "Elsewhere" in text(page) and "their study · 7" in text(page)
    assert "none yet: no trial has tested it" in text(page) and "that is earned here" in text(page)


def test_a_pack_asks_for_each_lesson_that_differs_and_what_is_chosen_is_done(
    open_page: Open, home: Workspace, three: list[Lesson], no_second_worker: None
):
    pack = packed(home, "Ada")
    for each in three[:2]:
        home.editing.edit(each, {"claim": f"Ours {each.id}."}, "Ada")
    home.editing.set_status(three[2], "archived", "Ada")
    page = open_page("memory")
    page.button(key="packs").click().run()
    page.file_uploader(key="pack_file").upload("june.zip", pack, "application/zip")
    page.button(key="packs").click().run()
    told = text(page)
    assert "0 new, 0 known, 1 known and archived here, 2 differ" in told and "stay so" in told
    page.radio(key=f"pack_choice_{three[1].uid}").set_value("theirs")
    page.button(key="pack_take").click().run()
    assert not page.exception
    claims = [home.store.lessons.get(each.id).claim for each in three]
    assert claims == [f"Ours {three[0].id}.", "Less dropout helps.", "Wider helps."]
