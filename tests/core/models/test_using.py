"""Using a real run with priors: recommendations for all, and an export that needs no database."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.cli import main
from core.clock import SystemClock
from core.intake import Intake
from core.records import Run
from core.space import SearchSpace
from core.states import RunState
from core.worker.attempt import Attempt
from core.worker.jobs import prepare
from core.worker.processes import Pool
from tests.core.worker.house import House

ROOT = Path(__file__).resolve().parents[3]
SMALL = {"hidden_dim": 16, "num_blocks": 1, "early_stop_patience": 1}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A study whose second trial is the first one with priors, both really run."""
    house = House(tmp_path_factory.mktemp("home"), SystemClock())
    dataset = Intake(house.store, house.settings).take_regime("sequential", "tiny", 7, "Ada", users=300)
    study = house.study(dataset_id=dataset.id, masking=dataset.card["masking"], max_epochs=2)
    space = SearchSpace.of("sasrec")
    house.trial_of(study, space.complete(SMALL), (1,))
    house.trial_of(study, space.complete({**SMALL, "priors": "all"}), (1,))
    pool = Pool(house.settings)
    try:
        for _ in range(2):
            follow(house, pool)
    finally:
        pool.close()
    return house


def follow(house: House, pool: Pool) -> None:
    run = house.store.runs.claim("here-1")
    assert run is not None
    job = prepare(house.store, house.settings, run)
    attempt = Attempt(house.store, run, "run", pool.start(job), time.monotonic, "ndcg@10", Path(job["run_dir"]))
    until = time.monotonic() + 90
    while not attempt.is_over:
        attempt.step()
        assert time.monotonic() < until
        time.sleep(0.02)
    while not attempt.reap():
        time.sleep(0.02)


def runs(house: House) -> list[Run]:
    return house.store.runs.of_study(1)


@pytest.fixture
def at_home(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("VIRTUALMLE_HOME", str(house.settings.home))
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    monkeypatch.setenv("VIRTUALMLE_DEVICE", "cpu")
    return house


def test_a_trial_that_adds_priors_trains_nothing_and_is_judged_by_its_final_value(house: House):
    plain, swept = runs(house)
    assert (plain.state, swept.state) == (RunState.COMPLETE, RunState.COMPLETE)
    assert house.store.runs.values(swept.id) == []
    assert (swept.best_epoch, swept.epoch) == (plain.best_epoch, plain.epoch)
    assert swept.metrics["without_priors"]["ndcg@10"] == plain.value
    assert swept.value is not None and plain.value is not None and swept.value > plain.value


def test_recommendations_for_all_users_are_one_file(at_home: House, tmp_path: Path, capsys):
    out = tmp_path / "all.parquet"
    assert main(["recommend", "first/2", "--all", str(out), "-k", "3"]) == 0
    table = pq.read_table(out).to_pandas()
    assert f"{table['user'].nunique():,} users" in capsys.readouterr().out
    assert table["rank"].max() == 3 and table["title"].str.contains("Synthetic").all()
    assert table["user"].nunique() == at_home.store.datasets.get("tiny").card["counts"]["users"]


def test_a_file_of_another_kind_and_a_folder_that_is_not_there_are_refused(at_home: House, tmp_path: Path, capsys):
    assert main(["recommend", "first/2", "--all", str(tmp_path / "all.csv")]) == 1
    assert "the name must end in .parquet" in capsys.readouterr().err
    assert main(["recommend", "first/2", "--all", str(tmp_path / "no" / "all.parquet")]) == 1
    assert "make it first" in capsys.readouterr().err


def test_an_export_answers_in_ten_lines_as_recommend_does(at_home: House, tmp_path: Path, capsys):
    model, history = tmp_path / "model", ["2", "3", "4"]
    assert main(["export", "first/2", "--model", str(model)]) == 0
    card = (model / "README.md").read_text()
    (lines,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(lines.splitlines()) <= 10
    (model / "lines.py").write_text(lines)
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "recmodels").symlink_to(ROOT / "recmodels")
    alone = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "installed")}  # no home, so no database
    command = [sys.executable, str(model / "lines.py"), *history]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    capsys.readouterr()
    assert main(["recommend", "first/2", "--history", ",".join(history), "--json"]) == 0
    said = capsys.readouterr().out
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == re.findall(r'"raw": "(.*?)"', said)


def test_the_card_says_data_protocol_validation_and_priors(at_home: House, tmp_path: Path):
    assert main(["export", "first/2", "--model", str(tmp_path / "model")]) == 0
    card = (tmp_path / "model" / "README.md").read_text()
    versions = json.loads((tmp_path / "model" / "config.json").read_text())["versions"]
    assert f"the package `recmodels` {versions['recmodels']}" in card and f"torch {versions['torch']}" in card
    (_, swept) = runs(at_home)
    assert "# sasrec for tiny" in card and "Protocol `stamp`" in card and "The data are synthetic." in card
    assert f"{swept.metrics['ndcg@10']:.4f}" in card and "transition" in card and "Not opened" in card


def test_an_export_never_writes_over_something_else(at_home: House, tmp_path: Path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["export", "first/2", "--model", str(tmp_path)]) == 1
    assert "there is something else already; name a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
