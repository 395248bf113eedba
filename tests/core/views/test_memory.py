"""What the Memory page shows: titles, filters, both searches, conditions, evidence, uses, revisions."""

import dataclasses
from typing import Any

import pytest

from core.errors import InvalidInput
from core.memory.documents import LESSONS
from core.memory.records import Lesson
from core.views import lesson_form as form
from core.views.lesson import lesson_page
from core.views.lesson_titles import titles as titles_of
from core.views.lessons import LONGEST_TITLE, number, title, trust, word_diff
from core.views.memory import WORD, Filters, browse, lesson_or_none, level_of
from tests.core.loop.world import World
from vectorstore.embedding import ChosenEmbedder
from vectorstore.hashing import HashingEmbedder

SHORT = "mean_length < 10 and density < 0.005"


@pytest.fixture
def world(tmp_path: Any) -> World:
    """A home with two unlike datasets, and an embedder that needs no weights."""
    world = World(tmp_path)
    world.workspace.chosen_embedder = ChosenEmbedder(HashingEmbedder(), "words", is_fallback=False)
    world.dataset("toy")
    world.dataset("films", mean_length=120.0, density=0.04)
    return world


def write(world: World, claim: str = "More dropout helps.", **values: Any) -> Lesson:
    """A lesson by hand, across datasets unless said otherwise."""
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    return world.workspace.editing.add({**body, "claim": claim, "conditions": SHORT, **values}, "Ada")


def index(world: World) -> None:
    """Bring the index up to date."""
    while world.workspace.indexer.apply():
        pass


def titles(world: World, **filters: Any) -> list[str]:
    """Titles of every row, all levels."""
    listing = browse(world.workspace, Filters(**filters))
    return [row.title for rows in listing.levels.values() for row in rows]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Short histories: raise dropout"),
        ({"kind": "avoid"}, "Short histories: avoid raising dropout"),
        ({"axis": "loss", "direction": "full_softmax"}, "Short histories: loss = full softmax"),
        ({"axis": "tied_embeddings", "direction": "True", "conditions": ""}, "Tied embeddings = on"),
        ({"conditions": "mean_length >= 40"}, "Long histories: raise dropout"),
        ({"conditions": "mean_length >= 10 and mean_length < 40"}, "Raise dropout"),
        ({"kind": "fact", "axis": "", "direction": ""}, "More dropout helps."),
    ],
)
def test_a_title_says_what_to_do_and_where(world: World, values: dict[str, str], expected: str):
    assert title(write(world, **values)) == expected


def test_no_title_is_longer_than_a_column_of_a_table(world: World):
    lesson = write(world, "word " * 60, kind="avoid", axis="train_targets", direction="last_position")
    assert len(title(lesson)) <= LONGEST_TITLE
    assert len(title(dataclasses.replace(lesson, kind="fact"))) <= LONGEST_TITLE


def test_titles_that_repeat_tell_backbone_and_data_and_the_others_stay_short(world: World):
    toy, films = (world.store.datasets.get(name) for name in ("toy", "films"))
    same = [write(world, backbone=name, dataset_id=data.id) for name, data in (("sasrec", toy), ("hstu", films))]
    third = write(world, backbone="sasrec", dataset_id=films.id)
    alone = write(world, axis="lr")
    told = titles_of(world.store, [*same, third, alone])
    assert [told[each.id] for each in (*same, third)] == [
        "Raise dropout · SASRec, toy",
        "Raise dropout · HSTU, films",
        "Raise dropout · SASRec, films",
    ]
    assert told[alone.id] == "Short histories: raise lr"
    twins = [write(world, axis="max_len"), write(world, axis="max_len")]
    assert [titles_of(world.store, twins)[each.id] for each in twins] == [
        f"Raise max len · no. {each.id}" for each in twins
    ]
    assert all(len(text) <= LONGEST_TITLE for text in told.values())


def test_trust_narrows_with_every_trial_a_lesson_chose(world: World):
    lesson = write(world)
    untried, tried = trust(lesson), trust(dataclasses.replace(lesson, wins=4.0, losses=1.0))
    assert untried.words == "untried" and tried.words == "4 of 5"
    assert tried.low < tried.mean < tried.high
    assert tried.high - tried.low < untried.high - untried.low


def test_figures_of_profiles_are_written_to_be_read_beside_limits():
    assert [number(value) for value in (12101.0, 8.94, 0.000712, 0.0, None)] == [
        "12,101",
        "8.94",
        "0.00071",
        "0",
        "unknown",
    ]


def test_filters_narrow_the_list(world: World):
    kept, pinned, muted = write(world), write(world, axis="lr"), write(world, axis="hidden_dim")
    world.workspace.editing.pin(pinned, True, "Ada")
    world.workspace.editing.set_status(muted, "muted", "Ada")
    assert titles(world)[0] == title(pinned) and len(titles(world)) == 3
    assert titles(world, pinned=True) == [title(pinned)]
    assert titles(world, statuses=frozenset({"muted"})) == [title(muted)]
    assert titles(world, fits=world.store.datasets.get("films")) == []
    assert title(kept) in titles(world, fits=world.store.datasets.get("toy"))


def test_a_lesson_with_evidence_both_ways_is_contested(world: World):
    study = world.start("toy")
    world.deciding.queue(study, {"dropout": 0.3}, "Ada", "test")
    trials = world.store.trials.of_study(study.id)
    contested, agreed = write(world, axis="lr"), write(world)
    for lesson, effects in ((contested, (0.1, -0.1)), (agreed, (0.1, 0.2))):
        for trial, effect in zip(trials, effects, strict=False):
            world.store.lessons.add_evidence(lesson.id, trial.id, "for", effect, effect - 0.01, effect + 0.01)
    assert title(contested) in titles(world, contested=True)
    assert title(agreed) not in titles(world, contested=True)


def test_seen_from_a_study_its_own_lessons_and_those_across_datasets_are_listed(world: World):
    study, other = world.start("toy", name="first"), world.start("films", name="second")
    write(world, "Mine.", level="study", study_id=study.id, dataset_id=study.dataset_id)
    write(world, "Theirs.", level="dataset", study_id=None, dataset_id=other.dataset_id)
    listing = browse(world.workspace, Filters(study=study))
    assert [len(listing.levels[level]) for level in ("study", "dataset", "cognition")] == [1, 0, 0]
    assert listing.known == 2


def test_a_search_by_meaning_gives_the_nearest_first_with_its_likeness(world: World):
    write(world, "Wide item vectors pay on large catalogues.", axis="hidden_dim", conditions="")
    write(world, "More dropout helps short histories.")
    index(world)
    rows = browse(world.workspace, Filters(words="short histories")).levels["cognition"]
    assert rows[0].title == "Short histories: raise dropout"
    assert rows[0].match and rows[0].match > (rows[1].match or 0.0)


def test_a_search_by_word_wants_every_word(world: World):
    write(world, "More dropout helps short histories.")
    write(world, "More width helps.", axis="hidden_dim")
    assert titles(world, words="MORE short", by=WORD) == ["Short histories: raise dropout"]


def test_without_an_index_the_search_falls_back_to_words_and_says_so(world: World):
    write(world, "More dropout helps short histories.")
    listing = browse(world.workspace, Filters(words="dropout"))
    assert len(listing.levels["cognition"]) == 1
    [notice] = listing.notices
    assert "not built yet" in notice.text and notice.needs_worker


def test_an_index_of_another_embedder_is_not_believed(world: World):
    write(world, "More dropout helps short histories.")
    world.index.ensure(LESSONS, "some-other-model", world.workspace.embedder.dimension)
    listing = browse(world.workspace, Filters(words="dropout"))
    assert "some-other-model" in listing.notices[0].text and "memory rebuild" in listing.notices[0].text
    assert len(listing.levels["cognition"]) == 1


def test_a_change_the_index_lacks_is_told(world: World):
    lesson = write(world, "More dropout helps short histories.")
    index(world)
    world.workspace.editing.edit(lesson, {"claim": "Much more dropout helps."}, "Ada")
    assert any("not in the index yet" in notice.text for notice in browse(world.workspace, Filters(words="x")).notices)


def test_conditions_are_shown_clause_by_clause_with_every_datasets_value(world: World):
    page = lesson_page(world.store, write(world), world.store.datasets.get("films"))
    assert page.conditions is not None
    assert page.conditions.datasets == ("films", "toy") and page.fitting == ("toy",)
    assert [cell.met for cell in page.conditions.cells[0]] == [False, True]
    assert [cell.value for cell in page.conditions.cells[0]] == ["120", "6"]


def test_a_study_leaves_evidence_and_uses_that_name_their_trials(world: World):
    world.finish(world.start("toy", trials=8))
    world.dataset("like")
    waiting = world.wait_for_proposal(world.start("like", autonomy="each"))
    cited = next(found for found in world.store.proposals.retrievals(waiting.id) if found.cited)
    page = lesson_page(world.store, world.store.lessons.get(cited.lesson_id))
    assert page.evidence and page.evidence[0].study.name == "toy-sasrec"
    assert [use.number for use in page.waiting] == [waiting.number]
    assert any(part.startswith("trust ") for part in page.waiting[0].parts)
    assert page.provenance.startswith("learned from study toy-sasrec")


def test_revisions_say_what_changed_word_by_word(world: World):
    lesson = write(world, "More dropout helps.")
    edited, _ = world.workspace.editing.edit(
        lesson, {"claim": "Less dropout helps.", "direction": "down"}, "Bob", "saw"
    )
    newest, oldest = lesson_page(world.store, edited).revisions
    assert newest.is_current and newest.record.author == "Bob" and not oldest.is_current
    claim = next(change for change in newest.changes if change.field == "lesson")
    assert [(each.mark, each.text) for each in claim.diff[:2]] == [("removed", "More"), ("added", "Less")]


def test_equal_texts_have_no_difference():
    assert [each.mark for each in word_diff("a b", "a b")] == ["same"]


def test_a_link_to_no_lesson_is_explained(world: World):
    assert lesson_or_none(world.store, None) is None
    with pytest.raises(InvalidInput, match="no lesson's number"):
        lesson_or_none(world.store, "seven")


def test_the_widest_level_that_holds_a_lesson_is_opened_first(world: World):
    study = world.start("toy")
    write(world, level="study", study_id=study.id, dataset_id=study.dataset_id)
    assert level_of(browse(world.workspace, Filters()), None) == "study"


def test_the_form_offers_up_and_down_or_the_options_of_a_knob():
    assert form.directions("sasrec", "dropout") == ["up", "down"]
    assert form.directions("sasrec", "hidden_dim") == ["up", "down"]
    assert "full_softmax" in form.directions("sasrec", "loss")
    assert form.directions("", "tied_embeddings") == ["False", "True"]


def test_the_form_sends_only_what_was_changed(world: World):
    lesson = write(world)
    entered = {**form.values_of(lesson), "claim": " Less dropout helps. "}
    assert form.changed(lesson, entered) == {"claim": "Less dropout helps."}


def test_the_form_sends_a_range_and_a_strength_as_they_are_kept(world: World):
    lesson = write(world, low=0.3, high=0.4, effect=0.0312345)
    shown = form.values_of(lesson)
    assert (shown["low"], shown["high"], shown["effect"]) == (0.3, 0.4, 3.12)
    assert form.changed(lesson, shown) == {}
    assert form.changed(lesson, {**shown, "low": None, "high": None, "effect": -1.5}) == {
        "low": None,
        "high": None,
        "effect": -0.015,
    }
    written = world.workspace.editing.add(form.new_lesson({**shown, "effect": 2.0}, None), "Ada")
    assert (written.low, written.high, written.effect) == (0.3, 0.4, 0.02)


def test_only_a_knob_with_an_order_of_numbers_has_a_range():
    assert form.range_of("sasrec", "loss") is None and form.range_of("sasrec", "") is None
    low, high = form.range_of("sasrec", "dropout") or (1.0, 0.0)
    assert low < high


def test_a_lesson_moves_only_to_levels_it_can_have(world: World):
    study = world.start("toy")
    by_hand, learned = write(world), write(world, level="dataset", study_id=study.id, dataset_id=study.dataset_id)
    assert form.moves(by_hand) == []
    assert form.moves(learned) == [("promote", "cognition"), ("demote", "study")]


def test_the_card_tells_range_and_strength_and_revisions_name_fields_in_words(world: World):
    lesson = write(world, low=0.3, high=0.4, effect=0.02)
    edited, _ = world.workspace.editing.edit(lesson, {"high": 0.35, "effect": 0.05, "kind": "avoid"}, "Bob")
    page = lesson_page(world.store, edited)
    assert page.figures == "did well from 0.3 to 0.35 · expects +5.0 %"
    alike, _ = world.workspace.editing.edit(edited, {"low": 0.3, "high": 0.3}, "Bob")
    assert lesson_page(world.store, alike).figures == "did well at 0.3 · expects +5.0 %"
    assert [(each.field, each.before, each.after) for each in page.revisions[0].changes] == [
        ("it says", "do this", "avoid this"),
        ("did well up to", "0.4", "0.35"),
        ("strength", "+2.0 %", "+5.0 %"),
    ]
    assert lesson_page(world.store, write(world)).figures == ""


def test_conditions_are_tried_on_every_dataset_while_one_types(world: World):
    datasets = world.store.datasets.all()
    assert dict(form.applies("mean_length > 50", datasets).datasets) == {"films": True, "toy": False}
    assert "cannot be read" in form.applies("mean_length >", datasets).fault
    assert "no profile has" in form.applies("mood < 3", datasets).fault


def test_a_lesson_written_by_hand_belongs_to_the_study_in_view(world: World):
    study = world.start("toy")
    values = form.new_lesson({"claim": "So it is.", "level": "study"}, study)
    assert values["study_id"] == study.id and values["dataset_id"] == study.dataset_id
    assert world.workspace.editing.add(values, "Ada").level == "study"
