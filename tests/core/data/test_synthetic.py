"""The generator: reproducible, readable, and with planted effects that are larger than the noise."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.synthetic import REGIMES, Regime, generate, titles, write_tsv

EVERY_REGIME = pytest.mark.parametrize("name", REGIMES)


def by_user(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["user", "timestamp"], kind="stable").reset_index(drop=True)


def hit_rates(frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Share of users' last items in the top ten, and its standard error: popularity, last item, last two items."""
    events = by_user(frame)
    last = ~events.duplicated("user", keep="last")
    train, target = events[~last], events[last].set_index("user")["item"]
    answers: dict[object, int] = target.to_dict()
    size = events["item"].max() + 1
    popularity = np.bincount(train["item"], minlength=size) / len(train)
    one, two = (follow_counts(train, lag, size) for lag in (1, 2))
    histories = train.groupby("user")["item"].agg(list).head(1500)
    found: dict[str, list[bool]] = {"popularity": [], "markov": [], "two back": []}
    for user, history in histories.items():
        chain = one[history[-1]] + 0.01 * popularity
        scores = {"popularity": popularity, "markov": chain, "two back": chain + 0.6 * two[history[-2]]}
        for name, score in scores.items():
            allowed = score.copy()
            allowed[history] = -1.0
            found[name].append(bool((allowed > score[answers[user]]).sum() < 10))
    return {name: (float(np.mean(hits)), float(np.std(hits) / len(hits) ** 0.5)) for name, hits in found.items()}


def follow_counts(train: pd.DataFrame, lag: int, size: int) -> np.ndarray:
    """(V, V) how often an item came `lag` after another, rows summing to one."""
    counts = np.zeros((size, size), dtype=np.float32)
    same = train["user"].to_numpy()[lag:] == train["user"].to_numpy()[:-lag]
    items = train["item"].to_numpy()
    np.add.at(counts, (items[:-lag][same], items[lag:][same]), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def repeat_share(frame: pd.DataFrame) -> float:
    return float(frame.duplicated(["user", "item"]).mean())


@EVERY_REGIME
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(name: str, tmp_path: Path) -> None:
    digests = []
    for run, seed in enumerate((7, 7, 8)):
        path = tmp_path / f"{run}.tsv"
        write_tsv(generate(name, seed, users=50), path)
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


@EVERY_REGIME
def test_a_frame_is_a_log_of_whole_numbers_in_order_of_time(name: str) -> None:
    frame = generate(name, seed=0, users=200)
    assert list(frame.columns) == ["user", "item", "timestamp"]
    assert (frame.dtypes == "int64").all()
    assert frame["timestamp"].is_monotonic_increasing
    assert frame["user"].nunique() == 200
    assert frame["item"].between(1, REGIMES[name].items).all()
    days = (frame["timestamp"].iloc[-1] - frame["timestamp"].iloc[0]) / 86_400
    assert 0.5 * REGIMES[name].span_days < days <= REGIMES[name].span_days


@EVERY_REGIME
def test_lengths_stay_within_the_regime_and_near_its_mean(name: str) -> None:
    regime = REGIMES[name]
    lengths = generate(name, seed=0).groupby("user").size()
    assert lengths.between(regime.min_length, regime.max_length).all()
    assert lengths.mean() == pytest.approx(regime.mean_length, rel=0.1)


def test_the_embedded_sample_has_five_thousand_users() -> None:
    assert generate("sample", seed=0)["user"].nunique() == 5000


def test_fewer_users_keep_the_catalogue_and_its_titles() -> None:
    few = generate("sample", seed=3, users=1000)
    many = generate("sample", seed=3)
    popularity = [np.bincount(frame["item"], minlength=1001) for frame in (few, many)]
    assert np.corrcoef(np.stack(popularity))[0, 1] > 0.8  # type: ignore[index]


@pytest.mark.parametrize("name", ["sample", "short_sparse", "long_dense", "sequential", "tail_heavy", "cold"])
def test_a_first_order_chain_beats_popularity_clearly(name: str) -> None:
    rates = hit_rates(generate(name, seed=1))
    (popularity, noise), (markov, markov_noise) = rates["popularity"], rates["markov"]
    assert markov - popularity > 5 * (noise**2 + markov_noise**2) ** 0.5
    assert markov > 1.5 * popularity


@pytest.mark.parametrize("name", ["sample", "long_dense"])
def test_history_beyond_the_last_item_is_worth_having(name: str) -> None:
    rates = hit_rates(generate(name, seed=1))
    assert rates["two back"][0] - rates["markov"][0] > 2 * rates["markov"][1]


def test_in_the_sequential_regime_the_last_item_says_nearly_all() -> None:
    rates = hit_rates(generate("sequential", seed=1))
    assert rates["markov"][0] > 0.6
    assert rates["two back"][0] < rates["markov"][0] + 2 * rates["markov"][1]


def test_users_have_tastes() -> None:
    """Half of a user's history tells which theme the other half is about, far better than chance."""
    frame = generate("sample", seed=1, users=1000)
    theme = titles("sample", seed=1).set_index("item")["title"].str.extract(r"· (.*) No\.")[0]
    events = by_user(frame).assign(
        theme=lambda f: f["item"].map(theme), half=lambda f: f.groupby("user").cumcount() % 2
    )
    favourite = events[events["half"] == 0].groupby("user")["theme"].agg(lambda themes: themes.mode().iloc[0])
    other = events[events["half"] == 1]
    in_favourite = (other["theme"] == other["user"].map(favourite)).mean()
    chance = theme.value_counts(normalize=True).max()
    assert in_favourite > 3 * chance


def test_popularity_is_skewed_and_least_so_in_the_tail_heavy_regime() -> None:
    def head(name: str) -> float:
        counts = np.sort(np.bincount(generate(name, seed=1)["item"]))[::-1]
        return float(counts[: REGIMES[name].items // 10].sum() / counts.sum())

    assert head("sample") > 0.3
    assert head("tail_heavy") < 0.25 < head("short_sparse")


def test_only_the_repeat_heavy_regime_repeats() -> None:
    shares = {name: repeat_share(generate(name, seed=1, users=400)) for name in REGIMES}
    assert shares.pop("repeat_heavy") > 0.35
    assert max(shares.values()) < 0.05


def test_new_items_arrive_over_time_in_the_cold_regime_alone() -> None:
    def share_never_seen_before(name: str) -> float:
        events = generate(name, seed=1)
        cut = int(0.9 * len(events))
        return float((~events["item"][cut:].isin(events["item"][:cut])).mean())

    assert share_never_seen_before("cold") > 0.15
    assert share_never_seen_before("sample") < 0.01


def test_day_granular_time_has_ties_in_the_order_of_the_file() -> None:
    frame = generate("short_sparse", seed=1)
    assert (frame["timestamp"] % 86_400 == 0).all()
    events = by_user(frame)
    ties = (events["user"].diff() == 0) & (events["timestamp"].diff() == 0)
    assert 0.2 < ties.mean() < 0.8


def test_titles_name_every_item_and_say_that_they_are_synthetic() -> None:
    named = titles("tail_heavy", seed=0)
    assert list(named.columns) == ["item", "title"]
    assert named["item"].tolist() == list(range(1, REGIMES["tail_heavy"].items + 1))
    assert named["title"].is_unique
    assert named["title"].str.fullmatch(r"Synthetic · .+ No\. \d+").all()


def test_a_written_file_reads_back_as_it_was(tmp_path: Path) -> None:
    frame = generate("sample", seed=0, users=100)
    write_tsv(frame, tmp_path / "sample.tsv")
    assert (tmp_path / "sample.tsv").read_text().startswith("user\titem\ttimestamp\n")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "sample.tsv", sep="\t"), frame)


def test_an_unknown_regime_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no_such.*sample.*tail_heavy"):
        generate("no_such", seed=0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"follow": 0.9, "repeat": 0.3}, "sum to 1.30"),
        ({"items": 20}, "too few"),
        ({"min_length": 80}, "min_length 80"),
    ],
)
def test_impossible_parameters_are_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(REGIMES["sample"], **change)  # type: ignore[arg-type]


def test_a_regime_of_ones_own_can_be_generated() -> None:
    tiny = Regime(name="tiny", says="for this test", users=30, items=40, tastes=4, mean_length=6.0)
    assert generate(tiny, seed=0)["user"].nunique() == 30
