"""What to beware of in a file is named on its card, and clean files are left in peace."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.timestamps import UnitCounts, parse_times
from tests.core.data.conftest import ROWS, START, csv_of


def _codes(card) -> dict[str, str]:
    return {finding.code: finding.level for finding in card.findings}


def test_lists_sorted_by_id_are_an_error_where_nothing_else_gives_the_order(write, imported):
    rng = np.random.default_rng(1)
    lists = [rng.choice(200, 8, replace=False) for _ in range(100)]
    shuffled = "".join(f"{n} {' '.join(map(str, items))}\n" for n, items in enumerate(lists))
    in_order = "".join(f"{n} {' '.join(map(str, sorted(items)))}\n" for n, items in enumerate(lists))
    reverse = "".join(f"{n} {' '.join(map(str, sorted(items, reverse=True)))}\n" for n, items in enumerate(lists))
    assert "sorted_by_id" not in _codes(imported(write("shuffled.txt", shuffled)))
    assert _codes(imported(write("sorted.txt", in_order)))["sorted_by_id"] == "error"
    assert _codes(imported(write("reverse.txt", reverse)))["sorted_by_id"] == "error"


def test_ids_given_by_first_appearance_are_no_reason_to_worry(real_data, imported):
    assert "sorted_by_id" not in _codes(imported(real_data("beauty.txt")))


def test_a_file_out_of_time_order_is_sorted_and_says_so(write, imported):
    backwards = _codes(imported(write("events.csv", csv_of(ROWS[::-1]))))
    assert backwards["not_chronological"] == "warning"
    assert "not_chronological" not in _codes(imported(write("fewer.csv", csv_of(ROWS[:8]))))


def test_ties_at_the_test_item_are_measured(write, imported):
    rows = [*ROWS[:7], ("bob", "a", ROWS[6][2]), *ROWS[8:]]
    card = imported(write("events.csv", csv_of(rows)))
    assert card.tie_share == pytest.approx(1 / 3)
    assert _codes(card)["ties"] == "warning"


def test_one_time_for_all_is_an_error(write, imported):
    rows = [(user, item, START) for user, item, _ in ROWS]
    assert _codes(imported(write("events.csv", csv_of(rows))))["single_time"] == "error"


def test_mixed_units_of_time_are_named_and_each_value_read_by_its_size(write, imported, events_of):
    rows = [(user, item, time * 1000 if user == "bob" else time) for user, item, time in ROWS]
    card = imported(write("events.csv", csv_of(rows)))
    found = next(finding for finding in card.findings if finding.code == "mixed_timestamp_units")
    assert found.count == 4
    assert "seconds" in found.message and "milliseconds" in found.message
    assert sorted(time for _, _, _, time in events_of(card)) == sorted(time for _, _, time in ROWS)


def test_ratings_are_left_out_and_that_is_said(write, imported):
    text = "user,item,rating,timestamp\n" + "".join(f"{u},{i},5,{t}\n" for u, i, t in ROWS)
    assert "rating_not_kept" in _codes(imported(write("events.csv", text)))


def test_event_types_without_a_choice_are_all_targets_and_that_is_said(write, imported):
    text = "user,item,event,timestamp\n" + "".join(f"{u},{i},{'view' if t % 2 else 'buy'},{t}\n" for u, i, t in ROWS)
    text += f"ann,a,view,{START + 9}\n"
    card = imported(write("events.csv", text))
    assert _codes(card)["all_events_are_targets"] == "warning"
    assert card.event_counts == {"buy": 12, "view": 1}


def test_the_folder_tells_event_types_of_all_but_the_test(write, imported, home):
    kinds = {f"{u},{i},{t}": "view" if n % 4 else "buy" for n, (u, i, t) in enumerate(ROWS)}
    text = "user,item,timestamp,event\n" + "".join(f"{row},{kind}\n" for row, kind in kinds.items())
    card = imported(write("events.csv", text))
    assert card.has_event_types
    open_dir = home / "datasets" / card.id / "open"
    raw = {name: pd.read_parquet(open_dir / f"{name}s.parquet").set_index(name)["raw"] for name in ("user", "item")}
    for part in ("train", "validation"):
        for event in pd.read_parquet(open_dir / f"{part}.parquet").to_dict("records"):
            row = f"{raw['user'][event['user']]},{raw['item'][event['item']]},{event['timestamp']}"
            assert list(card.event_counts)[event["event_type"]] == kinds[row]
    assert "event_type" not in pd.read_parquet(open_dir.parent / "sealed" / "test.parquet")
    only_views = imported(write("events.csv", text), target_events=("view",))
    assert not only_views.has_event_types


def test_a_file_its_publisher_filtered_is_not_filtered_again(write, imported):
    rng = np.random.default_rng(2)
    rows = [(f"u{u}", f"i{i}", START + n) for u in range(60) for n, i in enumerate(rng.choice(30, 12, replace=False))]
    nearly = [*rows, *((f"u{u}", "rare", START + 50) for u in range(4))]
    tail = [*rows, *((f"u{n}", f"rare{n}", START + 50) for n in range(20))]
    auto = {"min_user_events": None, "min_item_events": None}
    assert imported(write("nearly.csv", csv_of(nearly)), **auto).counts["dropped_by_core"] == 0
    assert imported(write("tail.csv", csv_of(tail)), **auto).counts["items_dropped_by_core"] == 20


@pytest.mark.parametrize("suffix", ["tsv", "dat", "jsonl", "parquet"])
def test_titles_of_any_format_find_their_items(suffix, write, tmp_path, imported, home):
    titles = {"a": 'A 12" ruler', "b": "Bear, brown", "c": "Crème", "zz": "nobody's"}
    if suffix == "tsv":
        path = write("t.tsv", "item\ttitle\n" + "".join(f"{i}\t{t}\n" for i, t in titles.items()))
    elif suffix == "dat":
        path = write("movies.dat", "".join(f"{i}::{t}::Comedy|Drama\n" for i, t in titles.items()).encode("latin-1"))
    elif suffix == "jsonl":
        path = write("m.jsonl", pd_json(titles))
    else:
        path = tmp_path / "t.parquet"
        pa.parquet.write_table(pa.table({"item_id": list(titles), "name": list(titles.values())}), path)
    card = imported(write("events.csv", csv_of(ROWS)), titles=path)
    items = pa.parquet.read_table(home / "datasets" / card.id / "open/items.parquet").to_pydict()
    assert items["title"] == ['A 12" ruler', "Bear, brown", "Crème", None]
    found = next(finding for finding in card.findings if finding.code == "items_without_title")
    assert (found.count, found.examples) == (1, ("d",))


def pd_json(titles: dict[str, str]) -> str:
    import json

    return "\n".join(json.dumps({"parent_asin": item, "title": title}) for item, title in titles.items())


@given(st.lists(st.integers(10**8, 4 * 10**9), min_size=1, max_size=30), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_a_time_is_the_same_in_every_unit_and_type(seconds, factor):
    numbers = [each * factor for each in seconds]
    for values in (pa.array(numbers), pa.array([str(each) for each in numbers])):
        times, fine = parse_times(values, UnitCounts())
        assert fine.all()
        assert (times == np.array(seconds) * 1_000_000).all()


def test_dates_of_many_shapes_are_read_as_utc():
    texts = [
        "2014-05-13",
        "2014-05-13T16:53:20Z",
        "2014-05-13 18:53:20+02:00",
        "Tue May 13 16:53:20 +0000 2014",
        "never",
        "",
    ]
    times, fine = parse_times(pa.array([*texts, None, "1400000000.0"]), UnitCounts())
    assert fine.tolist() == [True, True, True, True, False, False, False, True]
    assert (times[[1, 2, 3, 7]] == 1_400_000_000_000_000).all()
    assert times[0] == (1_400_000_000 - 1_400_000_000 % 86_400) * 1_000_000
