"""Times in any unit, as microseconds since the epoch (UTC)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MICROSECONDS = 1_000_000
NUMBER = r"^\s*[-+]?\d+(\.\d*)?([eE][-+]?\d+)?\s*$"
DATE = re.compile(
    r"\s*(\d{4}[-/]\d{2}[-/]\d{2}([ T]\d{2}:\d{2}.*)?|[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} [-+]\d{4} \d{4})\s*$"
)
OTHER_FORMATS = ("%a %b %d %H:%M:%S %z %Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y%m%dT%H%M%S")
# For any date from 1973 to 5138 the magnitude alone tells the unit: below 1e11 seconds, below 1e14 milliseconds, ...
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
UNIT_LIMITS = (1e11, 1e14, 1e17)
UNIT_IN_MICROSECONDS = np.array([1e6, 1e3, 1.0, 1e-3])
SMALLEST_TELLING = 1e8  # smaller values (a missing time written as 0, a counter) say nothing about the unit


@dataclass
class UnitCounts:
    """How many times came in which unit, with one example each; two units in one column are a finding."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, unit: str, count: int, example: str) -> None:
        if count:
            self.counts[unit] = self.counts.get(unit, 0) + count
            self.examples.setdefault(unit, example)


def looks_like_time(text: str) -> bool:
    """A date, or a number of the size of an epoch time."""
    return is_date(text) or (bool(re.match(NUMBER, text)) and abs(float(text)) >= SMALLEST_TELLING)


def is_recent(text: str) -> bool:
    """A date, or an epoch time of 1990 to 2040 in one of the units: narrow enough to tell a time from most ids."""
    if is_date(text) or not re.match(NUMBER, text):
        return is_date(text)
    number = abs(float(text))
    return any(6.31e8 <= number / factor <= 2.21e9 for factor in (1, 1e3, 1e6, 1e9))


def is_date(text: str) -> bool:
    return bool(DATE.match(text))


def parse_times(values: pa.Array, units: UnitCounts) -> tuple[np.ndarray, np.ndarray]:
    """Times as int64 microseconds (N,) and whether each could be read (N,) bool."""
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        exact = values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        units.add("dates", len(values) - values.null_count, str(values[0]) if len(values) else "")
        return _filled(exact, 0), _is_valid(values)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _from_numbers(values, units)
    if pa.types.is_dictionary(kind):
        inner, fine = parse_times(values.dictionary, units)
        codes = _filled(values.indices, 0)
        return inner[codes], fine[codes] & _is_valid(values)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(values, units)
    return np.zeros(len(values), np.int64), np.zeros(len(values), bool)


def _is_valid(values: pa.Array) -> np.ndarray:
    return values.is_valid().to_numpy(zero_copy_only=False)


def _filled(values: pa.Array, fill: float) -> np.ndarray:
    return (values.fill_null(fill) if values.null_count else values).to_numpy(zero_copy_only=False)


def _from_numbers(values: pa.Array, units: UnitCounts) -> tuple[np.ndarray, np.ndarray]:
    if pa.types.is_integer(values.type):
        numbers = _filled(values.cast(pa.int64(), safe=False), 0)
        fine = _is_valid(values)
    else:
        numbers = _filled(values.cast(pa.float64()), np.nan)
        fine = np.isfinite(numbers)
        numbers = np.where(fine, numbers, 0)
    size = np.abs(numbers)
    unit = np.searchsorted(UNIT_LIMITS, size, side="right")
    telling = fine & (size >= SMALLEST_TELLING)
    for number, name in enumerate(UNITS):
        if (hits := telling & (unit == number)).any():
            units.add(name, int(hits.sum()), str(numbers[hits.argmax()]))
    return _in_microseconds(numbers, unit), fine


def _in_microseconds(numbers: np.ndarray, unit: np.ndarray) -> np.ndarray:
    out = np.empty(len(numbers), np.int64)
    for number, factor in enumerate(UNIT_IN_MICROSECONDS):
        if not (hits := unit == number).any():
            continue
        chosen = numbers[hits]
        if chosen.dtype.kind == "i":  # whole numbers stay exact
            out[hits] = chosen * int(factor) if factor >= 1 else chosen // int(1 / factor)
        else:
            out[hits] = np.floor(np.clip(chosen * factor, -9e18, 9e18))
    return out


def _from_text(values: pa.Array, units: UnitCounts) -> tuple[np.ndarray, np.ndarray]:
    try:
        return _from_numbers(values.cast(pa.int64()), units)
    except pa.ArrowInvalid:
        pass
    numeric = pc.match_substring_regex(values, NUMBER).fill_null(False)
    nothing = pa.scalar(None, values.type)
    numbers = pc.utf8_trim_whitespace(pc.if_else(numeric, values, nothing)).cast(pa.float64())
    times, fine = _from_numbers(numbers, units)
    dated, readable = _from_dates(pc.if_else(numeric, nothing, values), units)
    return np.where(readable, dated, times), fine | readable


def _from_dates(values: pa.Array, units: UnitCounts) -> tuple[np.ndarray, np.ndarray]:
    """Each distinct text is parsed once: a day or a second seldom stands alone."""
    encoded = values.dictionary_encode()
    texts = pd.Series(encoded.dictionary.to_pandas(), dtype=object)
    parsed = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    for form in OTHER_FORMATS:
        if not (missing := parsed.isna()).any():
            break
        parsed[missing] = pd.to_datetime(texts[missing], format=form, utc=True, errors="coerce")
    codes = _filled(encoded.indices, 0)
    known = parsed.notna().to_numpy()
    stamps = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    if not len(texts):
        return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    fine = known[codes] & _is_valid(values)
    if fine.any():
        units.add("dates", int(fine.sum()), str(values[int(fine.argmax())]))
    return np.where(fine, stamps[codes], 0), fine
