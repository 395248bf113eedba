"""Whatever the file looks like, the same events come out."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.findings import ImportFailed
from core.data.importing import preview
from tests.core.data.conftest import EXPECTED, ROWS, START, csv_of


def _lines(form: str) -> str:
    return "".join(
        form.format(u=u, i=i, t=t, ms=t * 1000, iso=pd.Timestamp(t, unit="s").isoformat()) for u, i, t in ROWS
    )


TIMED = {
    "csv with header": csv_of(ROWS),
    "csv under other names": csv_of(ROWS, "visitorid,itemid,event_time"),
    "csv with quotes": _lines('"{u}","{i}","{t}"\n').join(['"user","item","timestamp"\n', ""]),
    "csv, windows line ends and blank lines": "\r\n" + csv_of(ROWS).replace("\n", "\r\n") + "\r\n",
    "csv with a byte order mark": "\ufeff" + csv_of(ROWS),
    "tsv": csv_of(ROWS).replace(",", "\t"),
    "semicolons": csv_of(ROWS).replace(",", ";"),
    "u.data": _lines("{u}\t{i}\t3\t{t}\n"),
    "ratings.dat": _lines("{u}::{i}::5::{t}\n"),
    "ratings.csv": "userId,movieId,rating,timestamp\n" + _lines("{u},{i},3.5,{t}\n"),
    "recbole": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + _lines("{u}\t{i}\t3\t{t}.0\n"),
    "amazon ratings only": _lines("{u},{i},5.0,{t}\n"),
    "yoochoose": _lines("{u},{iso}Z,{i},0\n"),
    "taobao": _lines("{u},{i},77,pv,{t}\n"),
    "amazon 2014": _lines('{{"reviewerID": "{u}", "asin": "{i}", "helpful": [0, 1], "unixReviewTime": {t}}}\n'),
    "amazon 2023": _lines(
        '{{"rating": 5.0, "asin": "x", "parent_asin": "{i}", "user_id": "{u}", "timestamp": {ms}}}\n'
    ),
    "milliseconds": "user,item,time\n" + _lines("{u},{i},{ms}\n"),
    "microseconds": "user,item,time\n" + _lines("{u},{i},{ms}000\n"),
    "iso dates": "user,item,date\n" + _lines("{u},{i},{iso}\n"),
    "iso dates with zone": "user,item,date\n" + _lines("{u},{i},{iso}+00:00\n"),
    "columns in another order": "ts,event_id,item,user\n" + _lines("{t},9,{i},{u}\n"),
}


@pytest.mark.parametrize("name", TIMED)
def test_every_text_format_with_times_gives_the_same_events(name, write, imported, events_of):
    card = imported(write("interactions.txt", TIMED[name]))
    assert sorted(events_of(card)) == EXPECTED
    assert card.counts["rows_bad"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "ann a b c d\nbob b c d a\ncyd d a b c\n",
        "ann\ta b c d\nbob\tb c d a\ncyd\td a b c",
        _lines("{u} {i}\n"),
        "user item\n" + _lines("{u} {i}\n"),
    ],
    ids=["user sequences", "user, tab, sequence", "SASRec lines", "SASRec lines with a header"],
)
def test_files_that_only_know_the_order_keep_it(text, write, imported, events_of):
    card = imported(write("sequences.txt", text))
    assert sorted(events_of(card)) == [(part, user, item, None) for part, user, item, _ in EXPECTED]
    assert not card.has_timestamps
    assert card.order_rule == "by position in the file"


def test_sessions_with_lists_of_events_or_items_become_rows(write, imported, events_of):
    sessions: dict[str, list[tuple[str, int]]] = {}
    for user, item, time in ROWS:
        sessions.setdefault(user, []).append((item, time))
    otto = [
        {"session": user, "events": [{"aid": item, "ts": time * 1000, "type": "clicks"} for item, time in events]}
        for user, events in sessions.items()
    ]
    plain = [{"session_id": user, "items": [item for item, _ in events]} for user, events in sessions.items()]
    card = imported(write("otto.jsonl", "\n".join(map(json.dumps, otto))))
    assert sorted(events_of(card)) == EXPECTED
    assert card.event_counts == {"clicks": 12}
    card = imported(write("sessions.jsonl", "\n".join(map(json.dumps, plain))))
    assert sorted(events_of(card)) == [(part, user, item, None) for part, user, item, _ in EXPECTED]


@pytest.mark.parametrize("kind", ["integers", "dates", "categories", "lists"])
def test_parquet_of_any_column_type(kind, tmp_path, imported, events_of):
    frame = pd.DataFrame(ROWS, columns=["user_id", "item_id", "timestamp"])
    if kind == "dates":
        frame["timestamp"] = pd.to_datetime(frame.timestamp, unit="s")
    if kind == "categories":
        frame = frame.astype({"user_id": "category", "item_id": "category"})
    if kind == "lists":
        frame = frame.groupby("user_id").agg(list).reset_index()
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "events.parquet")
    assert sorted(events_of(imported(tmp_path / "events.parquet"))) == EXPECTED


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_folder_of_parts_is_one_table(suffix, tmp_path, imported, events_of):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    for n in range(3):
        frame = pd.DataFrame(ROWS[4 * n : 4 * n + 4], columns=["user", "item", "timestamp"])
        path = folder / f"part-{n}.{suffix}"
        frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    assert sorted(events_of(imported(folder))) == EXPECTED


def _zipped(content: bytes, name: str = "inner.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._inner.csv", "junk")
        archive.writestr(name, content)
    return file.getvalue()


def test_gzip_and_zip_are_told_by_their_bytes_not_their_names(write, tmp_path, imported, events_of):
    text = csv_of(ROWS).encode()
    pd.DataFrame(ROWS, columns=["user", "item", "time"]).to_parquet(tmp_path / "plain.parquet")
    packed = {
        "a.csv": gzip.compress(text),
        "b.txt": _zipped(text),
        "c.zip": _zipped(gzip.compress(text)),
        "d.csv": gzip.compress(text[:50]) + gzip.compress(text[50:]),
        "e.gz": gzip.compress((tmp_path / "plain.parquet").read_bytes()),
    }
    for name, content in packed.items():
        assert sorted(events_of(imported(write(name, content)))) == EXPECTED


def test_utf_16_and_latin_1_text_is_read(write, imported, home):
    accented = csv_of([("zoë", f"é{n}", START + n) for n in range(4)])
    utf16 = imported(write("a.csv", b"\xff\xfe" + accented.encode("utf-16-le")))
    latin = imported(write("b.csv", accented.encode("latin-1")))
    utf8 = imported(write("c.csv", accented))
    assert utf16.id == latin.id == utf8.id
    assert pd.read_parquet(home / "datasets" / utf8.id / "open/users.parquet").raw.tolist() == ["zoë"]


def test_amazon_2018_ratings_put_the_item_first_and_that_is_noticed(write):
    rows = "".join(f"B00ABCDEF{n},A{n}BCDEFGHIJK,5.0,{START + n}\n" for n in range(6))
    seen = preview(write("Gift_Cards.csv", rows))
    assert seen.rows[0]["user"] == "A0BCDEFGHIJK"
    assert "item_first" in [finding.code for finding in seen.findings]


def test_the_preview_shows_roles_and_twenty_parsed_rows(write):
    rows = [(f"u{n}", f"i{n % 5}", START + n) for n in range(50)]
    seen = preview(write("events.csv", csv_of(rows, "customer_id,article_id,t_dat")))
    assert seen.columns == {"user": "customer_id", "item": "article_id", "timestamp": "t_dat"}
    assert len(seen.rows) == 20
    assert seen.rows[0] == {"user": "u0", "item": "i0", "timestamp": pd.Timestamp(START, unit="s").isoformat() + "Z"}


def test_named_columns_override_the_detection(write, imported, events_of):
    text = csv_of([(user, f"x,{item}", time) for user, item, time in ROWS], "user,item,variant,seen")
    path = write("events.csv", text)
    card = imported(path, columns={"item": "variant", "timestamp": "seen"})
    assert sorted(events_of(card)) == EXPECTED
    with pytest.raises(ImportFailed, match=r"no column 'colour'.*user, item, variant, seen"):
        imported(path, columns={"item": "colour"})


def test_unknown_names_are_read_by_position_with_a_warning_or_refused(write):
    seen = preview(write("three.csv", csv_of(ROWS, "who,what,moment")))
    assert seen.columns == {"user": "who", "item": "what", "timestamp": "moment"}
    assert "columns_guessed" in [finding.code for finding in seen.findings]
    wide = "who,what,where,how,moment\n" + "".join(f"{u},{i},x,y,{t}\n" for u, i, t in ROWS)
    with pytest.raises(ImportFailed, match=r"who, what, where, how, moment.*--columns"):
        preview(write("five.csv", wide))


def test_whole_numbers_kept_as_floats_are_the_same_ids(tmp_path: Path, imported, events_of):
    frame = pd.DataFrame({"user": [1.0] * 4, "item": [7, 8, 9, 10], "time": range(START, START + 4)})
    frame.to_parquet(tmp_path / "floats.parquet")
    assert {(user, item) for _, user, item, _ in events_of(imported(tmp_path / "floats.parquet"))} == {
        ("1", "7"),
        ("1", "8"),
        ("1", "9"),
        ("1", "10"),
    }


def test_ids_with_leading_zeros_stay_apart(write, imported, events_of):
    rows = [("u", item, START + n) for n, item in enumerate(["1", "01", "001", "2"])]
    assert {item for _, _, item, _ in events_of(imported(write("a.csv", csv_of(rows))))} == {"1", "01", "001", "2"}
