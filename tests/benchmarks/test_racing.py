"""The race on a table whose values are known: costs, verdicts, recommendations and scores."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.racing.home import _deranged
from benchmarks.racing.scoring import Finish, finish, ratios, regret_differences, summary
from benchmarks.racing.track import Moment, Rules, Track
from benchmarks.tables.table import CHOOSING, VALUING, Table
from core.agents.expert import Expert
from core.agents.sampling import Sampler
from core.data.profile import Profile

AXES = {"lr": [0.0005, 0.001, 0.002], "dropout": [0.1, 0.2, 0.4], "temperature": [0.03, 0.05, 0.1]}
USERS, EPOCHS = 400, 12
SAMPLER = Rules(prunes=False, reseeds=False, by_verdict=False)


def value(cell: tuple[float, ...]) -> float:
    """Better to the right on two axes, worse on the third."""
    lr, dropout, temperature = (list(options).index(at) for options, at in zip(AXES.values(), cell, strict=True))
    return 0.2 + 0.03 * lr + 0.04 * dropout - 0.03 * abs(temperature - 1)


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(3)
    luck = random.random(USERS)
    rows = []
    cells = list(itertools.product(*AXES.values()))
    top = sorted(range(len(cells)), key=lambda n: -value(cells[n]))[:20]
    for number, cell in enumerate(cells):
        seeds = (0, 1, 2, 3, 4) if cell == (0.001, 0.2, 0.05) else (0, 1)
        for seed in (*seeds, *((*CHOOSING, *VALUING) if number in top else ())):
            hit = luck < 2 * value(cell) + random.normal(0, 0.004)
            ranks = np.stack([np.where(hit, 1, 255), np.zeros(USERS)]).astype(np.uint8)
            rows.append((number, seed, ranks, float(hit.mean()) * 0.6309))
    curves = np.array(
        [[at * (1 - 0.6**epoch) / (1 - 0.6**EPOCHS) for epoch in range(1, EPOCHS + 1)] for *_, at in rows]
    )
    profile = Profile.from_json({"users": USERS, "mean_length": 8.0, "p95_length": 20.0, "popularity_gini": 0.5})
    meta = {
        "backbone": "sasrec",
        "axes": AXES,
        "fixed": {"num_blocks": 1},
        "default": {"lr": 0.001, "dropout": 0.2, "temperature": 0.05},
        "dataset": "known",
        "says": "",
        "lineage": "known",
        "masking": "seen",
        "items": 100,
        "users": USERS,
        "profile": profile.to_json(),
        "stamp": "stamp",
        "slices": [],
    }
    cell_of, seed_of, ranks_of, _ = zip(*rows, strict=True)
    empty = np.empty((len(rows), 0), np.float32)
    return Table(
        "known", meta, np.array(cell_of), np.array(seed_of), curves.astype(np.float32), np.stack(ranks_of), empty
    )


def race(table: Table, name: str, rules: Rules, seed: int = 0) -> list[Moment]:
    return list(Track(table, Expert() if name == "expert" else Sampler(name), rules, seed).race(30))


def test_a_table_survives_its_file(table: Table, tmp_path: Path):
    table.save(tmp_path / "known.npz")
    loaded = Table.load(tmp_path / "known.npz")
    assert loaded.best == table.best
    assert loaded.target == table.target
    assert loaded.runs[table.default][0].value == table.runs[table.default][0].value


def test_the_best_cell_and_the_target_come_from_fresh_seeds(table: Table):
    best = dict(zip(AXES, list(itertools.product(*AXES.values()))[table.best], strict=True))
    assert (best["lr"], best["dropout"]) == (0.002, 0.4)
    assert table.best_value * 0.9 < table.target <= table.best_value * 0.98
    assert table.reaches(table.best)
    assert not table.reaches(table.default)
    assert table.regret(table.default) > 0.2


def test_the_expert_finds_the_best_cell_by_its_verdicts(table: Table):
    ends = [finish(race(table, "expert", Rules(), seed), table) for seed in range(5)]
    assert np.median([each.trials for each in ends]) < 12
    assert all(each.regret[20] < 0.05 for each in ends)


def test_a_pruned_run_costs_its_share_and_a_sampler_pays_for_whole_trials(table: Table):
    costs = np.diff([moment.cost for moment in race(table, "expert", Rules(reseeds=False))])
    assert min(costs) < 1.0
    assert set(np.diff([moment.cost for moment in race(table, "random", SAMPLER)])) == {1.0}


def test_nobody_is_shown_a_held_out_seed(table: Table):
    track = Track(table, Expert(), Rules(), 0)
    list(track.race(20))
    assert max(run.seed for runs in track._taken.values() for run in runs) < min(CHOOSING)


def test_the_same_seed_gives_the_same_race(table: Table):
    first, second = (list(itertools.islice(Track(table, Sampler("tpe"), SAMPLER, 4).race(), 13)) for _ in range(2))
    assert first == second


def test_a_sampler_walks_the_whole_table_and_then_stops(table: Table):
    moments = race(table, "grid", SAMPLER)
    assert moments[-1].cost == 26
    assert table.reaches(moments[-1].cell)


def test_a_race_that_never_reaches_the_target_says_so(table: Table):
    told = summary([finish([Moment(0.0, table.default)], table)] * 3)
    assert told["trials_to_98"]["median"] is None
    assert told["reached"] == 0
    assert told["regret_after"]["10"] == pytest.approx(table.regret(table.default), abs=1e-4)


def test_ratios_compare_two_racers_over_tables(table: Table):
    quick, slow = (finish([Moment(0.0, table.default), Moment(n, table.best)], table) for n in (4.0, 8.0))
    told = ratios({"known": [quick] * 5}, {"known": [slow] * 5})
    assert told["trials"] == {"ratio": 0.5, "interval": [0.5, 0.5]}
    assert math.isfinite(quick.regret[5])


def test_permuted_parts_come_from_another_group() -> None:
    groups = ["a", "a", "b", "b", "c", "c"]
    for seed in range(20):
        given = _deranged(list(zip(groups, range(6), strict=True)), groups, np.random.default_rng(seed))
        assert sorted(number for _, number in given) == list(range(6))
        assert all(group != own for (group, _), own in zip(given, groups, strict=True))


def test_regret_differences_are_means_over_tables_with_intervals() -> None:
    def repeats(at: float) -> list[Finish]:
        return [Finish(1.0, {3: at + wobble, 5: at}) for wobble in (-0.01, 0.01) * 20]

    told = regret_differences({"one": repeats(0.1), "two": repeats(0.2)}, {"one": repeats(0.3), "two": repeats(0.3)})
    assert told["3"]["difference"] == pytest.approx(-0.15, abs=1e-4)
    low, high = told["3"]["interval"]
    assert -0.21 < low < -0.15 < high < -0.09
    assert told["5"] == {"difference": -0.15, "interval": [-0.2, -0.1]}
