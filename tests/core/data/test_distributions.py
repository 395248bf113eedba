"""Curves of a dataset's training part, and the file that keeps them."""

from pathlib import Path

import pandas as pd
import pytest

from core.data.distributions import distributions, keep, kept
from core.data.sequences import sequence, user_named
from core.errors import NotFound

DAY = 86_400


@pytest.fixture
def open_dir(tmp_path: Path) -> Path:
    """Three users with 1, 2 and 3 training events, ten days apart; item 1 has half of the events."""
    folder = tmp_path / "data" / "open"
    folder.mkdir(parents=True)
    times = [0, 0, 10 * DAY, 0, 10 * DAY, 20 * DAY]
    train = pd.DataFrame({"user": [0, 1, 1, 2, 2, 2], "item": [1, 1, 2, 1, 2, 3], "timestamp": times})
    train.assign(is_target=True).to_parquet(folder / "train.parquet")
    pd.DataFrame({"user": [0, 1, 2], "raw": ["ann", "bob", "eve"]}).to_parquet(folder / "users.parquet")
    items = pd.DataFrame({"item": [1, 2, 3], "raw": ["x", "y", "z"], "title": ["The X", None, "The Z"]})
    items.to_parquet(folder / "items.parquet")
    return folder


def test_lengths_are_the_share_of_users_with_at_most_so_many_events(open_dir: Path):
    curve = distributions(open_dir).lengths
    assert curve.x == (1, 2, 3) and curve.y == pytest.approx((1 / 3, 2 / 3, 1), abs=1e-4)


def test_popularity_begins_with_the_most_popular_item(open_dir: Path):
    curve = distributions(open_dir).popularity
    assert (curve.x[0], curve.y[0]) == (0, 0) and (curve.x[-1], curve.y[-1]) == (1, 1)
    assert curve.y[1] == pytest.approx(0.5)


def test_gaps_lie_between_events_of_one_user_alone(open_dir: Path):
    gaps = distributions(open_dir).gaps
    assert gaps is not None and set(gaps.x) == {10.0 * DAY} and gaps.y[-1] == 1


def test_novelty_ends_with_every_item_seen(open_dir: Path):
    novelty = distributions(open_dir).novelty
    assert novelty is not None and novelty.x[-1] == 20 * DAY
    assert novelty.y[0] == pytest.approx(1 / 3, abs=1e-4) and novelty.y[-1] == 1 and novelty.y[-2] < 1


def test_data_without_times_has_no_curve_over_time(open_dir: Path):
    train = pd.read_parquet(open_dir / "train.parquet").drop(columns="timestamp")
    train.to_parquet(open_dir / "train.parquet")
    found = distributions(open_dir)
    assert found.gaps is None and found.novelty is None and found.lengths.y[-1] == 1


def test_what_was_kept_is_read_without_the_events(open_dir: Path, tmp_path: Path):
    assert kept(tmp_path / "cache", "d1") is None
    written = keep(tmp_path / "cache", "d1", open_dir)
    (open_dir / "train.parquet").unlink()
    assert kept(tmp_path / "cache", "d1") == written


def test_a_history_is_told_with_raw_ids_and_titles_where_known(open_dir: Path):
    seen = sequence(open_dir, user_named(open_dir, "eve"))
    assert [(event.raw, event.title) for event in seen.events] == [("x", "The X"), ("y", None), ("z", "The Z")]
    assert seen.events[2].time == 20 * DAY and seen.left_out == 0


def test_an_unknown_user_is_refused_with_ids_that_exist(open_dir: Path):
    with pytest.raises(NotFound, match="ann, bob"):
        user_named(open_dir, "mallory")
