"""The profile: equal to a naive reading of its definitions, blind to the sealed test, in words and as a vector."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.profile import FEATURES, Profile, profile, values
from core.data.profile_features import SCALES, distance, feature_gaps, features, features_name
from core.data.profile_words import BUCKETS, bucket, facets, words
from core.data.synthetic import REGIMES, generate
from core.errors import NotFound, StorageFailed


def write_open(frame: pd.DataFrame, folder: Path) -> Path:
    """A dataset's open/ folder by leave-one-out, in the layout that the importer writes."""
    has_time = "timestamp" in frame
    events = pd.DataFrame({"user": pd.factorize(frame["user"])[0], "item": pd.factorize(frame["item"])[0] + 1})
    events = events.astype("int32").assign(**({"timestamp": frame["timestamp"].to_numpy()} if has_time else {}))
    events = events.sort_values(["user", "timestamp"] if has_time else ["user"], kind="stable")
    from_end = events.groupby("user").cumcount(ascending=False)
    short = events.groupby("user")["user"].transform("size") < 3
    events["is_target"] = True
    folder.mkdir(parents=True, exist_ok=True)
    events[short | (from_end >= 2)].to_parquet(folder / "train.parquet", index=False)
    events[~short & (from_end == 1)].to_parquet(folder / "validation.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Profile]:
    """One profile of every regime."""
    folder = tmp_path_factory.mktemp("regimes")
    return {name: profile(write_open(generate(name, seed=1), folder / name)) for name in REGIMES}


def naive(train: pd.DataFrame, validation: pd.DataFrame) -> dict[str, float]:
    """The definitions, one event at a time."""
    histories: dict[Any, list[Any]] = {user: list(rows.itertuples()) for user, rows in train.groupby("user")}
    lengths = sorted(len(rows) for rows in histories.values())
    counts = sorted(Counter(train["item"]).values())
    pairs = [(a, b) for rows in histories.values() for a, b in pairwise(rows)]
    last = [(rows[-2], rows[-1]) for rows in histories.values() if len(rows) > 1]
    known = [(a, b) for rows in histories.values() for a, b in pairwise(rows[:-1])]
    seen: list[Any] = [(r.user, r.item) for r in train[train["is_target"]].itertuples()]
    chain = [found(Counter(b.item for a, b in known if a.item == x.item), y.item) for x, y in last]
    popular = [found(Counter(b.item for _, b in known), y.item) for _, y in last]
    tops = [counts[i] for i in range(len(counts) - int(np.ceil(len(counts) * 0.1)), len(counts))]
    gini = sum(abs(a - b) for a in counts for b in counts) / (2 * len(counts) * sum(counts))
    return {
        "users": len(histories),
        "items": len(counts),
        "interactions": len(train),
        "density": len(train) / len(histories) / len(counts),
        "mean_length": float(np.mean(lengths)),
        "median_length": float(np.median(lengths)),
        "p90_length": float(np.quantile(lengths, 0.9)),
        "p95_length": float(np.quantile(lengths, 0.95)),
        "popularity_gini": gini,
        "head_share": sum(tops) / len(train),
        "tail_share": sum(counts[: len(counts) // 2]) / len(train),
        "repeat_rate": 1 - len(set(seen)) / len(seen),
        "gap_seconds": float(np.median([b.timestamp - a.timestamp for a, b in pairs])),
        "tie_share": float(np.mean([a.timestamp == b.timestamp for a, b in last])),
        "cold_share": float(np.mean([item not in set(train["item"]) for item in validation["item"]])),
        "training_targets": sum(b.is_target for _, b in pairs),
        "transition_predictability": float(np.mean(chain)),
        "popularity_predictability": float(np.mean(popular)),
        "span_days": (train["timestamp"].max() - train["timestamp"].min()) / 86_400,
    }


def found(counts: "Counter[int]", item: int) -> float:
    """Expected membership of `item` in the first ten."""
    if item not in counts:
        return 0.0
    above = sum(count > counts[item] for count in counts.values())
    equal = sum(count == counts[item] for count in counts.values())
    return min(1.0, max(0.0, (10 - above) / equal))


@pytest.mark.parametrize("seed", range(3))
def test_every_number_equals_a_naive_reading_of_its_definition(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "user": rng.integers(0, 60, 900),
            "item": np.minimum(rng.zipf(1.4, 900), 40),
            "timestamp": np.sort(rng.integers(0, 300, 900)) * 1000,
        }
    )
    folder = write_open(frame, tmp_path / "open")
    train = pd.read_parquet(folder / "train.parquet")
    train["is_target"] = rng.random(len(train)) < 0.7
    train.to_parquet(folder / "train.parquet", index=False)
    expected = naive(train, pd.read_parquet(folder / "validation.parquet"))
    measured = profile(folder).to_json()
    assert measured == pytest.approx(expected)


def test_the_sealed_test_items_are_never_read(tmp_path: Path) -> None:
    folder = write_open(generate("sample", seed=0, users=50), tmp_path / "open")
    before = profile(folder)
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    (sealed / "test.parquet").write_bytes(b"reading this would fail")
    assert profile(folder) == before


def test_events_after_the_validation_target_do_not_count_as_targets(tmp_path: Path) -> None:
    folder = write_open(generate("sample", seed=0, users=50), tmp_path / "open")
    before = profile(folder)
    validation = pd.read_parquet(folder / "validation.parquet")
    context = validation.assign(is_target=False, item=np.int32(9999))
    pd.concat([validation, context]).to_parquet(folder / "validation.parquet", index=False)
    assert profile(folder).cold_share == before.cold_share


def test_without_timestamps_what_needs_them_is_missing(tmp_path: Path) -> None:
    frame = generate("sample", seed=0, users=100)
    timed = profile(write_open(frame, tmp_path / "timed"))
    untimed = profile(write_open(frame.drop(columns="timestamp"), tmp_path / "untimed"))
    assert untimed == replace(timed, gap_seconds=None, tie_share=None, span_days=None)
    assert "gap_seconds" not in words(untimed)


def test_one_user_with_one_event_is_measured_as_far_as_possible(tmp_path: Path) -> None:
    found = profile(write_open(pd.DataFrame({"user": [1], "item": [5], "timestamp": [0]}), tmp_path / "open"))
    assert (found.users, found.items, found.interactions, found.training_targets) == (1, 1, 1, 0)
    assert (found.gap_seconds, found.cold_share, found.transition_predictability) == (None, None, None)
    assert words(found)["mean_length"] == "short histories"


def test_a_profile_survives_json_and_forgives_an_older_one(profiles: dict[str, Profile]) -> None:
    for each in profiles.values():
        assert Profile.from_json(json.loads(json.dumps(each.to_json()))) == each
    older = {"users": 3, "items": 4, "interactions": 5, "training_targets": 2, "a number of the future": 1}
    assert Profile.from_json(older).mean_length is None


def test_conditions_find_every_feature_by_name(profiles: dict[str, Profile]) -> None:
    known = values(profiles["short_sparse"])
    assert tuple(known) == FEATURES
    assert known["mean_length"] is not None and known["mean_length"] < 10
    assert known["transition_gain"] == pytest.approx(
        (known["transition_predictability"] or 0) - (known["popularity_predictability"] or 0)
    )


def test_a_deleted_or_damaged_dataset_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"train\.parquet is gone.*import"):
        profile(tmp_path / "no such folder")
    folder = write_open(generate("sample", seed=0, users=10), tmp_path / "open")
    (folder / "train.parquet").write_bytes(b"no parquet")
    with pytest.raises(StorageFailed, match=r"train\.parquet cannot be read"):
        profile(folder)


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("short_sparse", {"short histories", "sparse", "order blurred by ties in time"}),
        ("long_dense", {"long histories", "dense"}),
        ("repeat_heavy", {"heavy repeat consumption"}),
        ("sequential", {"strongly sequential"}),
        ("tail_heavy", {"large long-tail catalogue", "flat popularity", "sparse"}),
    ],
)
def test_a_regime_is_described_in_its_own_words(name: str, phrases: set[str], profiles: dict[str, Profile]) -> None:
    assert phrases <= set(facets(profiles[name]))
    assert set(facets(profiles[name])) <= set(words(profiles[name]).values())


def test_a_limit_belongs_to_the_bucket_above_it() -> None:
    assert bucket("mean_length", 9.99).phrase == "short histories"
    assert bucket("mean_length", 10.0).phrase == "medium-length histories"
    assert bucket("repeat_rate", 1.0).phrase == "heavy repeat consumption"


def test_the_buckets_of_a_facet_rise_cover_everything_and_say_different_things() -> None:
    for facet, held in BUCKETS.items():
        limits = [each.below for each in held]
        assert limits == sorted(set(limits)) and limits[-1] == float("inf"), facet
        assert facet in FEATURES
        assert len({each.phrase for each in held}) == len({each.name for each in held}) == len(held)


def test_a_missing_feature_sits_at_the_centre_and_is_marked(profiles: dict[str, Profile]) -> None:
    whole = features(profiles["sample"])
    partly = features(replace(profiles["sample"], gap_seconds=None))
    at = whole.names.index("gap_seconds")
    assert whole.known.all() and partly.known.sum() == len(SCALES) - 1
    assert partly.vector[at] == 0.0 != whole.vector[at]
    np.testing.assert_array_equal(np.delete(partly.vector, at), np.delete(whole.vector, at))


def test_features_stay_finite_at_the_extremes(profiles: dict[str, Profile]) -> None:
    for value in (0.0, 1e12):
        extreme = Profile.from_json(dict.fromkeys(profiles["sample"].to_json(), value))
        assert np.isfinite(features(extreme).vector).all()


def test_a_dataset_is_at_no_distance_from_itself_and_a_missing_feature_is_left_out(
    profiles: dict[str, Profile],
) -> None:
    one, other = profiles["sample"], profiles["long_dense"]
    assert distance(one, one) == 0.0
    assert distance(one, other) == distance(other, one) > 0.5
    assert distance(one, replace(one, gap_seconds=None, span_days=None)) == 0.0
    nothing = Profile.from_json({})
    assert distance(one, nothing) == float("inf")


def test_the_gaps_say_in_what_two_datasets_are_alike(profiles: dict[str, Profile]) -> None:
    gaps = feature_gaps(profiles["sample"], profiles["repeat_heavy"])
    assert [gap.gap for gap in gaps] == sorted(gap.gap for gap in gaps)
    verdict = {gap.name: gap for gap in gaps}
    assert verdict["repeat_rate"].is_unlike
    assert verdict["gap_seconds"].is_alike
    assert verdict["repeat_rate"].b == profiles["repeat_heavy"].repeat_rate


def test_another_sample_of_a_regime_is_nearest_to_its_own_kind(profiles: dict[str, Profile], tmp_path: Path) -> None:
    right = 0
    for name, regime in REGIMES.items():
        smaller = generate(name, seed=2, users=int(regime.users * 0.6))
        asked = profile(write_open(smaller, tmp_path / name))
        right += min(profiles, key=lambda other: distance(profiles[other], asked)) == name
    assert right == len(REGIMES)


def test_the_name_of_the_vectors_changes_with_their_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    before = features_name()
    assert before.startswith("profile-log-features@")
    monkeypatch.setattr("core.data.profile_features.SCALES", SCALES[:-1])
    assert features_name() != before


def test_beauty_is_short_and_sparse_and_measured_in_well_under_two_seconds(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    lines = [line.split() for line in real_data("beauty.txt").read_text().splitlines()]
    users = np.repeat([line[0] for line in lines], [len(line) - 1 for line in lines])
    folder = write_open(pd.DataFrame({"user": users, "item": [i for line in lines for i in line[1:]]}), tmp_path / "b")
    start = time.perf_counter()
    found = profile(folder)
    assert time.perf_counter() - start < 2.0
    assert (found.users, found.interactions) == (22_363, 198_502 - 2 * 22_363)
    assert {"short histories", "sparse", "large long-tail catalogue"} <= set(facets(found))
    assert found.repeat_rate == 0.0
