"""What only a folder on disk can get wrong: readers, missing and damaged folders, large batches."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vectorstore.chroma import BATCH, ChromaStore
from vectorstore.protocol import Document, ReadOnly, VectorStoreError

NAME = "lessons"
ROOT = Path(__file__).parents[2]

READER = """
import sys
import numpy as np
from vectorstore.chroma import ChromaStore

store = ChromaStore(sys.argv[1], read_only=True)
query = np.eye(4, dtype=np.float32)[3]
for command in sys.stdin:
    if command.strip() == "reopen":
        store.reopen()
    print(",".join(match.id for match in store.search("lessons", query, k=9)), flush=True)
"""


def documents(*ids: str) -> list[Document]:
    return [Document(i, f"text {i}", {"n": n}, np.eye(4, dtype=np.float32)[n % 4]) for n, i in enumerate(ids)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chroma"


@pytest.fixture
def owner(folder: Path) -> ChromaStore:
    store = ChromaStore(folder)
    store.ensure(NAME, "toy@1", 4)
    return store


def test_a_reader_in_another_process_sees_new_documents_once_it_reopens(owner, folder):
    owner.upsert(NAME, documents("a", "b"))
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin and reader.stdout

        def ask(command: str) -> set[str]:
            print(command, file=reader.stdin, flush=True)
            return set(reader.stdout.readline().strip().split(","))  # type: ignore[union-attr]

        assert ask("search") == {"a", "b"}
        owner.upsert(NAME, documents("a", "b", "c", "d"))
        owner.delete(NAME, ["b"])
        assert ask("reopen") == {"a", "c", "d"}
        owner.reset(NAME)
        owner.ensure(NAME, "toy@1", 4)
        owner.upsert(NAME, documents("fresh"))
        assert ask("reopen") == {"fresh"}
        reader.stdin.close()
    assert reader.returncode == 0


def test_a_reader_in_this_process_sees_new_documents_once_it_reopens(owner, folder):
    owner.upsert(NAME, documents("a"))
    reader = ChromaStore(folder, read_only=True)
    query = np.ones(4, dtype=np.float32)
    assert {match.id for match in reader.search(NAME, query, k=9)} == {"a"}
    owner.upsert(NAME, documents("a", "b", "c"))
    reader.reopen()
    assert {match.id for match in reader.search(NAME, query, k=9)} == {"a", "b", "c"}
    owner.upsert(NAME, documents("d"))
    assert owner.count(NAME) == 4


def test_a_reader_cannot_write(owner, folder):
    owner.upsert(NAME, documents("a"))
    reader = ChromaStore(folder, read_only=True)
    reader.ensure(NAME, "toy@1", 4)
    for write in (
        lambda: reader.upsert(NAME, documents("b")),
        lambda: reader.delete(NAME, ["a"]),
        lambda: reader.reset(NAME),
        lambda: reader.ensure("another", "toy@1", 4),
    ):
        with pytest.raises(ReadOnly, match="opened for reading"):
            write()
    assert [document.id for document in reader.get(NAME)] == ["a"]


def test_a_reader_of_a_missing_folder_reads_nothing_and_does_not_create_it(folder):
    reader = ChromaStore(folder, read_only=True)
    assert (reader.collections(), reader.count(NAME), list(reader.get(NAME))) == ([], 0, [])
    with pytest.raises(VectorStoreError, match=r"does not exist in .*chroma.*rebuild"):
        reader.search(NAME, np.ones(4, dtype=np.float32), k=1)
    assert not folder.exists()


def test_a_reader_finds_the_folder_once_the_owner_has_made_it(folder):
    reader = ChromaStore(folder, read_only=True)
    assert reader.count(NAME) == 0
    owner = ChromaStore(folder)
    owner.ensure(NAME, "toy@1", 4)
    owner.upsert(NAME, documents("a"))
    assert [match.id for match in reader.search(NAME, np.ones(4, dtype=np.float32), k=9)] == ["a"]


def test_documents_outlive_the_store_that_wrote_them(owner, folder):
    owner.upsert(NAME, documents("a", "b"))
    again = ChromaStore(folder)
    assert again.describe(NAME) == {"embedder": "toy@1", "dimension": 4, "space": "cosine"}
    assert {document.id for document in again.get(NAME)} == {"a", "b"}


def test_more_documents_than_one_batch_holds_are_all_kept(owner):
    many = documents(*(f"{n:05}" for n in range(BATCH + 3)))
    owner.upsert(NAME, many)
    assert owner.count(NAME) == BATCH + 3
    assert len({document.id for document in owner.get(NAME)}) == BATCH + 3
    owner.delete(NAME, [document.id for document in many[: BATCH + 1]])
    assert owner.count(NAME) == 2


def test_a_damaged_folder_is_an_error_with_a_way_out(folder):
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    for read_only in (True, False):
        with pytest.raises(VectorStoreError, match=r"chroma.*rebuild"):
            ChromaStore(folder, read_only=read_only).search(NAME, np.ones(4, dtype=np.float32), k=1)


def test_a_server_that_does_not_answer_is_an_error_that_says_so():
    with pytest.raises(VectorStoreError, match=r"127\.0\.0\.1:9.*server running"):
        ChromaStore("http://127.0.0.1:9").count(NAME)


def test_looking_at_the_store_does_not_import_chromadb():
    code = "import sys, vectorstore.chroma as c; c.ChromaStore('x', read_only=True); print('chromadb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
