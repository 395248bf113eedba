"""The dataset folder as others rely on it, and real files with the counts their publishers state."""

import dataclasses
import json
import stat
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from core.data.card import load_card
from core.data.importing import import_dataset
from core.data.options import ImportOptions
from tests.core.data.conftest import ROWS, START, csv_of

PUBLISHED = {
    "beauty.txt": ("user sequences (S3-Rec)", 22_363, 12_101, 198_502),
    "toys.tsv": ("TSV", 19_124, 11_758, 165_247),
    "ml-100k.inter": ("RecBole .inter", 943, 1_349, 99_287),
    "gift_cards_5.json.gz": ("JSON lines", 458, 148, 2_972),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_real_files_have_their_published_counts_and_hold_out_every_user(name, real_data, home):
    form, users, items, interactions = PUBLISHED[name]
    card = import_dataset(real_data(name), home, name, ImportOptions())
    assert (card.format, card.masking) == (form, "seen")
    assert [card.counts[each] for each in ("users", "items", "interactions")] == [users, items, interactions]
    assert card.counts["validation_targets"] == card.counts["test"] == users
    assert not [finding for finding in card.findings if finding.level == "error"]


def test_beauty_is_split_as_its_lines_say(real_data, home):
    card = import_dataset(real_data("beauty.txt"), home, "beauty", ImportOptions())
    folder = home / "datasets" / card.id
    lines = [list(map(int, line.split()))[1:] for line in real_data("beauty.txt").read_text().splitlines()]
    train = pd.read_parquet(folder / "open/train.parquet")
    assert train.groupby("user").item.agg(list).tolist() == [line[:-2] for line in lines]
    assert pd.read_parquet(folder / "open/validation.parquet").item.tolist() == [line[-2] for line in lines]
    assert pd.read_parquet(folder / "sealed/test.parquet").item.tolist() == [line[-1] for line in lines]
    assert train.dtypes.astype(str).to_dict() == {"user": "int32", "item": "int32", "is_target": "bool"}


def test_toys_has_titles_and_half_of_its_test_items_hang_on_ties(real_data, home):
    options = ImportOptions(titles=real_data("toys_titles.tsv"))
    card = import_dataset(real_data("toys.tsv"), home, "toys", options)
    items = pd.read_parquet(home / "datasets" / card.id / "open/items.parquet")
    assert items.title.notna().all()
    assert items.set_index("raw").title["100"] == "Little Red Tool Box: Magnetic Tabletop Learning Easel"
    assert card.tie_share == pytest.approx(0.49, abs=0.005)


def test_ml_100k_equals_a_plain_pandas_preparation(real_data, home):
    card = import_dataset(real_data("ml-100k.inter"), home, "ml", ImportOptions(min_user_events=1, min_item_events=1))
    frame = pd.read_csv(real_data("ml-100k.inter"), sep="\t", names=["user", "item", "rating", "time"], skiprows=1)
    expected = frame.sort_values("time", kind="stable").groupby("user").item.agg(list)
    folder = home / "datasets" / card.id
    items = pd.read_parquet(folder / "open/items.parquet").set_index("item").raw.astype(int)
    found = defaultdict(list)
    for part in ("open/train", "open/validation", "sealed/test"):
        for user, item in pd.read_parquet(folder / f"{part}.parquet")[["user", "item"]].itertuples(index=False):
            found[user].append(items[item])
    users = pd.read_parquet(folder / "open/users.parquet").raw.astype(int)
    assert {users[user]: each for user, each in found.items()} == expected.to_dict()


def test_a_re_export_of_the_same_events_is_of_the_same_lineage(real_data, home, tmp_path):
    source = real_data("ml-100k.inter")
    frame = pd.read_csv(source, sep="\t")
    frame.columns = ["user", "item", "stars", "when"]
    frame["when"] = frame.when * 1000
    frame.sample(frac=1.0, random_state=0).to_parquet(tmp_path / "export.parquet")
    first = import_dataset(source, home, "a", ImportOptions())
    second = import_dataset(tmp_path / "export.parquet", home, "b", ImportOptions(split="global_time"))
    assert first.lineage == second.lineage
    assert first.id != second.id


def test_importing_again_gives_the_card_that_is_there(write, imported, home):
    path = write("events.csv", csv_of(ROWS))
    card = imported(path)
    before = (home / "datasets" / card.id / "card.json").stat().st_mtime_ns
    assert imported(path) == card == imported(write("renamed.csv", csv_of(ROWS)))
    assert (home / "datasets" / card.id / "card.json").stat().st_mtime_ns == before


def test_content_options_and_split_each_make_another_dataset(write, imported):
    rows = [(user, item, START + n % 4 * 100) for n, (user, item, _) in enumerate(ROWS)]
    path = write("events.csv", csv_of(rows))
    cards = [
        imported(path),
        imported(path, split="global_time", validation_share=0.3, test_share=0.2),
        imported(path, synthetic=True),
        imported(write("longer.csv", csv_of([*rows, ("ann", "a", START + 10**6)]))),
    ]
    assert len({card.id for card in cards}) == 4
    assert len({card.lineage for card in cards[:3]}) == 1


def test_the_card_survives_its_file(write, imported, home):
    card = imported(write("events.csv", csv_of([*ROWS, ("", "x", START)])), columns={"user": "user"})
    assert load_card(home / "datasets" / card.id) == card
    assert dataclasses.asdict(card) == json.loads(json.dumps(card.to_json()), object_hook=None) | {
        "findings": tuple(dataclasses.asdict(each) for each in card.findings),
        "bad_rows": tuple(dataclasses.asdict(each) for each in card.bad_rows),
    }


def test_nothing_open_holds_the_test_items(write, imported, home):
    card = imported(write("events.csv", csv_of([*ROWS, ("ann", "secret", START + 10**7)])))
    folder = home / "datasets" / card.id
    events = pd.concat([pd.read_parquet(folder / f"open/{part}.parquet") for part in ("train", "validation")])
    secret = pd.read_parquet(folder / "open/items.parquet").set_index("raw").item["secret"]
    assert secret not in events.item.to_numpy()
    assert secret in pd.read_parquet(folder / "sealed/test.parquet").item.to_numpy()
    assert "secret" not in (folder / "card.json").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "open", "sealed"]


def test_progress_rises_to_the_end(write, imported, home):
    told: list[tuple[str, float]] = []
    rows = [(f"u{n % 50}", f"i{n % 37}", START + n) for n in range(5_000)]
    path = write("events.csv", csv_of(rows))
    import_dataset(path, home, "x", ImportOptions(), lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert next(stage for stage, _ in told) == "reading"


def test_the_folder_cannot_be_told_from_one_of_another_import(write, imported, home, tmp_path):
    path = write("events.csv", csv_of(ROWS))
    card = imported(path)
    other = import_dataset(path, tmp_path / "elsewhere", "y", ImportOptions(min_user_events=1, min_item_events=1))
    for name in ("open/train.parquet", "open/items.parquet", "sealed/test.parquet"):
        mine, theirs = home / "datasets" / card.id / name, tmp_path / "elsewhere/datasets" / other.id / name
        assert mine.read_bytes() == theirs.read_bytes()
        assert stat.S_ISREG(mine.stat().st_mode)
    assert np.all(np.diff(pd.read_parquet(home / "datasets" / card.id / "open/train.parquet").user) >= 0)
