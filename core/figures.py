"""How figures are written, everywhere: four decimals for metrics, a true minus, zero as 0, times in words."""

from collections.abc import Mapping
from typing import Any

MINUS = "−"
METRIC_WORDS = {"ndcg": "NDCG", "recall": "Recall", "mrr": "MRR"}


def objective_words(objective: str) -> str:
    """`ndcg@10` as people write it: `NDCG@10`."""
    name, _, k = objective.partition("@")
    return f"{METRIC_WORDS.get(name, name)}@{k}"


def metric(value: float | None) -> str:
    """A metric in a table: `0.0631`."""
    return "–" if value is None else f"{value:.4f}"


def signed(value: float | None, decimals: int = 4) -> str:
    """A change: `+0.0048`, `−0.0012`, `0`."""
    if value is None:
        return "–"
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return "0"
    return ("+" if value > 0 else MINUS) + text


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as `12.3 %`."""
    return "–" if share is None else f"{share * 100:.{decimals}f} %"


def signed_percent(share: float | None, decimals: int = 1) -> str:
    """A relative change as `+2.1 %`."""
    return "–" if share is None else f"{signed(share * 100, decimals)} %"


def change(value: float | None, low: float | None, high: float | None) -> str:
    """A change with half the width of its 95 % interval: `+0.0048 ± 0.0022`."""
    if low is None or high is None:
        return f"{signed(value)} (noise unknown)"
    return f"{signed(value)} ± {(high - low) / 2:.4f}"


def param_value(value: object) -> str:
    """A param's value as a person reads it: `0.000251`, `64`, `gelu`, `on`, `none`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def param_changes(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """What changed in a config: `dropout 0.2 → 0.3, lr 0.001 → 0.0014`."""
    return ", ".join(f"{name} {param_value(old)} → {param_value(new)}" for name, (old, new) in changes.items())


def duration(seconds: float | None) -> str:
    """`4 days 3 h`, `1 h 24 min`, `3 min 20 s`, `12 s`."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(whole / 60)} min"
    if whole < 3 * 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} days {whole % 86_400 // 3600} h"


def size(count: int) -> str:
    """Bytes as `12.3 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
