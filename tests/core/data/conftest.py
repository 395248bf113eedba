"""Small files of interactions, and a short way to import them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.data.card import Card
from core.data.importing import import_dataset
from core.data.options import ImportOptions

Row = tuple[str, str, int]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file by name and content; gives its path."""

    def to(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to


@pytest.fixture
def imported(home: Path) -> Callable[..., Card]:
    """Imports a file with nothing filtered, unless told otherwise."""

    def run(source: Path, **options: Any) -> Card:
        whole = {"min_user_events": 1, "min_item_events": 1}
        return import_dataset(source, home, source.stem, ImportOptions(**{**whole, **options}), None)

    return run


@pytest.fixture
def events_of(home: Path) -> Callable[[Card], list[tuple[Any, ...]]]:
    """Every event of a dataset as (part, raw user, raw item, timestamp or None), in order."""

    def read(card: Card) -> list[tuple[Any, ...]]:
        folder = home / "datasets" / card.id
        users = pd.read_parquet(folder / "open/users.parquet").set_index("user").raw.to_dict()
        items = pd.read_parquet(folder / "open/items.parquet").set_index("item").raw.to_dict()
        rows: list[tuple[Any, ...]] = []
        for part in ("open/train", "open/validation", "sealed/test"):
            for row in pd.read_parquet(folder / f"{part}.parquet").to_dict("records"):
                rows.append((part.split("/")[1], users[row["user"]], items[row["item"]], row.get("timestamp")))
        return rows

    return read


def csv_of(rows: Sequence[Row], header: str = "user,item,timestamp") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


# Three users, four events each, in order of time; days apart, so that every unit of time can carry them.
DAY = 86_400
START = 1_400_000_000 - 1_400_000_000 % DAY
ROWS: list[Row] = [
    (user, item, START + DAY * (10 * n + k))
    for n, (user, items) in enumerate({"ann": "abcd", "bob": "bcda", "cyd": "dabc"}.items())
    for k, item in enumerate(items)
]
EXPECTED = sorted(
    (part, user, item, time)
    for n, (user, item, time) in enumerate(ROWS)
    for part in [("train", "train", "validation", "test")[n % 4]]
)
