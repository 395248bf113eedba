"""What would be retrieved, and why each lesson is in or out; facets; pairs side by side."""

from pathlib import Path
from typing import Any

import pytest

from core.memory.records import Lesson
from core.memory.retrieval import MOST
from core.views.asked import asked
from core.views.facets import ABOVE, AGENT, BELOW, IMPORT, PERSON, UNTRIED, Facets, author_kind, trust_band
from core.views.lessons import trust
from core.views.memory import Filters, browse
from core.views.pairs import open_pairs, pair_of, related
from tests.core.loop.world import World
from vectorstore.embedding import ChosenEmbedder
from vectorstore.hashing import HashingEmbedder


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home with two unlike datasets, and an embedder that needs no weights."""
    world = World(tmp_path)
    world.workspace.chosen_embedder = ChosenEmbedder(HashingEmbedder(), "words", is_fallback=False)
    world.dataset("toy")
    world.dataset("films", mean_length=120.0, density=0.04)
    return world


def write(world: World, claim: str = "More dropout helps.", **values: Any) -> Lesson:
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    return world.workspace.editing.add({**body, "claim": claim, **values}, "Ada")


def index(world: World) -> None:
    while world.workspace.indexer.apply():
        pass


def test_the_parts_of_every_score_add_up_to_it(world: World):
    write(world, conditions="mean_length < 10 and density >= 0.5")
    world.workspace.editing.pin(write(world, "Wider helps.", axis="hidden_dim"), True, "Ada")
    index(world)
    answer = asked(world.workspace, world.store.datasets.get("toy"), "sasrec")
    for each in (*answer.shown, *answer.passed_over):
        assert sum(part.value for part in each.parts) == pytest.approx(each.score)
    first, second = answer.shown
    assert first.why.startswith("pinned") and second.why == "2nd of 2 by score"
    assert [clause.met for clause in second.clauses] == [True, False]
    assert first.sets == "hidden_dim" and second.sets == ""


def test_lessons_beyond_those_shown_say_whether_they_are_too_low_or_say_it_twice(world: World):
    for number in range(MOST + 3):
        write(world, f"Rule {number} about something else: {'x' * number}.")
    index(world)
    answer = asked(world.workspace, world.store.datasets.get("toy"), "sasrec")
    assert len(answer.shown) == MOST and len(answer.passed_over) == 3
    assert all("are shown" in each.why or "nearly what" in each.why for each in answer.passed_over)


def test_what_is_out_of_scope_says_by_what(world: World):
    study = world.start("films")
    films, toy = world.store.datasets.get("films"), world.store.datasets.get("toy")
    of = {
        "about HSTU, not SASRec": write(world, backbone="hstu"),
        "of films alone": write(world, level="dataset", dataset_id=films.id),
        "of one study alone": write(world, level="study", study_id=study.id, dataset_id=films.id),
        "muted by a person": world.workspace.editing.set_status(write(world), "muted", "Ada")[0],
    }
    told = {each.lesson.id: each.why for each in asked(world.workspace, toy, "sasrec").outside}
    assert told == {lesson.id: why for why, lesson in of.items()}


def test_without_its_own_lineage_what_was_learned_there_is_left_out_and_said(world: World):
    toy = world.store.datasets.get("toy")
    values = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    known = {**values, "claim": "Known.", "dataset_id": toy.id, "lineage": toy.lineage}
    world.store.lessons.add(known, "consolidation", "study x")
    assert len(asked(world.workspace, toy, "sasrec").shown) == 1
    [left] = asked(world.workspace, toy, "sasrec", without_lineage=True).outside
    assert left.why == "learned on toy itself, which was left out"


def test_a_facet_counts_what_the_other_filters_leave(world: World):
    write(world)
    write(world, "Wider.", axis="hidden_dim")
    world.workspace.editing.pin(write(world, "Less.", direction="down"), True, "Ada")
    offered = browse(world.workspace, Filters(pinned=True)).choices["axis"]
    assert [(each.value, each.count) for each in offered] == [("dropout", 1)]
    listing = browse(world.workspace, Filters(facets=Facets(axis="hidden_dim", author=PERSON, trust=UNTRIED)))
    assert [row.lesson.claim for row in listing.levels["cognition"]] == ["Wider."]


def test_authors_are_told_apart_and_trust_by_where_it_began(world: World):
    lesson = write(world)
    authors = {"consolidation": AGENT, "import of a.zip by Ada": IMPORT, "Ada": PERSON}
    for author, kind in authors.items():
        assert author_kind(type(lesson)(**{**vars(lesson), "author": author})) == kind
    earned = [type(lesson)(**{**vars(lesson), "wins": w, "losses": n}) for w, n in ((0.0, 0.0), (2.0, 0.0), (0.0, 1.0))]
    assert [trust_band(trust(each)) for each in earned] == [UNTRIED, ABOVE, BELOW]


def test_pairs_come_contradictions_first_and_say_what_differs(world: World):
    one, same = write(world), write(world, "Dropout should be higher.")
    against = write(world, "More dropout hurts.", kind="avoid")
    world.workspace.relations.relate_all("test")
    pairs = open_pairs(world.store)
    assert [pair.kind for pair in pairs] == ["contradicts", "contradicts", "duplicates"]
    assert {line.label for line in pairs[-1].lines if line.differs} == {"says"}
    assert not pairs[-1].mergeable and "different things" in pairs[0].mergeable
    assert {each.other.id for each in related(world.store, one)} == {same.id, against.id}
    assert all(each.is_open for each in related(world.store, one))
    other_knob = write(world, axis="lr")
    assert "different knobs" in pair_of(world.store, one, other_knob).mergeable
