"""One act on many lessons: done where it can be, and each refusal named."""

from core.memory.bulk import Bulk
from tests.core.memory.house import Memory


def test_what_is_locked_or_was_edited_since_is_named_and_the_rest_is_done(memory: Memory):
    free, locked, edited = memory.write(), memory.write("Locked."), memory.write("Edited.")
    locked = memory.editing.lock(locked, True, "Ada")
    memory.editing.edit(edited, {"claim": "By Bob."}, "Bob")
    report = Bulk(memory.store).apply("archive", [free, locked, edited], "Ada")
    assert [each.lesson.id for each in report.done] == [free.id]
    assert [memory.store.lessons.get(each.id).status for each in (free, locked, edited)] == [
        "archived",
        "active",
        "active",
    ]
    told = {each.lesson.id: each.refused for each in report.refused}
    assert "unlock it first" in told[locked.id] and "Bob was first" in told[edited.id]


def test_what_is_so_already_is_told_and_writes_no_revision(memory: Memory):
    pinned = memory.editing.pin(memory.write(), True, "Ada")
    report = Bulk(memory.store).apply("pin", [pinned, memory.write("Other.")], "Ada")
    assert "pinned already" in report.refused[0].refused and len(report.done) == 1
    assert memory.store.lessons.get(pinned.id).revision == pinned.revision


def test_every_verb_has_its_way_back(memory: Memory):
    bulk, lesson = Bulk(memory.store), memory.write()
    before = (lesson.status, lesson.pinned, lesson.locked)
    for verb in ("pin", "unpin", "lock", "unlock", "mute", "restore", "archive", "restore"):
        assert not bulk.apply(verb, [memory.store.lessons.get(lesson.id)], "Ada").refused, verb
    after = memory.store.lessons.get(lesson.id)
    assert (after.status, after.pinned, after.locked) == before


def test_only_archived_lessons_are_deleted_in_bulk(memory: Memory):
    kept, gone = memory.write(), memory.editing.set_status(memory.write("Old."), "archived", "Ada")[0]
    report = Bulk(memory.store).apply("delete", [kept, gone], "Ada")
    assert [each.lesson.id for each in report.done] == [gone.id]
    assert "archive it first" in report.refused[0].refused
    assert [each.id for each in memory.store.lessons.all(("active", "archived"))] == [kept.id]
