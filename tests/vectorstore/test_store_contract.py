"""What every vector store promises. A backend adds a fixture at the end of this file, not tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vectorstore.chroma import ChromaStore
from vectorstore.memory import MemoryStore
from vectorstore.protocol import Document, Metadata, Vector, VectorStore, VectorStoreError, WrongEmbedder

NAME = "lessons"
DIMENSION = 8


def axis(index: int, length: float = 1.0) -> Vector:
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[index] = length
    return vector


def document(document_id: str, vector: Vector, text: str = "text", **metadata: str | int | float | bool) -> Document:
    return Document(document_id, text, metadata, vector)


class StoreContract:
    @pytest.fixture
    def lessons(self, store: VectorStore) -> VectorStore:
        """Three lessons on the axes 0, 1 and 2."""
        store.ensure(NAME, "toy@1", DIMENSION)
        store.upsert(
            NAME,
            [
                document("a", axis(0), "shorten the window", level="study", wins=1, pinned=True),
                document("b", axis(1), "raise the dropout", level="dataset", wins=2, pinned=False),
                document("c", axis(2), "tie the embeddings", level="cognition", wins=3, share=0.5),
            ],
        )
        return store

    def test_a_new_store_is_empty(self, store):
        assert store.collections() == []
        assert store.count(NAME) == 0
        assert list(store.get(NAME)) == []
        assert store.describe(NAME) is None

    def test_what_was_set_aside_is_gone_and_a_new_collection_begins_empty(self, lessons):
        if str(getattr(lessons, "place", "")).startswith("http"):
            pytest.skip("a server's data are its own")
        lessons.set_aside()
        assert lessons.collections() == []
        lessons.ensure(NAME, "toy@2", DIMENSION)
        assert lessons.count(NAME) == 0

    def test_searching_a_collection_that_does_not_exist_says_how_to_get_one(self, store):
        with pytest.raises(VectorStoreError, match=r"'lessons' does not exist.*rebuild"):
            store.search(NAME, axis(0), k=1)

    def test_what_was_written_comes_back_whole(self, lessons):
        (found,) = lessons.get(NAME, ["c"])
        assert (found.id, found.text) == ("c", "tie the embeddings")
        assert found.metadata == {"level": "cognition", "wins": 3, "share": 0.5}
        assert found.vector.dtype == np.float32
        np.testing.assert_allclose(found.vector, axis(2))

    def test_the_nearest_document_comes_first_with_a_score_between_zero_and_one(self, lessons):
        found = lessons.search(NAME, axis(1) * 2 + axis(2) - axis(0), k=10)
        assert [match.id for match in found] == ["b", "c", "a"]
        assert [match.score for match in found] == pytest.approx([2 / 6**0.5, 1 / 6**0.5, 0.0], abs=1e-6)
        assert (found[0].text, found[0].metadata["level"]) == ("raise the dropout", "dataset")

    def test_the_length_of_a_vector_does_not_matter_to_the_cosine(self, lessons):
        lessons.upsert(NAME, [document("long", axis(3, 40.0))])
        (match,) = lessons.search(NAME, axis(3, 0.01), k=1)
        assert (match.id, match.score) == ("long", pytest.approx(1.0))

    def test_an_l2_collection_scores_by_distance(self, store):
        store.ensure("profiles", "features@1", DIMENSION, space="l2")
        store.upsert("profiles", [document("near", axis(0, 3.0)), document("far", axis(0, 9.0))])
        found = store.search("profiles", axis(0, 2.0), k=2)
        assert [(match.id, match.score) for match in found] == [
            ("near", pytest.approx(1 / 2)),
            ("far", pytest.approx(1 / 8)),
        ]

    def test_no_more_than_k_documents_are_found(self, lessons):
        assert len(lessons.search(NAME, axis(0), k=2)) == 2

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({"level": "dataset"}, {"b"}),
            ({"level": ("study", "dataset")}, {"a", "b"}),
            ({"wins": 3}, {"c"}),
            ({"share": 0.5}, {"c"}),
            ({"pinned": True}, {"a"}),
            ({"wins": True}, set()),
            ({"level": "study", "pinned": True}, {"a"}),
            ({"level": "study", "pinned": False}, set()),
            ({"no such key": "x"}, set()),
            ({}, {"a", "b", "c"}),
        ],
    )
    def test_a_condition_keeps_only_documents_that_satisfy_it(self, lessons, where, expected):
        assert {match.id for match in lessons.search(NAME, axis(0), k=10, where=where)} == expected

    def test_writing_again_replaces_text_vector_and_every_key_of_the_metadata(self, lessons):
        lessons.upsert(NAME, [document("a", axis(5), "new", muted=True)])
        (found,) = lessons.get(NAME, ["a"])
        assert (found.text, found.metadata) == ("new", {"muted": True})
        assert lessons.search(NAME, axis(5), k=1)[0].id == "a"
        assert lessons.search(NAME, axis(0), k=3, where={"level": "study"}) == []
        assert lessons.count(NAME) == 3

    def test_a_document_may_be_without_metadata_and_text_and_may_lose_them(self, lessons):
        lessons.upsert(NAME, [document("a", axis(0), ""), document("bare", axis(4), "")])
        assert {d.id: (d.text, d.metadata) for d in lessons.get(NAME, ["a", "bare"])} == {
            "a": ("", {}),
            "bare": ("", {}),
        }
        lessons.upsert(NAME, [document("bare", axis(4), "now with", level="study")])
        assert next(iter(lessons.get(NAME, ["bare"]))).metadata == {"level": "study"}

    def test_a_deleted_document_is_neither_found_nor_counted(self, lessons):
        lessons.delete(NAME, ["a", "never existed"])
        assert [match.id for match in lessons.search(NAME, axis(0), k=10)] == ["b", "c"]
        assert lessons.count(NAME) == 2
        lessons.delete("another-collection", ["a"])

    def test_unknown_ids_are_left_out_of_a_get(self, lessons):
        assert {found.id for found in lessons.get(NAME, ["b", "never existed", "b"])} == {"b"}

    def test_every_document_is_read_once_whatever_the_page(self, lessons):
        lessons.upsert(NAME, [document(f"{n:03}", axis(n % DIMENSION), n=n) for n in range(23)])
        for page in (1, 5, 13, 26, 1000):
            assert sorted(found.id for found in lessons.get(NAME, page=page)) == sorted(
                ["a", "b", "c", *(f"{n:03}" for n in range(23))]
            )

    def test_a_collection_knows_its_embedder(self, lessons):
        assert lessons.describe(NAME) == {"embedder": "toy@1", "dimension": DIMENSION, "space": "cosine"}
        lessons.ensure(NAME, "toy@1", DIMENSION)
        assert lessons.count(NAME) == 3

    def test_another_embedder_is_refused_by_name_with_the_way_out(self, lessons):
        with pytest.raises(WrongEmbedder, match=r"toy@1.*better@2.*[Rr]ebuild"):
            lessons.ensure(NAME, "better@2", DIMENSION)
        with pytest.raises(WrongEmbedder, match="16 dimensions"):
            lessons.ensure(NAME, "toy@1", 16)
        assert lessons.count(NAME) == 3

    def test_a_reset_makes_room_for_another_embedder_and_leaves_other_collections(self, lessons):
        lessons.ensure("profiles", "features@1", DIMENSION, space="l2")
        assert lessons.collections() == [NAME, "profiles"]
        lessons.reset(NAME)
        lessons.reset("never-existed")
        assert lessons.collections() == ["profiles"]
        lessons.ensure(NAME, "better@2", 16)
        assert lessons.count(NAME) == 0

    def test_a_vector_of_another_length_is_refused_and_nothing_is_written(self, lessons):
        with pytest.raises(VectorStoreError, match=r"\(3,\).*\(8,\)"):
            lessons.upsert(NAME, [document("new", axis(0)), document("bad", np.ones(3, dtype=np.float32))])
        assert lessons.count(NAME) == 3
        with pytest.raises(VectorStoreError, match=r"\(3,\)"):
            lessons.search(NAME, np.ones(3, dtype=np.float32), k=1)

    @pytest.mark.parametrize(
        ("bad", "says"),
        [
            (document("n", axis(0, float("nan"))), "NaN"),
            (document("z", axis(0, 0.0)), "zero vector"),
            (document("", axis(0)), "empty"),
            (document("m", axis(0), share=float("inf")), "finite"),
            (document("m", axis(0), big=2**70), "64 bits"),
            (Document("m", "text", {"none": None}, axis(0)), "none=None"),  # type: ignore[dict-item]
            (document("m", axis(0), _store_x=1), "reserved"),
        ],
    )
    def test_a_document_that_cannot_be_kept_is_refused_with_the_reason(self, lessons, bad, says):
        with pytest.raises(VectorStoreError, match=says):
            lessons.upsert(NAME, [bad])
        assert lessons.count(NAME) == 3

    def test_the_same_id_twice_in_one_call_is_refused(self, lessons):
        with pytest.raises(VectorStoreError, match="'x' occurs twice"):
            lessons.upsert(NAME, [document("x", axis(0)), document("x", axis(1))])

    def test_bad_questions_are_refused(self, lessons):
        with pytest.raises(VectorStoreError, match="k=0"):
            lessons.search(NAME, axis(0), k=0)
        with pytest.raises(VectorStoreError, match="empty tuple"):
            lessons.search(NAME, axis(0), k=1, where={"level": ()})
        with pytest.raises(VectorStoreError, match="mixes types"):
            lessons.search(NAME, axis(0), k=1, where={"level": ("a", 1)})
        with pytest.raises(VectorStoreError, match="not allowed"):
            lessons.ensure("no spaces", "toy@1", DIMENSION)

    def test_writing_nothing_is_allowed_but_not_into_nothing(self, lessons):
        lessons.upsert(NAME, [])
        with pytest.raises(VectorStoreError, match="does not exist"):
            lessons.upsert("never-made", [document("x", axis(0))])

    def test_what_a_caller_changes_afterwards_does_not_reach_the_store(self, lessons):
        vector, metadata = axis(6), {"level": "study"}
        lessons.upsert(NAME, [Document("own", "text", metadata, vector)])
        vector[:], metadata["level"] = 9.0, "changed"
        (found,) = lessons.get(NAME, ["own"])
        np.testing.assert_allclose(found.vector, axis(6))
        assert found.metadata == {"level": "study"}

    def test_the_search_is_exact_among_two_thousand(self, store):
        vectors = np.random.default_rng(0).normal(size=(2000, 32)).astype(np.float32)
        store.ensure(NAME, "random@1", 32)
        metadata: Metadata = {"level": "study"}
        store.upsert(NAME, [Document(str(n), "text", metadata, vector) for n, vector in enumerate(vectors)])
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        for query in vectors[:5] + 0.5 * vectors[5:10]:
            expected = np.argsort(-(units @ query))[:10]
            assert [match.id for match in store.search(NAME, query, k=10)] == [str(n) for n in expected]

    def test_reopening_loses_nothing(self, lessons):
        lessons.reopen()
        assert lessons.count(NAME) == 3
        assert lessons.search(NAME, axis(2), k=1)[0].id == "c"


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> VectorStore:
        return MemoryStore()


class TestChromaFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> VectorStore:
        return ChromaStore(tmp_path / "chroma")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Chroma server of this test run's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    folder = tmp_path_factory.mktemp("server")
    command = [str(program), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder / "data")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_port(port, seconds=30)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def wait_for_port(port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the Chroma server did not listen on port {port} within {seconds} s")


class TestChromaServer(StoreContract):
    @pytest.fixture
    def store(self, server: str) -> VectorStore:
        store = ChromaStore(server)
        for collection in store.collections():
            store.reset(collection)
        return store
