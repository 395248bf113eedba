"""A backup brings everything back, and a bad one brings nothing."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, NewerSchema, StorageFailed
from core.store import Store
from core.store.backup import backup, restore
from tests.core.store.building import FakeClock, a_lesson, a_running, a_study, finish

DATASET = "d0d0d0d0d0d0"


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Path:
    """A home with a dataset, a study and the files of one run."""
    home = tmp_path / "home"
    store = opened(home, clock)
    folder = home / "datasets" / DATASET
    write(folder / "open" / "train.parquet", b"train")
    write(folder / "sealed" / "test.parquet", b"test")
    store.datasets.add(DATASET, "beauty", "l1", str(folder), {"id": DATASET}, {}, "ann")
    finish(store, a_running(store, a_study(store, dataset_id=DATASET)))
    run = home / "artifacts" / "study-1" / "trial-1" / "seed-1"
    write(run / "best.safetensors", os.urandom(3_000_000))
    write(run / "run.log", b"epoch 1\n")
    write(home / "chroma" / "chroma.sqlite3", b"index")
    store.close()
    return home


def opened(home: Path, clock: FakeClock) -> Store:
    return Store(f"sqlite:///{home / 'virtualmle.db'}", clock)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def files(home: Path) -> dict[str, bytes]:
    found = {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith("virtualmle.db")}


def saved(home: Path, clock: FakeClock, target: Path, **options: bool) -> Path:
    store = opened(home, clock)
    backup(store, home, target, **options)
    store.close()
    return target


def archive(path: Path, members: dict[str, bytes], **types: bytes) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            header.type = types.get("type", tarfile.REGTYPE)
            header.linkname = "/etc/passwd" if header.type == tarfile.SYMTYPE else ""
            tar.addfile(header, io.BytesIO(content))
    return path


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_everything_but_the_index_comes_back_in_a_new_home(home: Path, tmp_path: Path, clock: FakeClock):
    source = saved(home, clock, tmp_path / "all.tar.gz")
    before = {name: content for name, content in files(home).items() if not name.startswith("chroma")}
    restored = restore(source, tmp_path / "new" / "home")
    assert files(restored.home) == before
    assert (restored.datasets, restored.studies, restored.files) == (1, 1, len(before) + 1)
    old, new = opened(home, clock), opened(restored.home, clock)
    assert new.events.after() == old.events.after() and new.studies.all() == old.studies.all()
    assert new.datasets.get("beauty").folder == str(restored.home / "datasets" / DATASET)


def test_ids_go_on_after_a_restore_where_they_were(home: Path, tmp_path: Path, clock: FakeClock):
    store = opened(home, clock)
    lesson = a_lesson(store, status="archived")
    store.lessons.delete(lesson.id, "ann")
    restored = restore(saved(home, clock, tmp_path / "all.tar.gz"), tmp_path / "new")
    assert a_lesson(opened(restored.home, clock)).id == lesson.id + 1


def test_a_backup_taken_while_others_write_is_whole(home: Path, tmp_path: Path, clock: FakeClock):
    store, other = opened(home, clock), opened(home, clock)
    with other.database.write() as connection:  # a worker in the middle of a transaction
        connection.exec_driver_sql("update studies set name = 'half done'")
        result = backup(store, home, tmp_path / "all.tar.gz")
        assert result.size == result.path.stat().st_size and result.missing == ()
    assert opened(restore(result.path, tmp_path / "new").home, clock).studies.get(1).name == "first"


def test_weights_can_be_left_out(home: Path, tmp_path: Path, clock: FakeClock):
    source = saved(home, clock, tmp_path / "small.tar.gz", with_weights=False)
    assert source.stat().st_size < 1_000_000
    restored = files(restore(source, tmp_path / "new").home)
    assert "artifacts/study-1/trial-1/seed-1/run.log" in restored
    assert not any(name.endswith(".safetensors") for name in restored)


def test_a_dataset_on_another_disk_is_saved_too_and_a_missing_one_is_named(
    home: Path, tmp_path: Path, clock: FakeClock
):
    (home / "datasets" / DATASET).rename(tmp_path / "elsewhere")
    (home / "datasets" / DATASET).symlink_to(tmp_path / "elsewhere")
    names = members(saved(home, clock, tmp_path / "all.tar.gz")).keys()
    assert f"datasets/{DATASET}/sealed/test.parquet" in names
    (home / "datasets" / DATASET).unlink()
    assert backup(opened(home, clock), home, tmp_path / "less.tar.gz").missing == ("beauty",)


def test_nothing_is_overwritten(home: Path, tmp_path: Path, clock: FakeClock):
    source = saved(home, clock, tmp_path / "all.tar.gz")
    before = files(home)
    with pytest.raises(Conflict, match="is not empty"):
        restore(source, home)
    with pytest.raises(Conflict, match="there already"):
        saved(home, clock, source)
    with pytest.raises(InvalidInput, match="inside what is saved"):
        saved(home, clock, home / "artifacts" / "all.tar.gz")
    assert files(home) == before


def test_an_empty_home_is_filled(home: Path, tmp_path: Path, clock: FakeClock):
    (tmp_path / "new").mkdir()
    assert restore(saved(home, clock, tmp_path / "all.tar.gz"), tmp_path / "new").datasets == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "lost", "added", "no manifest", "not a backup"])
def test_a_damaged_backup_restores_nothing_and_says_so(home: Path, tmp_path: Path, clock: FakeClock, damage: str):
    source = saved(home, clock, tmp_path / "all.tar.gz", with_weights=damage == "cut")
    parts = members(source)
    log = "artifacts/study-1/trial-1/seed-1/run.log"
    if damage == "cut":
        source.write_bytes(source.read_bytes()[:-500_000])
    elif damage == "not a backup":
        source.write_bytes(b"hello")
    else:
        if damage == "changed":
            parts[log] = b"epoch 9\n"
        elif damage == "added":
            parts["datasets/more"] = b"x"
        else:
            del parts[log if damage == "lost" else "manifest.json"]
        archive(source, parts)
    with pytest.raises(InvalidInput, match=r"all\.tar\.gz"):
        restore(source, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar.gz", "home"]


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", "datasets/../../escaped", "chroma/x", "datasets\\..\\x"]
)
def test_a_name_that_leaves_the_home_is_refused(tmp_path: Path, name: str):
    source = archive(tmp_path / "evil.tar.gz", {name: b"x"})
    with pytest.raises(InvalidInput, match="which no backup holds"):
        restore(source, tmp_path / "inner" / "new")
    assert not list(tmp_path.rglob("escaped")) and not (tmp_path / "inner" / "new").exists()


def test_a_link_in_a_backup_is_refused(tmp_path: Path):
    source = archive(tmp_path / "evil.tar.gz", {"datasets/link": b""}, type=tarfile.SYMTYPE)
    with pytest.raises(InvalidInput, match="datasets/link"):
        restore(source, tmp_path / "new")


def test_a_backup_of_a_newer_program_is_refused(home: Path, tmp_path: Path, clock: FakeClock):
    source = saved(home, clock, tmp_path / "all.tar.gz", with_weights=False)
    parts = members(source)
    manifest = json.loads(parts["manifest.json"])
    parts["manifest.json"] = json.dumps({**manifest, "schema": "9999"}).encode()
    with pytest.raises(NewerSchema, match="schema 9999"):
        restore(archive(source, parts), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_no_half_backup(home: Path, tmp_path: Path, clock: FakeClock, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageFailed, match="No space left on device"):
        saved(home, clock, tmp_path / "out" / "all.tar.gz")
    assert list((tmp_path / "out").iterdir()) == []


def test_postgresql_is_saved_by_its_own_tool(postgres_url: str, tmp_path: Path, clock: FakeClock):
    with pytest.raises(InvalidInput, match="pg_dump"):
        backup(Store(postgres_url, clock), tmp_path, tmp_path / "all.tar.gz")
