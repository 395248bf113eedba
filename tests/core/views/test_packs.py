"""What a pack would bring is told before it is taken; a home's memory becomes a pack."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.memory.pack_file import pack_bytes
from core.memory.packing import pack_memory
from core.memory.unpacking import BOTH, OURS, THEIRS
from core.views.packs import bring_in, incoming, packed
from core.workspace import Workspace
from tests.core.loop.world import World

RULE = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}


@pytest.fixture
def theirs(tmp_path: Path) -> Workspace:
    """Another home with one lesson."""
    home = World(tmp_path / "theirs").workspace
    home.editing.add({**RULE, "claim": "More dropout helps."}, "Ada")
    return home


@pytest.fixture
def ours(tmp_path: Path) -> Workspace:
    return World(tmp_path / "ours").workspace


def test_looking_writes_nothing_and_taking_brings_what_was_told(theirs: Workspace, ours: Workspace):
    file = packed(theirs, "Ada")
    seen = incoming(ours, "june.zip", file)
    assert seen.new == ("More dropout helps.",) and seen.in_short == "1 new, 0 known, 0 differ, 0 refused"
    assert ours.store.lessons.all() == [] and list((ours.settings.home / "uploads").iterdir()) == []
    assert bring_in(ours, seen, {}, "Bob").taken.added == 1
    assert incoming(ours, "june.zip", file).in_short == "0 new, 1 known, 0 differ, 0 refused"


def test_where_both_know_a_lesson_the_difference_is_told_and_the_choice_decides(theirs: Workspace, ours: Workspace):
    bring_in(ours, incoming(ours, "june.zip", packed(theirs, "Ada")), {}, "Bob")
    [mine] = ours.store.lessons.all()
    ours.editing.edit(mine, {"claim": "A little more dropout helps."}, "Bob")
    seen = incoming(ours, "june.zip", packed(theirs, "Ada"))
    [differs] = seen.differing
    assert differs.claim == "More dropout helps." and differs.revision == ours.store.lessons.get(mine.id).revision
    assert differs.fields == "lesson: A little more dropout helps. here, More dropout helps. there"
    assert bring_in(ours, seen, {mine.uid: OURS}, "Bob").taken.kept_ours == 1
    assert ours.store.lessons.get(mine.id).claim == "A little more dropout helps."
    assert bring_in(ours, seen, {mine.uid: THEIRS}, "Bob").taken.took_theirs == 1
    assert ours.store.lessons.get(mine.id).claim == "More dropout helps."


def test_each_lesson_that_differs_has_a_choice_of_its_own(theirs: Workspace, ours: Workspace):
    theirs.editing.add({**RULE, "axis": "lr", "claim": "Faster helps."}, "Ada")
    file = packed(theirs, "Ada")
    bring_in(ours, incoming(ours, "june.zip", file), {}, "Bob")
    first, second = ours.store.lessons.all()
    for lesson in (first, second):
        ours.editing.edit(lesson, {"claim": f"Ours about {lesson.axis}."}, "Bob")
    brought = bring_in(ours, incoming(ours, "june.zip", file), {second.uid: THEIRS}, "Bob")
    assert (brought.taken.kept_ours, brought.taken.took_theirs, brought.kept) == (1, 1, ())
    assert [each.claim for each in ours.store.lessons.all()] == ["Ours about dropout.", "Faster helps."]


def test_what_was_changed_after_the_look_is_not_replaced_and_is_told(theirs: Workspace, ours: Workspace):
    file = packed(theirs, "Ada")
    bring_in(ours, incoming(ours, "june.zip", file), {}, "Bob")
    [mine] = ours.store.lessons.all()
    same = incoming(ours, "june.zip", file)
    edited, _ = ours.editing.edit(mine, {"claim": "Ours."}, "Bob")
    assert bring_in(ours, same, {}, "Bob").kept == ("Ours.",)
    seen = incoming(ours, "june.zip", file)
    ours.editing.edit(edited, {"claim": "Ours, later."}, "Eve")
    brought = bring_in(ours, seen, {mine.uid: THEIRS}, "Bob")
    assert brought.taken.took_theirs == 0 and brought.kept == ("Ours, later.",)
    assert ours.store.lessons.get(mine.id).claim == "Ours, later."


def test_what_is_archived_here_is_told_and_a_locked_lesson_takes_nothing(theirs: Workspace, ours: Workspace):
    file = packed(theirs, "Ada")
    bring_in(ours, incoming(ours, "june.zip", file), {}, "Bob")
    [mine] = ours.store.lessons.all()
    archived, _ = ours.editing.set_status(mine, "archived", "Bob")
    seen = incoming(ours, "june.zip", file)
    assert seen.archived == ("More dropout helps.",)
    assert seen.in_short == "0 new, 0 known, 1 known and archived here, 0 differ, 0 refused"
    edited, _ = ours.editing.edit(archived, {"claim": "Ours."}, "Bob")
    ours.editing.lock(edited, True, "Bob")
    [differs] = incoming(ours, "june.zip", file).differing
    assert list(differs.choices) == [OURS, BOTH]


def test_what_is_no_pack_is_refused_by_name_and_leaves_nothing_behind(ours: Workspace):
    with pytest.raises(InvalidInput, match=r"notes\.zip is refused"):
        incoming(ours, "notes.zip", b"no zip at all")
    assert list((ours.settings.home / "uploads").iterdir()) == []


def test_what_is_refused_is_told_in_words_that_can_be_shown(theirs: Workspace, ours: Workspace):
    pack = pack_memory(theirs.store, "bad", "Eve")
    rows = [{**pack.lessons[0], "claim": "half \ud800"}, {**pack.lessons[0], "claim": {"a": "\ud800"}}]
    seen = incoming(ours, "bad.zip", pack_bytes(replace(pack, lessons=rows)))
    assert len(seen.refused) == 2 and seen.refused[0].startswith("half ?: claim=")
    assert "".join(seen.refused).encode()
