"""What `benchmarks/results/training.json` holds: the figures by backbone, why a figure is missing, and each part with
the circumstances it was measured under."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

PATH = Path(__file__).parent.parent / "results" / "training.json"
BACKBONES = ("sasrec", "hstu")
_SOURCES = {  # figure: part it comes from
    "train_speedup": "speed",
    "exact_speedup": "speed",
    "eval_speedup": "speed",
    "peak_gib": "speed",
    "quality_per_epoch": "curves",
    "val_ndcg@10": "quality",
    "test_ndcg@10": "reveal",
    "test_recall@10": "reveal",
}
_HOW = {
    "speed": "python -m benchmarks.training",
    "curves": "python -m benchmarks.training --curves naive",
    "quality": "python -m benchmarks.training --quality",
    "reveal": "the sealed test is read once, by python -m benchmarks.training --reveal",
    "peer": "python -m benchmarks.training --peer",
}


class Circumstances:
    """Machine, device, threads, date and load, from now until `stamp`."""

    def __init__(self, threads: int, device: str = "cpu") -> None:
        self.threads, self.device, self.before = threads, device, os.getloadavg()[0]

    def stamp(self) -> dict[str, Any]:
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "threads": self.threads,
            **({"gpu": torch.cuda.get_device_name(self.device)} if self.device != "cpu" else {}),
            "load_before": round(self.before, 1),
            "load_after": round(os.getloadavg()[0], 1),
        }


def record(part: str, name: str, measured: dict[str, Any], circumstances: Circumstances) -> None:
    """Puts one measurement into the file, whose others stay. Those of a GPU are a part of their own, `cuda`."""
    part, name = _place(part, name, circumstances.device)
    content = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    parts = content.get("parts", {})
    parts.setdefault(part, {})[name] = {"circumstances": circumstances.stamp(), **measured}
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(_told(parts), indent=1) + "\n", encoding="utf-8")


def recorded(part: str, name: str, device: str = "cpu") -> dict[str, Any] | None:
    """An earlier measurement."""
    part, name = _place(part, name, device)
    content = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    found: dict[str, Any] | None = content.get("parts", {}).get(part, {}).get(name)
    return found


def trials_an_hour(speed: Mapping[str, Any], quality: Mapping[str, Any] | None) -> float | None:
    """Trials of one seed that fit into an hour, one after another: epochs as timed, each with its evaluation, as many
    as the quality run of that backbone had. None before there was one."""
    if quality is None:
        return None
    seconds = speed["seconds"]["ours"] + speed["seconds"]["eval"]
    return round(3600 / (seconds * quality["epochs"]), 2)


def _place(part: str, name: str, device: str) -> tuple[str, str]:
    return (part, name) if device == "cpu" else (device, f"{part} {name}")


def _told(parts: dict[str, Any]) -> dict[str, Any]:
    missing: dict[str, str] = {}
    figures = {name: {each: _figure(parts, each, name, missing) for each in _SOURCES} for name in BACKBONES}
    peer = parts.get("peer", {}).get("recbole", {})
    speedups = {loss: told["recbole_speedup"] for loss, told in peer.get("losses", {}).items()}
    if not speedups:
        missing["recbole_speedup"] = peer.get("reason", f"not run: {_HOW['peer']}")
    return {
        "backbones": figures,
        "recbole_speedup": speedups or None,
        "missing": missing,
        "parts": parts,
    }


def _figure(parts: dict[str, Any], figure: str, backbone: str, missing: dict[str, str]) -> Any:
    part = _SOURCES[figure]
    value = parts.get(part, {}).get(backbone, {}).get(figure)
    if value is None:
        missing[f"{backbone} {figure}"] = f"not run: {_HOW[part]}"
    return value
