"""Who learns from what: both splits and the filters, against the plainest possible reference."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.events import Events, lineage_hash
from core.data.findings import ImportFailed
from core.data.options import ImportOptions
from core.data.preparation import is_repeated_row, kept, ordered
from core.data.splits import LEFT_OUT, TEST, TRAIN, VALIDATION, VALIDATION_TARGET, split
from tests.core.data.conftest import ROWS, START, csv_of

EVENTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=80)


def _events(rows: list[tuple[int, int, int]]) -> Events:
    user, item, time = (np.array(column) for column in zip(*rows, strict=True))
    words = pa.array([str(n) for n in range(10)])
    return ordered(Events(user.astype(np.int32), item.astype(np.int32), time * 1_000_000, None, words, words))


@given(EVENTS, st.lists(st.booleans(), min_size=80, max_size=80))
@settings(max_examples=150, deadline=None)
def test_leave_one_out_holds_out_the_last_two_target_events_of_each_user(rows, flags):
    events = _events(rows)
    target = np.array(flags[: len(rows)])
    try:
        part, _ = split(events, target, ImportOptions())
    except ImportFailed:
        assert all(target[events.user == user].sum() < 3 for user in range(6))
        return
    for user in range(6):
        mine, wanted = part[events.user == user].tolist(), np.flatnonzero(target[events.user == user])
        expected = [TRAIN] * len(mine)
        if len(wanted) >= 3:
            expected = [
                TRAIN if n < wanted[-2] else VALIDATION if n < wanted[-1] else LEFT_OUT for n in range(len(mine))
            ]
            expected[wanted[-2]], expected[wanted[-1]] = VALIDATION_TARGET, TEST
        assert mine == expected


@given(EVENTS, st.lists(st.booleans(), min_size=80, max_size=80))
@settings(max_examples=150, deadline=None)
def test_global_time_never_lets_an_input_reach_past_its_cut(rows, flags):
    events = _events(rows)
    target = np.array(flags[: len(rows)]) | True
    try:
        part, _ = split(events, target, ImportOptions(split="global_time", validation_share=0.2, test_share=0.2))
    except ImportFailed:
        return
    time = events.time
    assert time is not None
    in_validation = np.isin(part, (VALIDATION, VALIDATION_TARGET))
    for before, after in ((part == TRAIN, in_validation), (in_validation, part == TEST)):
        if before.any() and after.any():
            assert time[before].max() < time[after].min()
    for user in range(6):
        mine = events.user == user
        for held, history in ((VALIDATION_TARGET, (TRAIN,)), (TEST, (TRAIN, VALIDATION, VALIDATION_TARGET))):
            at = np.flatnonzero(mine & (part == held))
            assert len(at) <= 1
            if len(at):
                assert np.isin(part[mine], history).any()
    first_in_validation = {int(events.user[n]): n for n in np.flatnonzero(in_validation)[::-1]}
    for n in np.flatnonzero(part == VALIDATION_TARGET):
        assert first_in_validation[int(events.user[n])] == n


@given(EVENTS, st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_k_core_equals_dropping_one_after_the_other_until_nothing_changes(rows, least_user, least_item):
    remaining = list(rows)
    while True:
        users, items = Counter(row[0] for row in remaining), Counter(row[1] for row in remaining)
        next_rows = [row for row in remaining if users[row[0]] >= least_user and items[row[1]] >= least_item]
        if next_rows == remaining:
            break
        remaining = next_rows
    events = _events(rows)
    options = ImportOptions(min_user_events=least_user, min_item_events=least_item)
    every, none = np.ones(len(events), bool), np.zeros(len(events), bool)
    if not remaining:
        with pytest.raises(ImportFailed, match="lower"):
            kept(events, every, none, options)
        return
    left = kept(events, every, none, options).events
    assert Counter(zip(left.user, left.item, strict=True)) == Counter((row[0], row[1]) for row in remaining)


@given(EVENTS)
@settings(max_examples=150, deadline=None)
def test_a_duplicate_is_every_event_after_the_first_of_its_kind(rows):
    events = _events(rows)
    frame = pd.DataFrame({"user": events.user, "item": events.item, "time": events.time})
    assert is_repeated_row(events).tolist() == frame.duplicated().tolist()


def test_events_of_one_time_keep_their_order_in_the_file(write, imported, events_of):
    rows = [("u", item, START) for item in "dbca"] + [("u", "e", START - 5)]
    card = imported(write("events.csv", csv_of(rows)))
    assert [item for _, _, item, _ in events_of(card)] == ["e", "d", "b", "c", "a"]


def test_context_events_fill_the_history_but_are_never_held_out(write, imported, events_of, home):
    rows = [
        ("view", "a"),
        ("buy", "a"),
        ("buy", "b"),
        ("view", "c"),
        ("buy", "c"),
        ("view", "a"),
        ("buy", "d"),
        ("view", "b"),
    ]
    text = "user,item,event,timestamp\n" + "".join(
        f"u,{item},{kind},{n + START}\n" for n, (kind, item) in enumerate(rows)
    )
    card = imported(write("events.csv", text), target_events=("buy",))
    assert [(part, item) for part, _, item, _ in events_of(card)] == [
        ("train", "a"),
        ("train", "a"),
        ("train", "b"),
        ("train", "c"),
        ("validation", "c"),
        ("validation", "a"),
        ("test", "d"),
    ]
    folder = home / "datasets" / card.id / "open"
    assert pd.read_parquet(folder / "train.parquet").is_target.tolist() == [False, True, True, False]
    assert pd.read_parquet(folder / "validation.parquet").is_target.tolist() == [True, False]
    assert card.counts["left_out_by_split"] == 1
    # A view of what is bought next is no repeat: only target events are masked, so only they count.
    assert card.repeat_rate == 0
    with pytest.raises(ImportFailed, match="no events of type rent; the types are buy, view"):
        imported(write("events.csv", text), target_events=("rent",))


def test_users_of_fewer_than_three_events_only_train(write, imported, events_of):
    card = imported(write("events.csv", csv_of([*ROWS, ("dan", "a", START), ("dan", "b", START + 1)])))
    assert {part for part, user, _, _ in events_of(card) if user == "dan"} == {"train"}
    assert "short_users" in [finding.code for finding in card.findings]


def test_only_the_latest_events_of_a_user_are_kept_when_asked(write, imported, events_of):
    rows = [("u", f"i{n}", START + n) for n in range(10)]
    card = imported(write("events.csv", csv_of(rows)), max_user_events=4)
    assert [item for _, _, item, _ in events_of(card)] == ["i6", "i7", "i8", "i9"]
    assert card.counts["dropped_by_length"] == 6


def test_a_file_without_times_cannot_be_split_by_time(write, imported):
    with pytest.raises(ImportFailed, match=r"no times.*leave-one-out"):
        imported(write("seq.txt", "1 2 3 4 5\n2 1 2 3\n3 1 1\n"), split="global_time")


def test_both_kinds_of_masking_follow_from_the_repeats(write, imported):
    fresh = imported(write("fresh.csv", csv_of(ROWS)))
    again = imported(write("again.csv", csv_of([("u", item, START + n) for n, item in enumerate("abababcd")])))
    assert (fresh.masking, again.masking) == ("seen", "none")
    assert "66.7 %" in again.masking_reason
    assert imported(write("again2.csv", csv_of(ROWS)), masking="none").masking == "none"


def test_duplicates_are_kept_and_reported_or_dropped_when_asked(write, imported):
    path = write("events.csv", csv_of([*ROWS, ROWS[0], ROWS[0]]))
    whole, single = imported(path), imported(path, drop_duplicates=True)
    assert (whole.counts["interactions"], single.counts["interactions"]) == (14, 12)
    assert "duplicates" in [finding.code for finding in whole.warnings]
    assert whole.lineage == single.lineage


def test_cold_items_stay_in_the_catalogue_and_are_counted(write, imported, home):
    card = imported(write("events.csv", csv_of(ROWS)))
    items = pd.read_parquet(home / "datasets" / card.id / "open/items.parquet")
    assert items.item.tolist() == [1, 2, 3, 4]
    late = [*ROWS, ("ann", "new", START + 10**7), ("ann", "newer", START + 10**7 + 1)]
    card = imported(write("late.csv", csv_of(late)))
    assert card.counts["items_not_in_training"] == 2
    assert card.cold_share == pytest.approx(1 / 3)


def test_ids_do_not_depend_on_the_order_of_the_file(write, imported, home):
    rng = np.random.default_rng(0)
    shuffled = [ROWS[n] for n in rng.permutation(len(ROWS))]
    cards = [imported(write(f"{n}.csv", csv_of(rows))) for n, rows in enumerate((ROWS, shuffled))]
    assert cards[0].id == cards[1].id
    numbers = defaultdict(list)
    for n in (10, 9, 2, 1):
        numbers["rows"].append(("u", str(n), START + n))
    card = imported(write("numbers.csv", csv_of(numbers["rows"])))
    assert pd.read_parquet(home / "datasets" / card.id / "open/items.parquet").raw.tolist() == ["1", "2", "9", "10"]


@given(EVENTS, st.sampled_from([1, 1_000_003, 10**15, 10**18]), st.randoms())
@settings(max_examples=100, deadline=None)
def test_order_and_lineage_are_right_at_every_resolution_of_time(rows, step, random):
    user, item, time = (np.array(column) for column in zip(*rows, strict=True))
    words = pa.array([str(n) for n in range(10)])
    raw = Events(user.astype(np.int32), item.astype(np.int32), time * step, None, words, words)
    events = ordered(raw)
    expected = sorted(range(len(rows)), key=lambda n: (rows[n][0], rows[n][2]))
    assert list(zip(events.user, events.item, strict=True)) == [rows[n][:2] for n in expected]
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    assert lineage_hash(ordered(raw.take(np.array(shuffled)))) == lineage_hash(events)
