"""The card of a dataset: what was read, what was left out, what to beware of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.data.findings import BadRow, Finding, ImportFailed

CARD_FILE = "card.json"


@dataclass(frozen=True)
class Card:
    """`card.json` of a dataset folder. Shares are in [0, 1]; None where they do not apply.

    `tie_share`: users (of two events or more) whose last target event shares its timestamp with the event before.
    `repeat_rate`: training target events whose item the user had before. `repeat_share` and `cold_share`:
    validation targets the user had before, or that never occur in training. The same two shares of the test
    targets lie beside them in `sealed/`, because nothing open may speak of the test items. `has_event_types`: the
    training targets are of several types, which the folder tells (imports of older versions do not).
    """

    id: str
    name: str
    lineage: str
    source: str
    format: str
    columns: Mapping[str, str]
    options: Mapping[str, Any]
    split: str
    counts: Mapping[str, int]
    event_counts: Mapping[str, int]
    has_timestamps: bool
    first_time: str | None
    last_time: str | None
    tie_share: float | None
    repeat_rate: float
    repeat_share: float
    cold_share: float
    masking: str
    masking_reason: str
    order_rule: str
    findings: tuple[Finding, ...]
    bad_rows: tuple[BadRow, ...]
    synthetic: bool
    created_at: str
    versions: Mapping[str, str]
    has_event_types: bool = False

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level != "info")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Card:
        """Unknown keys of a later version are ignored; a missing one raises TypeError."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        findings = (Finding(**{**each, "examples": tuple(each["examples"])}) for each in values["findings"])
        rows = (BadRow(**each) for each in values["bad_rows"])
        return cls(**{**known, "findings": tuple(findings), "bad_rows": tuple(rows)})


def load_card(folder: Path) -> Card:
    """The card of a dataset folder. Raises ImportFailed when the folder is gone or is not a dataset."""
    path = folder / CARD_FILE
    try:
        return Card.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ImportFailed(f"{folder} holds no dataset ({CARD_FILE} is missing); import the file again") from error
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ImportFailed(f"{path} cannot be read ({error}); remove the folder and import the file again") from error
