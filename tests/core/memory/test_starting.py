"""The memory that ships with the program: taken by a fresh home once, left out at will, never a burden to others."""

import os
from pathlib import Path

import pytest

from core.cli import main
from core.errors import NotFound
from core.memory.pack_file import read_pack, write_pack
from core.memory.packing import pack_memory
from core.memory.starting import PACK, STARTING, Starting
from core.memory.unpacking import NEW, Unpacking
from core.settings import Settings
from core.workspace import Workspace
from tests.core.memory.house import Memory
from tests.core.store.building import a_study


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one rule, learned elsewhere."""
    there = Memory(tmp_path / "there")
    shop = there.dataset("shop")
    rule = there.learned(shop, conditions="mean_length < 10")
    _, trial = there.ended(shop, "benchmark", dropout=0.3)
    there.witness(rule, trial)
    target = tmp_path / "pack.zip"
    write_pack(pack_memory(there.store, "pack.zip", "test"), target)
    return target


def test_a_fresh_home_takes_it_once_untried_and_labelled(memory: Memory, pack: Path):
    starting = Starting(memory.store, pack)
    assert starting.take_at_first("here") == 1
    [lesson] = starting.lessons()
    assert lesson.author == STARTING and lesson.wins == lesson.losses == 0.0
    assert memory.store.foreign.evidence(lesson.id)[0].dataset == "shop"
    assert starting.take_at_first("here") == 0 and len(memory.store.lessons.all()) == 1


def test_a_home_with_a_study_or_a_lesson_of_its_own_is_left_alone(tmp_path: Path, pack: Path):
    written, studied = Memory(tmp_path / "a"), Memory(tmp_path / "b")
    written.write()
    a_study(studied.store, "first", dataset_id=studied.dataset("shop").id)
    for memory in (written, studied):
        assert Starting(memory.store, pack).take_at_first("here") == 0


def test_while_another_process_takes_it_nobody_waits_and_nothing_comes_twice(memory: Memory, pack: Path):
    memory.store.leases.take(STARTING, "worker-7", 60.0)
    assert Starting(memory.store, pack).take_at_first("here") == 0
    memory.store.leases.release(STARTING, "worker-7")
    assert Starting(memory.store, pack).take_at_first("here") == 1


def test_left_out_it_does_not_come_back_by_itself_but_when_asked(memory: Memory, pack: Path):
    starting = Starting(memory.store, pack)
    starting.take_at_first("here")
    kept = memory.editing.lock(starting.lessons()[0], True, "Ada")
    assert "unlock it first" in starting.leave_out("Ada").refused[0].refused
    memory.editing.lock(kept, False, "Ada")
    starting.leave_out("Ada")
    assert starting.lessons() == [] and starting.take_at_first("here") == 0
    assert starting.take("Ada") == 1 and starting.lessons()[0].status == "active"


def test_left_out_before_it_came_it_stays_out(memory: Memory, pack: Path):
    starting = Starting(memory.store, pack)
    starting.leave_out("Ada")
    assert starting.take_at_first("here") == 0


def test_without_the_file_the_way_to_make_it_is_told(memory: Memory, tmp_path: Path):
    starting = Starting(memory.store, tmp_path / "gone.zip")
    assert starting.take_at_first("here") == 0
    with pytest.raises(NotFound, match=r"benchmarks\.starting_pack"):
        starting.take("Ada")


def test_the_pack_that_ships_is_whole_and_every_rule_says_where_it_comes_from(memory: Memory):
    pack = read_pack(PACK)
    assert pack.lessons and {arrival.state for arrival in Unpacking(memory.store).look(pack)} == {NEW}
    profiles = {row["id"]: row["name"] for row in pack.profiles}
    for row in pack.lessons:
        assert row["level"] == "cognition" and row["conditions"]
        assert profiles[row["dataset_id"]].endswith("(benchmark)")


def opened(home: Path, monkeypatch: pytest.MonkeyPatch, switch: str) -> int:
    """How many lessons a home holds once it was opened with this setting."""
    monkeypatch.setenv("VIRTUALMLE_HOME", str(home))
    monkeypatch.setenv("VIRTUALMLE_STARTING_MEMORY", switch)
    workspace = Workspace.open(Settings.from_environment(), read_only=True)
    count = len(workspace.store.lessons.all())
    workspace.close()
    return count


def test_the_setting_and_the_option_keep_it_out_of_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert opened(tmp_path / "a", monkeypatch, "off") == 0
    assert opened(tmp_path / "a", monkeypatch, "on") == len(read_pack(PACK).lessons)
    monkeypatch.setenv("VIRTUALMLE_HOME", str(tmp_path / "b"))
    assert main(["--no-starting-memory", "memory", "list"]) == 0
    assert opened(tmp_path / "b", monkeypatch, "on") == 0
    assert main(["memory", "starting", "take"]) == 0
    assert opened(tmp_path / "b", monkeypatch, "on") == len(read_pack(PACK).lessons)


def test_a_child_process_sees_the_same_setting(tmp_path: Path):
    settings = Settings.from_environment({"VIRTUALMLE_HOME": str(tmp_path), "VIRTUALMLE_STARTING_MEMORY": "off"})
    assert not settings.starting_memory
    assert settings.environment()["VIRTUALMLE_STARTING_MEMORY"] == "off"
    assert (
        Settings.from_environment({k: v for k, v in settings.environment().items() if k in os.environ or v}) == settings
    )
