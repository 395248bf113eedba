"""Checkpoints and weights as safetensors files: no pickle, written whole or not at all, read with a checksum."""

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from recmodels.backbones.layers import SequenceModel
from recmodels.errors import CheckpointNotWritten, CorruptCheckpoint, InvalidParams, UnknownBackbone
from recmodels.registry import get_backbone

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A run after an epoch. `model`, `best` and `optimizer` are tensors by name; `history` holds the record of every
    epoch; `complete` is the final report of a run that is finished (its tensors are gone)."""

    backbone: str
    params: dict[str, Any]
    seed: int
    epoch: int
    best_epoch: int
    history: list[dict[str, Any]]
    model: Tensors = field(default_factory=dict, repr=False)
    best: Tensors = field(default_factory=dict, repr=False)
    optimizer: Tensors = field(default_factory=dict, repr=False)
    complete: dict[str, Any] | None = None


_PARTS = ("model", "best", "optimizer")


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replaces `path` atomically. Raises CheckpointNotWritten; then the file before is untouched."""
    tensors = {f"{part}/{name}": value for part in _PARTS for name, value in getattr(checkpoint, part).items()}
    record = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__ if name not in _PARTS}
    write_tensors(path, tensors, record)


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises CorruptCheckpoint."""
    tensors, record = read_tensors(path)
    parts: dict[str, Tensors] = {part: {} for part in _PARTS}
    try:
        for name, value in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = value
        return Checkpoint(**record, model=parts["model"], best=parts["best"], optimizer=parts["optimizer"])
    except (KeyError, TypeError) as error:
        raise CorruptCheckpoint(f"{path} is no checkpoint of a run ({error}); delete it and run again") from error


@dataclass(frozen=True)
class Saved:
    """A trained model in evaluation mode with its backbone's name and its params; `priors` are the chosen strengths as
    `Chosen.to_json` gives them, None where no prior acts."""

    model: SequenceModel
    backbone: str
    params: dict[str, Any]
    priors: dict[str, Any] | None = None


def save_model(
    path: Path,
    weights: Tensors,
    backbone: str,
    params: Mapping[str, Any],
    num_items: int,
    priors: Mapping[str, Any] | None = None,
) -> None:
    """Weights with all that is needed to build the model again, and the strengths of its priors. Raises
    CheckpointNotWritten."""
    record = {"backbone": backbone, "params": dict(params), "num_items": num_items, "priors": priors}
    write_tensors(path, weights, record)


def load_saved(path: Path) -> Saved:
    """What `save_model` wrote. Raises CorruptCheckpoint."""
    tensors, record = read_tensors(path)
    try:
        backbone = get_backbone(record["backbone"])
        model = backbone.build(backbone.configs(record["params"])[0], record["num_items"])
        model.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError, UnknownBackbone, InvalidParams) as error:
        raise CorruptCheckpoint(f"{path} does not hold weights this version can load ({error})") from error
    return Saved(model.eval(), backbone.name, record["params"], record.get("priors"))


def load_model(path: Path) -> tuple[SequenceModel, str, dict[str, Any]]:
    """The model in evaluation mode, its backbone's name and its params. Raises CorruptCheckpoint."""
    saved = load_saved(path)
    return saved.model, saved.backbone, saved.params


def save_ranks(path: Path, ranks: np.ndarray) -> None:
    """Replaces `path` (.npy) atomically. Raises CheckpointNotWritten."""

    def write(target: Path) -> None:
        with open(target, "wb") as file:
            np.save(file, ranks)

    _replace(path, write)


def write_tensors(path: Path, tensors: Tensors, record: Mapping[str, Any]) -> None:
    """A file of tensors with plain data beside them and a checksum. Raises CheckpointNotWritten."""
    tensors = {name: value.detach().to("cpu").contiguous() for name, value in tensors.items()}
    metadata = {"record": json.dumps(record), "crc32": str(_checksum(tensors))}
    _replace(path, lambda target: target.write_bytes(save(tensors, metadata)))


def _replace(path: Path, write: Any) -> None:
    """Writes a sibling, forces it to the disk and renames it over `path`."""
    sibling = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(sibling)
        descriptor = os.open(sibling, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(sibling, path)
    except OSError as error:
        sibling.unlink(missing_ok=True)
        raise CheckpointNotWritten(
            f"{path} was not written ({error.strerror or error}); free space or make the folder writable, then "
            "retry: what was saved before is kept"
        ) from error


def read_tensors(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """What `write_tensors` wrote. Raises CorruptCheckpoint."""
    try:
        content = path.read_bytes()
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = header["__metadata__"]
        record: dict[str, Any] = json.loads(metadata["record"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CorruptCheckpoint(f"{path} cannot be read ({error}); delete it and run again") from error
    if metadata.get("crc32") != str(_checksum(tensors)):
        raise CorruptCheckpoint(f"{path} is damaged: its checksum differs; delete it and run again")
    return tensors, record


def _checksum(tensors: Tensors) -> int:
    checksum = 0
    for name in sorted(tensors):
        checksum = zlib.crc32(tensors[name].reshape(-1).numpy().tobytes(), zlib.crc32(name.encode(), checksum))
    return checksum
