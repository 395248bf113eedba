"""What every embedder promises, and that MiniLM here equals the official one. An embedder adds a fixture, not tests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vectorstore import embedding, minilm
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore
from vectorstore.minilm import MiniLM
from vectorstore.protocol import Document, Embedder, EmbedderUnavailable

ROOT = Path(__file__).parents[2]
REFERENCE = json.loads((Path(__file__).parent / "minilm_reference.json").read_text())
TEXTS = ["short histories", "sparse", "", "  \n", "短い履歴", "🎧", "lr=0.002, dropout 0.35", "word " * 400]


class EmbedderContract:
    def test_vectors_are_unit_float32_of_the_declared_dimension_for_any_text(self, embedder):
        vectors = embedder.embed(TEXTS)
        assert (vectors.shape, vectors.dtype) == ((len(TEXTS), embedder.dimension), np.float32)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_no_texts_give_no_vectors(self, embedder):
        assert embedder.embed([]).shape == (0, embedder.dimension)

    def test_a_vector_does_not_depend_on_the_neighbours(self, embedder):
        alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
        np.testing.assert_allclose(embedder.embed(TEXTS), alone, atol=1e-6)

    def test_the_same_text_gives_the_same_vector_in_another_object(self, embedder):
        np.testing.assert_array_equal(type(embedder)().embed(TEXTS), embedder.embed(TEXTS))

    def test_a_text_is_nearer_to_its_rewording_than_to_another_matter(self, embedder):
        question, close, other = embedder.embed(
            ["short user histories", "users with short histories", "the price of cloud storage in Frankfurt"]
        )
        assert question @ close > question @ other + 0.2

    def test_its_vectors_serve_a_store(self, embedder):
        lessons = {"drop": "raise the dropout on sparse data", "tie": "tie input and output embeddings"}
        store = MemoryStore()
        store.ensure("lessons", embedder.name, embedder.dimension)
        vectors = embedder.embed(list(lessons.values()))
        store.upsert("lessons", [Document(i, t, {}, v) for (i, t), v in zip(lessons.items(), vectors, strict=True)])
        assert store.search("lessons", embedder.embed(["sparse data"])[0], k=1)[0].id == "drop"


class TestHashing(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return HashingEmbedder()

    def test_vectors_are_the_same_in_another_process(self, embedder):
        code = (
            "from vectorstore.hashing import HashingEmbedder as H; print(H().embed(['long tail'])[0].tobytes().hex())"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert bytes.fromhex(done.stdout.strip()) == embedder.embed(["long tail"])[0].tobytes()


class TestMiniLM(EmbedderContract):
    @pytest.fixture(scope="class")  # the weights are loaded once for all tests
    @classmethod
    def embedder(cls) -> Embedder:
        try:
            return MiniLM()
        except EmbedderUnavailable as reason:
            pytest.skip(str(reason))

    def test_it_equals_sentence_transformers(self, embedder):
        expected = np.array(REFERENCE["vectors"])
        assert np.abs(embedder.embed(REFERENCE["texts"]) - expected).max() < 1e-6

    def test_its_name_holds_the_hash_of_the_weights(self, embedder):
        assert embedder.name == "all-MiniLM-L6-v2@53aa5117"

    def test_only_the_first_256_tokens_count(self, embedder):
        vectors = embedder.embed(["word " * 254, "word " * 254 + "and then something else entirely", "word " * 200])
        np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
        assert np.abs(vectors[0] - vectors[2]).max() > 1e-4

    def test_changed_weights_are_refused_with_the_way_out(self, embedder, tmp_path):
        for name in minilm.PINNED:
            shutil.copy(embedder.folder / name, tmp_path / name)
        with open(tmp_path / "model.safetensors", "r+b") as file:
            file.seek(50_000_000)
            file.write(b"x")
        with pytest.raises(EmbedderUnavailable, match=r"sha256.*53aa51172d14.*pip install"):
            MiniLM(tmp_path).embed(["text"])

    def test_it_runs_without_torch(self, embedder):
        code = (
            "import sys; from vectorstore.minilm import MiniLM; MiniLM().embed(['x']); "
            "print([m for m in ('torch', 'transformers', 'sentence_transformers', 'scipy') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


def test_the_choice_is_minilm_where_its_wheel_is_installed():
    pytest.importorskip(minilm.PACKAGE)
    chosen = embedding.choose_embedder()
    assert (chosen.is_fallback, chosen.embedder.name) == (False, "all-MiniLM-L6-v2@53aa5117")
    assert chosen.embedder.name in chosen.note


def test_without_the_wheel_the_choice_is_hashing_and_says_why(monkeypatch):
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_wheel")
    chosen = embedding.choose_embedder()
    assert chosen.is_fallback
    assert chosen.embedder.name == "hashing-v1-512"
    assert "no_such_wheel is not installed" in chosen.note
    assert "pip install" in chosen.note


def test_a_folder_without_the_model_is_named(tmp_path):
    with pytest.raises(EmbedderUnavailable, match=r"cannot read .*model\.safetensors.*pip install"):
        MiniLM(tmp_path).embed(["text"])
