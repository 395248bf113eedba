"""The choices of an import; together with the content they name the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.data.findings import ImportFailed

SPLITS = ("leave_one_out", "global_time")
MASKINGS = ("seen", "none")
USUAL_CORE = 5  # 5-core: the filter of SASRec, S3-Rec, the Amazon "5-core" files and nearly every paper since


@dataclass(frozen=True)
class ImportOptions:
    """How a file becomes a dataset.

    `min_user_events` and `min_item_events` count target events and are applied in turn until nothing changes
    (k-core). None means the usual 5, except for a file its publisher has already filtered: filtering it a second
    time would only make its published counts unreachable. 1 keeps everything.
    `max_user_events` keeps the latest events of each user. `masking` None: decided by the repeat rate.
    `validation_share` and `test_share` are shares of target events, for the global-time split only.
    `columns` maps user, item, timestamp, event, rating to the file's names (without a header "1", "2", ...).
    `lineage` ties this dataset to another one by hand, e.g. a re-export under new ids.
    """

    columns: Mapping[str, str] | None = None
    titles: Path | None = None
    split: str = "leave_one_out"
    min_user_events: int | None = None
    min_item_events: int | None = None
    max_user_events: int | None = None
    target_events: tuple[str, ...] | None = None
    drop_duplicates: bool = False
    masking: str | None = None
    validation_share: float = 0.1
    test_share: float = 0.1
    lineage: str | None = None
    synthetic: bool = False
    max_bad_share: float = 0.1

    def __post_init__(self) -> None:
        _one_of("split", self.split, SPLITS)
        if self.masking is not None:
            _one_of("masking", self.masking, MASKINGS)
        for name, least in (("min_user_events", 1), ("min_item_events", 1), ("max_user_events", 3)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ImportFailed(f"{name}={value} is below {least}; leave it out or raise it")
        for name in ("validation_share", "test_share"):
            if not 0 < getattr(self, name) < 0.5:
                raise ImportFailed(f"{name}={getattr(self, name)} is outside (0, 0.5); the usual share is 0.1")
        if self.target_events is not None and not self.target_events:
            raise ImportFailed("target_events is empty; name at least one event type, or leave it out")

    def to_json(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["columns"] = dict(self.columns) if self.columns else None
        values["titles"] = self.titles.name if self.titles else None
        values["target_events"] = list(self.target_events) if self.target_events else None
        return values

    def identity(self) -> dict[str, Any]:
        """The part that names the dataset.

        Columns and titles are left out, because the content they lead to is hashed itself; so are choices
        without effect under the chosen split.
        """
        left_out = {"columns", "titles", "max_bad_share"}
        if self.split != "global_time":
            left_out |= {"validation_share", "test_share"}
        values = {name: value for name, value in self.to_json().items() if name not in left_out}
        values["target_events"] = sorted(values["target_events"]) if values["target_events"] else None
        return values


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ImportFailed(f"{name}={value!r} is not one of {', '.join(allowed)}")
