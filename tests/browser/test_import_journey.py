"""Files of every kind imported in one browser session, with bad ones between that are refused and told."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from core.data.synthetic import generate
from core.workspace import Workspace
from tests.browser.conftest import Server

PATIENCE = 90_000  # ms
USERS = 400
BAD = {"picture.csv": b"\x89PNG\x00\x01\x02" * 50, "empty.csv": b""}


def written(folder: Path) -> dict[str, Path]:
    """A file of every kind, each with events of its own: equal events would be one dataset."""
    kinds: dict[str, Callable[[pd.DataFrame, Path], object]] = {
        "comma.csv": lambda events, path: events.to_csv(path, index=False),
        "tab.tsv.gz": lambda events, path: path.write_bytes(
            gzip.compress(events.to_csv(sep="\t", index=False).encode())
        ),
        "table.parquet": lambda events, path: events.to_parquet(path),
        "recbole.inter": lambda events, path: _inter(events).to_csv(path, sep="\t", index=False),
        "ratings.dat": lambda events, path: path.write_text(_movielens(events)),
        "reviews.jsonl": lambda events, path: path.write_text(_reviews(events)),
        "sessions.jsonl": lambda events, path: path.write_text(_sessions(events)),
        "sequences.txt": lambda events, path: path.write_text(_sequences(events)),
        "packed.zip": lambda events, path: _zip(path, events.to_csv(index=False)),
    }
    for seed, (name, write) in enumerate(kinds.items(), 1):
        write(generate("sample", seed, users=USERS), folder / name)
    return {name: folder / name for name in kinds}


def _inter(events: pd.DataFrame) -> pd.DataFrame:
    return events.rename(columns={"user": "user_id:token", "item": "item_id:token", "timestamp": "timestamp:float"})


def _movielens(events: pd.DataFrame) -> str:
    return "".join(f"{row.user}::{row.item}::5::{row.timestamp}\n" for row in events.itertuples())


def _reviews(events: pd.DataFrame) -> str:
    lines = ({"reviewerID": f"A{r.user}", "asin": f"B{r.item}", "unixReviewTime": r.timestamp} for r in rows(events))
    return "\n".join(json.dumps(line) for line in lines) + "\n"


def _sessions(events: pd.DataFrame) -> str:
    return "".join(json.dumps({"session_id": user, "items": items}) + "\n" for user, items in _histories(events))


def _sequences(events: pd.DataFrame) -> str:
    return "".join(f"{user} {' '.join(map(str, items))}\n" for user, items in _histories(events))


def _histories(events: pd.DataFrame) -> list[tuple[str, list[int]]]:
    return [(str(user), items.tolist()) for user, items in events.groupby("user")["item"]]


def _zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("events.csv", text)


def rows(events: pd.DataFrame) -> list:
    """Rows with plain Python numbers."""
    return list(events.astype(object).itertuples())


def ask_for(page: Page, path: Path) -> None:
    """Name a file on the server in the import's form."""
    page.get_by_role("tab", name="Import a file").click()
    page.get_by_text("Path on the server", exact=True).click()
    field = page.get_by_role("textbox", name="Path of a file")
    field.fill(str(path))
    field.press("Enter")


def wait_for_dataset(server: Server, home: Workspace, count: int) -> None:
    server.wait_until(lambda: len(home.store.datasets.all()) >= count, 90)


def test_every_kind_of_file_is_imported_with_bad_ones_between(server: Server, page: Page, tmp_path: Path):
    page.set_default_timeout(PATIENCE)
    home = server.open()
    page.goto(f"{server.url}/datasets")
    bad = iter(BAD.items())
    for place, (name, path) in enumerate(written(tmp_path).items()):
        if place in (2, 5):
            fault, content = next(bad)
            (tmp_path / fault).write_bytes(content)
            ask_for(page, tmp_path / fault)
            expect(page.get_by_test_id("stAlert").filter(has_text=fault).first).to_be_visible(timeout=PATIENCE)
        before = len(home.store.datasets.all())
        ask_for(page, path)
        own = name.replace(".", "-")  # each file has fields of its own; for a moment those of two may stand there
        expect(page.locator(f".st-key-import_name_{own} input")).to_have_value(name.split(".")[0], timeout=PATIENCE)
        page.locator(f".st-key-import_start_{own} button").click()
        wait_for_dataset(server, home, before + 1)
        opened = page.get_by_role("tab", name="Library")  # with the new dataset open
        expect(opened).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    names = {dataset.name for dataset in home.store.datasets.all()}
    home.close()
    assert {"comma", "tab", "table", "recbole", "ratings", "reviews", "sessions", "sequences", "packed"} <= names
