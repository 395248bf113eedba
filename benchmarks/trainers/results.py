"""What `benchmarks/results/training.json` holds: the figures by backbone, why a figure is missing, and each part with
the circumstances it was measured under."""

import json
import os
import platform
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
    """Machine, threads, date and load, from now until `stamp`."""

    def __init__(self, threads: int) -> None:
        self.threads, self.before = threads, os.getloadavg()[0]

    def stamp(self) -> dict[str, Any]:
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "threads": self.threads,
            "load_before": round(self.before, 1),
            "load_after": round(os.getloadavg()[0], 1),
        }


def record(part: str, name: str, measured: dict[str, Any], circumstances: Circumstances) -> None:
    """Puts one measurement into the file, whose others stay."""
    content = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    parts = content.get("parts", {})
    parts.setdefault(part, {})[name] = {"circumstances": circumstances.stamp(), **measured}
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(_told(parts), indent=1) + "\n", encoding="utf-8")


def recorded(part: str, name: str) -> dict[str, Any] | None:
    """An earlier measurement."""
    content = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    found: dict[str, Any] | None = content.get("parts", {}).get(part, {}).get(name)
    return found


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
