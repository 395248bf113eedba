"""A file that cannot be used is refused with cause and way out; a bad row is counted, named and left out."""

import errno
import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data import unpacking
from core.data.card import load_card
from core.data.findings import ImportFailed
from core.data.importing import preview
from tests.core.data.conftest import EXPECTED, ROWS, START, csv_of

REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b"\n\n  \n", "is empty"),
    "empty gzip": (gzip.compress(b""), "is empty"),
    "binary": (bytes(range(256)) * 40, "binary"),
    "database": (b"SQLite format 3\x00" + bytes(100), "SQLite.*export"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(50), "zstd; unpack"),
    "cut gzip": (gzip.compress(os.urandom(4000))[:2000], "cut off or damaged"),
    "damaged parquet": (b"PAR1" + bytes(500), "Parquet.*damaged"),
    "one column": (b"alpha\nbeta\ngamma\n", "only one column"),
    "json array": (b'[{"user": 1, "item": 2}]\n', "one JSON object per line"),
    "python literals": (b"{'reviewerID': 'a', 'asin': 'b'}\n", "Python's own notation"),
    "header alone": (b"user,item,timestamp\n", "no row"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unusable_file_is_refused_with_its_cause(name, write, imported, home):
    content, message = REFUSED[name]
    with pytest.raises(ImportFailed, match=message):
        imported(write("upload.dat", content))
    assert not list(home.glob("datasets/*"))


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path, imported):
    with pytest.raises(ImportFailed, match=r"nowhere.csv does not exist"):
        imported(tmp_path / "nowhere.csv")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(ImportFailed, match="empty folder"):
        imported(tmp_path / "hollow")


def test_a_zip_of_several_files_is_refused_by_their_names(write, imported):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ml/ratings.dat", "1::1::5::978300760")
        archive.writestr("ml/movies.dat", "1::Toy Story")
    with pytest.raises(ImportFailed, match=r"2 files \(ml/ratings.dat, ml/movies.dat\)"):
        imported(write("ml.zip", file.getvalue()))


def test_a_zip_bomb_is_stopped(write, imported, monkeypatch):
    monkeypatch.setattr(unpacking, "RATIO_FREE_BYTES", 1 << 20)
    bomb = gzip.compress(b"user,item\n" + b"1,1\n" * 4_000_000)
    with pytest.raises(ImportFailed, match="unpacks to more than 200 times"):
        imported(write("bomb.csv.gz", bomb))


def test_bad_rows_are_left_out_counted_and_named_by_line(write, imported, events_of):
    lines = csv_of(ROWS).splitlines()
    lines[3:3] = ["ann,b", "", f",c,{START}", f"ann,,{START}", "ann,b,yesterday", "a,b,c,d,e"]
    card = imported(write("events.csv", "\n".join(lines)), max_bad_share=0.5)
    assert sorted(events_of(card)) == EXPECTED
    assert card.counts["rows_bad"] == 5
    assert [(row.line, row.reason) for row in card.bad_rows] == [
        (4, "2 columns instead of 3"),
        (6, "no user"),
        (7, "no item"),
        (8, "no time that can be read"),
        (9, "5 columns instead of 3"),
    ]
    assert "bad_rows" in [finding.code for finding in card.warnings]


def test_broken_json_lines_are_isolated(write, imported, events_of):
    lines = [f'{{"user": "{u}", "item": "{i}", "time": {t}}}' for u, i, t in ROWS]
    lines[5:5] = [
        '{"user": "ann", "item"',
        "",
        '{"user": ["list"], "item": "x", "time": 3}',
        '{"item": "x", "time": 3}',
    ]
    card = imported(write("events.jsonl", "\n".join(lines)), max_bad_share=0.5)
    assert sorted(events_of(card)) == EXPECTED
    assert [row.line for row in card.bad_rows] == [6, 8, 9]


def test_a_user_without_items_is_a_bad_row_of_a_sequence_file(write, imported):
    text = "".join(f"a{n} 2 3 4\nb{n}\n\nc{n} 4 5 6 7\nd{n} 4 3 2\n" for n in range(10))
    card = imported(write("seq.txt", text), max_bad_share=0.5)
    assert card.counts["rows_bad"] == 10
    assert (card.bad_rows[0].line, card.bad_rows[0].reason) == (2, "a user without items")


def test_only_the_first_twenty_bad_rows_are_kept_and_all_are_counted(write, imported):
    rows = [*ROWS, *[("", "x", START)] * 100]
    card = imported(write("events.csv", csv_of(rows)), max_bad_share=0.99)
    assert card.counts["rows_bad"] == 100
    assert [row.line for row in card.bad_rows] == list(range(14, 34))


def test_mostly_bad_rows_mean_wrong_columns_and_stop_the_import(write, imported):
    path = write("events.csv", csv_of(ROWS))
    with pytest.raises(ImportFailed, match=r"12 of 12 rows.*line 2: no time that can be read.*--columns") as failure:
        imported(path, columns={"user": "timestamp", "timestamp": "user"})
    assert failure.value.findings[0].code == "bad_rows"


def test_an_unclosed_quote_does_not_pass_silently(write, imported):
    rows = [("u", f"i{n}", START + n) for n in range(2000)]
    text = csv_of(rows).replace("u,i5,", 'u,"i5,')
    with pytest.raises(ImportFailed):
        imported(write("events.csv", text), max_bad_share=0.01)


def test_filters_that_leave_nothing_say_how_to_lower_them(write, imported):
    with pytest.raises(ImportFailed, match=r"lower the least events of a user.*--min-user-events"):
        imported(write("events.csv", csv_of(ROWS)), min_user_events=9)


def test_options_out_of_range_name_the_value_and_the_limit(write, imported):
    path = write("events.csv", csv_of(ROWS))
    for wrong, message in (
        ({"split": "random"}, "split='random' is not one of leave_one_out, global_time"),
        ({"masking": "some"}, "masking='some'"),
        ({"max_user_events": 2}, "max_user_events=2 is below 3"),
        ({"test_share": 0.7}, "test_share=0.7"),
    ):
        with pytest.raises(ImportFailed, match=message):
            imported(path, **wrong)


def test_a_full_disk_leaves_nothing_behind(write, imported, home, monkeypatch):
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = write("events.csv", csv_of(ROWS))
    with monkeypatch.context() as disk, pytest.raises(ImportFailed, match=r"No space left.*MiB free"):
        disk.setattr(pq, "write_table", full)
        imported(path)
    assert not list((home / "datasets").iterdir())
    assert imported(path).counts["interactions"] == 12


KILLED_WHILE_WRITING = """
import os, sys
from pathlib import Path
import pyarrow.parquet as pq
from core.data.importing import import_dataset
from core.data.options import ImportOptions
pq.write_table = lambda *a, **k: os._exit(9)
import_dataset(Path(sys.argv[1]), Path(sys.argv[2]), "x", ImportOptions(min_user_events=1, min_item_events=1))
"""


def test_what_a_killed_import_left_is_swept_away_by_the_next(write, imported, home):
    path = write("events.csv", csv_of(ROWS))
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, path, home], cwd=Path.cwd(), check=False)
    assert killed.returncode == 9
    assert len(list((home / "datasets").iterdir())) == 1
    card = imported(path)
    assert [folder.name for folder in (home / "datasets").iterdir()] == [card.id]


def test_a_damaged_dataset_folder_is_replaced_by_importing_again(write, imported, home):
    path = write("events.csv", csv_of(ROWS))
    card = imported(path)
    (home / "datasets" / card.id / "open/train.parquet").unlink()
    again = imported(path)
    assert again.id == card.id
    assert (home / "datasets" / card.id / "open/train.parquet").exists()


def test_a_folder_without_a_card_is_no_dataset(tmp_path):
    with pytest.raises(ImportFailed, match="import the file again"):
        load_card(tmp_path)
    (tmp_path / "card.json").write_text('{"id": "x"')
    with pytest.raises(ImportFailed, match="cannot be read"):
        load_card(tmp_path)


def test_parts_that_do_not_fit_together_are_named(write, imported):
    write("parts/a.csv", csv_of(ROWS))
    odd = write("parts/b.csv", csv_of(ROWS, "who,what,when"))
    with pytest.raises(ImportFailed, match=r"b.csv is CSV with columns who, what, when"):
        imported(odd.parent)


def test_a_preview_of_a_broken_file_says_the_same_as_the_import(write):
    with pytest.raises(ImportFailed, match="is empty"):
        preview(write("upload.csv", ""))


SEEDS = (
    csv_of(ROWS).encode(),
    "".join(f'{{"user": "{u}", "item": "{i}", "time": {t}}}\n' for u, i, t in ROWS).encode(),
    b'{"session": 1, "events": [{"aid": 1, "ts": 1659304800000, "type": "clicks"}]}\n' * 4,
    b"ann a b c d\nbob b c d a\ncyd d a b c\n",
    b"user_id:token\titem_id:token\ttimestamp:float\n" + b"1\t2\t881250949\n" * 4,
)
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 400), st.sampled_from([b"\x00", b'"', b"\t", b"::", b"{", b"\xff", b"1e999", b"\n17\n", b""])
    ),
    max_size=5,
)


@given(st.sampled_from(SEEDS), DAMAGE)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_ends_in_a_dataset_or_in_a_named_failure(imported, write, content, damage):
    for position, junk in damage:
        content = content[:position] + junk + content[position + 1 :]
    try:
        card = imported(write("damaged.dat", content), max_bad_share=0.9)
    except ImportFailed as failure:
        assert len(str(failure)) > 20
    else:
        assert card.counts["interactions"] >= 3
