"""Figures in a model's prose against the record: each must be a rounding of a number that stands there.

A figure counts as told when some number of the record rounds to it at the digits it was written with; that a right
number is said of the wrong thing is not seen, nor are figures in words.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

MARK = " [not in the record]"
ALWAYS = (95.0, 0.95)  # the interval's level
_FIGURE = re.compile(
    r"(?<![\w@])(?<!\d[.,])(?P<sign>[+−-]?)(?P<size>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE](?P<power>[+-]?\d{1,2}))?(?P<share>\s?%|\s?percent\b)?"
)


def numbers_in(value: Any) -> set[float]:
    """Every number in plain data, also those written in its texts."""
    found: set[float] = set()
    _collect(value, found)
    return found


def check(text: str, record: Iterable[float]) -> tuple[str, tuple[str, ...]]:
    """The text with a mark behind every figure that is not in the record, and those figures."""
    known = {*record, *ALWAYS}
    wrong: list[str] = []

    def marked(match: re.Match[str]) -> str:
        if _is_known(match, known):
            return match.group(0)
        wrong.append(match.group(0).strip())
        return match.group(0) + MARK

    return _FIGURE.sub(marked, text), tuple(wrong)


def _collect(value: Any, found: set[float]) -> None:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        if math.isfinite(value):
            found.add(float(value))
    elif isinstance(value, str):
        for match in _FIGURE.finditer(value):
            found.add(_value(match) / (100 if match["share"] else 1))
    elif isinstance(value, Mapping):
        for name, held in value.items():
            _collect(name, found)
            _collect(held, found)
    elif isinstance(value, Iterable):
        for held in value:
            _collect(held, found)


def _value(match: re.Match[str]) -> float:
    size = float(f"{match['size'].replace(',', '')}e{match['power'] or 0}")
    return -size if match["sign"] in ("-", "−") else size


def _is_known(match: re.Match[str], known: Iterable[float]) -> bool:
    """A figure with a written sign must agree in sign; one without may tell the size of a fall."""
    told = _value(match)
    decimals = len(match["size"].partition(".")[2]) - int(match["power"] or 0)
    half = 0.5 * 10.0**-decimals * (1 + 1e-9)
    for number in known:
        held = number * 100 if match["share"] else number
        if abs(told - held) <= half or (not match["sign"] and abs(told - abs(held)) <= half):
            return True
    return False
