"""What a pack would bring is told before it is taken; a home's memory becomes a pack."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.memory.pack_file import pack_bytes
from core.memory.packing import pack_memory
from core.memory.unpacking import OURS, THEIRS
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
    assert bring_in(ours, seen, OURS, "Bob").added == 1
    assert incoming(ours, "june.zip", file).in_short == "0 new, 1 known, 0 differ, 0 refused"


def test_where_both_know_a_lesson_the_difference_is_told_and_the_choice_decides(theirs: Workspace, ours: Workspace):
    bring_in(ours, incoming(ours, "june.zip", packed(theirs, "Ada")), OURS, "Bob")
    [mine] = ours.store.lessons.all()
    ours.editing.edit(mine, {"claim": "A little more dropout helps."}, "Bob")
    seen = incoming(ours, "june.zip", packed(theirs, "Ada"))
    assert seen.differing == (
        "More dropout helps.: claim A little more dropout helps. here, More dropout helps. there",
    )
    assert bring_in(ours, seen, OURS, "Bob").kept_ours == 1
    assert ours.store.lessons.get(mine.id).claim == "A little more dropout helps."
    assert bring_in(ours, seen, THEIRS, "Bob").took_theirs == 1
    assert ours.store.lessons.get(mine.id).claim == "More dropout helps."


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
