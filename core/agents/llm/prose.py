"""Figures in a model's prose against the record: each must be a rounding of a number that stands there.

A figure counts as told when some number of the record rounds to it at the digits it was written with, a percentage
when a relative change or a share does: a metric of 0.05 is no 5 %. That a right number is said of the wrong thing is
not seen, nor are figures in words.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MARK = " [not in the record]"
_FIGURE = re.compile(
    r"(?<![\w@])(?<!\d[.,])(?P<sign>[+−-]?)(?P<size>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE](?P<power>[+-]?\d{1,2}))?(?P<share>\s?%|\s?percent\b)?"
)


@dataclass(frozen=True)
class Record:
    """The numbers that may be told: `figures` as they stand, `shares` as percentages too."""

    figures: frozenset[float] = frozenset()
    shares: frozenset[float] = frozenset()

    def __or__(self, other: "Record") -> "Record":
        return Record(self.figures | other.figures, self.shares | other.shares)


ALWAYS = Record(frozenset({95.0}), frozenset({0.95}))  # the interval's level


def record(figures: Any = (), shares: Any = ()) -> Record:
    """Every number in plain data, also those written in its texts, whose percentages count as shares."""
    plain: set[float] = set()
    relative: set[float] = set()
    _collect(figures, plain, relative)
    _collect(shares, relative, relative)
    return Record(frozenset(plain), frozenset(relative))


def check(text: str, record: Record) -> tuple[str, tuple[str, ...]]:
    """The text with a mark behind every figure that is not in the record, and those figures."""
    known = record | ALWAYS
    wrong: list[str] = []

    def marked(match: re.Match[str]) -> str:
        if _is_known(match, known):
            return match.group(0)
        wrong.append(match.group(0).strip())
        return match.group(0) + MARK

    return _FIGURE.sub(marked, text), tuple(wrong)


def _collect(value: Any, figures: set[float], shares: set[float]) -> None:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        if math.isfinite(value):
            figures.add(float(value))
    elif isinstance(value, str):
        for match in _FIGURE.finditer(value):
            if match["share"]:
                shares.add(_value(match) / 100)
            else:
                figures.add(_value(match))
    elif isinstance(value, Mapping):
        for name, held in value.items():
            _collect(name, figures, shares)
            _collect(held, figures, shares)
    elif isinstance(value, Iterable):
        for held in value:
            _collect(held, figures, shares)


def _value(match: re.Match[str]) -> float:
    size = float(f"{match['size'].replace(',', '')}e{match['power'] or 0}")
    return -size if match["sign"] in ("-", "−") else size


def _is_known(match: re.Match[str], known: Record) -> bool:
    """A figure with a written sign must agree in sign; one without may tell the size of a fall."""
    told = _value(match)
    decimals = len(match["size"].partition(".")[2]) - int(match["power"] or 0)
    half = 0.5 * 10.0**-decimals * (1 + 1e-9)
    numbers = [share * 100 for share in known.shares] if match["share"] else known.figures | known.shares
    return any(
        abs(told - number) <= half or (not match["sign"] and abs(told - abs(number)) <= half) for number in numbers
    )
