"""The index lost, of another embedder, or held by a second writer; a kill in the middle; an edit during a search."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict
from core.memory.documents import LESSONS, PROFILES, lesson_document
from core.memory.embedding import CachedEmbedder
from core.memory.indexing import EVERY, Indexer
from core.memory.records import Lesson
from core.store import Store
from core.views.happening import happenings
from tests.core.loop.world import World
from tests.core.memory.house import Memory
from tests.core.store.building import FakeClock
from vectorstore.chroma import DATABASE_FILE, ChromaStore
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore
from vectorstore.protocol import VectorStoreError

ROOT = Path(__file__).resolve().parents[3]
NO_SERVER = "http://127.0.0.1:9"  # the port of `discard`, where nobody listens


class OtherEmbedder(HashingEmbedder):
    """Vectors of another scheme."""

    name = "another@1"


def on_disk(home: Path) -> Memory:
    return Memory(home, ChromaStore(home / "chroma"), f"sqlite:///{home / 'home.db'}")


def test_a_lost_folder_is_named_lesson_by_lesson_and_mended(tmp_path: Path):
    memory = on_disk(tmp_path)
    lesson = memory.write()
    memory.index_all()
    shutil.rmtree(tmp_path / "chroma")
    memory.index.reopen()
    assert [(each.document_id, each.fault) for each in memory.indexer.check()] == [(lesson.document_id, "missing")]
    memory.indexer.mend()
    assert memory.indexer.check() == []
    assert memory.retrieval.search("dropout")[0][0].id == lesson.id


def test_an_index_of_another_embedder_is_refused_by_a_search_and_made_anew_by_a_check(memory: Memory):
    lesson = memory.write()
    other = CachedEmbedder(OtherEmbedder(), memory.store)
    Indexer(memory.store, memory.index, other, "there", memory.home / "lock").rebuild()
    with pytest.raises(VectorStoreError, match="another@1"):
        memory.retrieval.search("dropout")
    faults = [(each.document_id, each.fault) for each in memory.indexer.check()]
    assert faults[0][0] == EVERY and "made by another@1" in faults[0][1]
    memory.indexer.mend()
    assert memory.indexer.check() == [] and memory.retrieval.search("dropout")[0][0].id == lesson.id


def test_a_document_that_says_something_else_than_sql_is_out_of_date(memory: Memory):
    lesson = memory.write()
    memory.index_all()
    document = lesson_document(lesson, memory.embedder.embed(["x"])[0])
    memory.index.upsert(LESSONS, [type(document)(document.id, "Forged.", document.metadata, document.vector)])
    assert [each.fault for each in memory.indexer.check()] == ["out of date"]
    memory.indexer.mend()
    assert memory.indexer.check() == []


def test_a_vector_or_a_fact_that_is_not_what_sql_says_is_out_of_date(memory: Memory):
    lesson, dataset = memory.write(), memory.dataset("shop")
    memory.index_all()
    [held] = memory.index.get(LESSONS)
    for spoiled in (replace(held, vector=memory.embedder.embed(["else"])[0]), replace(held, metadata={"revision": 1})):
        memory.index.upsert(LESSONS, [spoiled])
        assert [(each.document_id, each.fault) for each in memory.indexer.mend()] == [
            (lesson.document_id, "out of date")
        ]
    [held] = memory.index.get(PROFILES)
    for spoiled in (replace(held, vector=held.vector + 1), replace(held, metadata={"name": "other"})):
        memory.index.upsert(PROFILES, [spoiled])
        assert [(each.document_id, each.fault) for each in memory.indexer.mend()] == [(dataset.id, "out of date")]
    assert memory.indexer.check() == []


def test_what_is_called_like_no_lesson_is_left_over_and_taken_out(memory: Memory):
    memory.write()
    memory.index_all()
    [held] = memory.index.get(LESSONS)
    memory.index.upsert(LESSONS, [replace(held, id="somebody's")])
    assert [each.fault for each in memory.indexer.mend()] == ["left over"]
    assert memory.indexer.check() == []


def test_a_note_loads_the_lesson_it_names_and_no_other(memory: Memory, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        memory.write(f"Rule {number}.")
    memory.index_all()
    monkeypatch.setattr(memory.indexer, "_lessons", lambda: pytest.fail("every lesson was loaded"))
    memory.editing.set_status(memory.store.lessons.get(1), "archived", "Ada")
    memory.editing.edit(memory.store.lessons.get(2), {"claim": "Rule two."}, "Ada")
    memory.index_all()
    assert {document.text for document in memory.index.get(LESSONS)} == {"Rule two.", "Rule 2."}


def test_more_notes_than_a_statement_takes_are_done_at_once(memory: Memory):
    memory.store.index.done(range(1, 40_000))
    assert memory.store.index.version() == 1


def test_a_second_writer_is_told_who_writes(memory: Memory):
    memory.write()
    memory.store.leases.take("index", "worker-7", 60.0)
    with pytest.raises(Conflict, match="written by worker-7 now"):
        memory.indexer.apply()
    assert memory.store.index.pending()


def test_a_second_process_that_holds_the_lock_file_is_waited_for_and_then_named(memory: Memory):
    memory.write()
    holder = Indexer(memory.store, memory.index, memory.embedder, "there", memory.home / "index.lock")
    memory.indexer._lock_seconds = 0.1
    with holder._lock, pytest.raises(Conflict, match=r"index\.lock; wait until it is done"):
        memory.indexer.apply()
    assert memory.indexer.apply() == 1


def test_a_kill_between_index_and_outbox_loses_and_doubles_nothing(tmp_path: Path):
    on_disk(tmp_path).write()
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.core.memory.test_faults import on_disk\n"
        "memory = on_disk(Path(sys.argv[1]))\n"
        "memory.store.index.done = lambda notes: os.kill(os.getpid(), signal.SIGKILL)\n"
        "memory.indexer.apply()"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    memory = on_disk(tmp_path)
    memory.clock.pass_(3600)
    assert memory.store.index.pending()
    memory.index_all()
    assert memory.index.count(LESSONS) == 1 and memory.indexer.check() == []


def test_an_edit_during_retrieval_leaves_every_answer_whole(tmp_path: Path):
    memory = Memory(tmp_path, url=f"sqlite:///{tmp_path / 'home.db'}")
    lesson, shop = memory.write("Revision 1."), memory.dataset("shop")
    memory.index_all()
    study = memory.asks(shop)

    def edit() -> None:
        store = Store(f"sqlite:///{tmp_path / 'home.db'}", FakeClock())
        for number in range(2, 12):
            store.lessons.edit(lesson.id, number - 1, {"claim": f"Revision {number}."}, "Ada")

    writer = threading.Thread(target=edit)
    writer.start()
    seen = [memory.retrieval.for_study(study, shop)[0].lesson for _ in range(20)]
    writer.join()
    assert all(each.claim == f"Revision {each.revision}." for each in seen)
    assert memory.retrieval.for_study(study, shop)[0].lesson.revision == 11


def test_a_lesson_written_during_a_rebuild_waits_for_its_turn_and_is_not_lost(memory: Memory):
    memory.write("First.")
    late: list[Lesson] = []

    def meanwhile(done: int, total: int) -> None:
        late.append(memory.write("Written while the index was made anew."))

    memory.indexer.rebuild(meanwhile)
    memory.index_all()
    assert memory.indexer.check() == []
    assert memory.retrieval.search("written while the index was made anew")[0][0].id == late[0].id


def junk(home: Path) -> ChromaStore:
    """A folder that no Chroma can read."""
    (home / "chroma").mkdir()
    (home / "chroma" / DATABASE_FILE).write_bytes(b"this is no database" * 500)
    return ChromaStore(home / "chroma")


def test_a_folder_that_cannot_be_read_is_named_set_aside_and_made_anew(tmp_path: Path):
    memory = Memory(tmp_path, junk(tmp_path), f"sqlite:///{tmp_path / 'home.db'}")
    lesson = memory.write()
    [fault, _] = memory.indexer.check()
    assert fault.document_id == EVERY and "cannot be read" in fault.fault
    assert memory.indexer.rebuild() == 1
    assert memory.indexer.check() == [] and memory.retrieval.search("dropout")[0][0].id == lesson.id
    assert (tmp_path / "chroma.unreadable" / DATABASE_FILE).read_bytes().startswith(b"this is no")


def test_a_check_mends_an_index_that_cannot_be_read(tmp_path: Path):
    memory = Memory(tmp_path, junk(tmp_path), f"sqlite:///{tmp_path / 'home.db'}")
    memory.write()
    assert not memory.indexer.is_sound()
    assert memory.indexer.mend()[0].document_id == EVERY
    assert memory.indexer.is_sound() and memory.indexer.check() == []


def test_a_server_that_is_down_is_named_and_nothing_is_moved(tmp_path: Path):
    memory = Memory(tmp_path, ChromaStore(NO_SERVER))
    memory.write()
    with pytest.raises(VectorStoreError, match="is it running"):
        memory.indexer.mend()
    assert memory.store.index.pending()


def test_readers_see_that_an_index_was_made_anew_though_no_note_waited(memory: Memory):
    memory.write()
    memory.index_all()
    before = memory.store.index.version()
    memory.indexer.rebuild()
    assert memory.store.index.version() == before + 1


@pytest.mark.parametrize("fault", ["junk", "another embedder", "no server"])
def test_lessons_and_like_data_are_found_without_the_index(tmp_path: Path, fault: str):
    memory = faulty(tmp_path, fault)
    shop, like = memory.dataset("shop"), memory.dataset("like")
    right, wrong = memory.write(conditions="mean_length < 10"), memory.write("Less.", conditions="mean_length > 99")
    if fault == "another embedder":
        other = CachedEmbedder(OtherEmbedder(), memory.store)
        Indexer(memory.store, memory.index, other, "there", memory.home / "lock").rebuild()
    hits = memory.retrieval.for_study(memory.asks(shop), shop)
    assert [(hit.lesson.id, hit.text, hit.applies) for hit in hits] == [(right.id, 0.0, True), (wrong.id, 0.0, False)]
    assert [near.dataset.id for near in memory.retrieval.neighbours(shop)] == [like.id]
    assert memory.retrieval.fault
    if fault != "no server":
        memory.indexer.mend()
        assert memory.retrieval.for_study(memory.asks(shop), shop)[0].text > 0 and not memory.retrieval.fault


def test_among_very_many_lessons_the_right_one_is_found_without_the_index(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("core.memory.retrieval.EVERY", 3)
    memory = faulty(tmp_path, "no server")
    for number in range(5):
        memory.write(f"Rule {number}.")
    shop = memory.dataset("shop")
    assert len(memory.retrieval.ranked(memory.asks(shop), shop)) == 5


@pytest.mark.parametrize("fault", ["junk", "no server"])
def test_a_study_is_planned_judged_and_finished_without_the_index_and_it_is_told_once(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
):
    world = World(tmp_path, index=junk(tmp_path) if fault == "junk" else ChromaStore(NO_SERVER))
    world.dataset()
    monkeypatch.setattr(world.workspace.indexer, "is_sound", lambda: True)  # nothing mends it meanwhile
    monkeypatch.setattr(world.workspace.indexer, "mend", list)
    study = world.finish(world.start(trials=4))
    assert study.recommended_id is not None
    told = [event for event in world.store.events.newest(500) if event.kind == "index out of reach"]
    assert [event.study_id for event in told] == [study.id] and "trust until it is mended" in told[0].detail["error"]
    assert any("without the index" in each.says for each in happenings(world.store, 200))


def faulty(home: Path, fault: str) -> Memory:
    index = {"junk": lambda: junk(home), "no server": lambda: ChromaStore(NO_SERVER)}.get(fault, MemoryStore)()
    return Memory(home, index)


def test_conditions_of_another_version_stop_neither_the_index_nor_planning(memory: Memory):
    shop = memory.dataset("shop")
    memory.learned(shop, claim="From the future.", conditions="phase_of_moon > 3")
    for number in range(9):
        memory.write(f"Rule {number}.")
    assert memory.indexer.mend() == [] and memory.indexer.check() == []
    memory.index_all()
    assert memory.retrieval.search("phase of the moon")[0][0].claim == "From the future."
    assert len(memory.retrieval.for_study(memory.asks(shop), shop, k=3)) == 3
