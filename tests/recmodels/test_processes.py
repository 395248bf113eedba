"""The processes of a run and of scoring, as a parent sees them: lines in, lines out, files left behind."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recmodels.ranking.metrics import summary
from recmodels.training.checkpoint import load_model
from tests.recmodels.conftest import cyclic_histories, write_dataset

ROOT = Path(__file__).parents[2]
PARAMS = {"hidden_dim": 16, "num_blocks": 1, "max_len": 10, "batch_size": 32, "lr": 0.01, "negatives": 16}


class Child:
    """A started trainer or scorer."""

    def __init__(self, module: str) -> None:
        command = [sys.executable, "-m", f"recmodels.{module}"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin and self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, **message: object) -> None:
        self.stdin.write(json.dumps(message).encode() + b"\n")
        self.stdin.flush()

    def events(self) -> Iterator[dict]:
        for line in self.stdout:
            yield json.loads(line)

    def until(self, name: str, **fields: object) -> dict:
        return next(e for e in self.events() if e["event"] == name and fields.items() <= e.items())

    def exit_code(self) -> int:
        return self.process.wait(30)


@pytest.fixture
def start() -> Iterator:
    children: list[Child] = []

    def begin(module: str = "trainer") -> Child:
        children.append(Child(module))
        return children[-1]

    yield begin
    for child in children:
        child.process.kill()
        child.process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "dataset", cyclic_histories(), 30)


def job(open_dir: Path, run_dir: Path, **changes: object) -> dict:
    return {
        "backbone": "sasrec",
        "params": PARAMS,
        "seed": 3,
        "open_dir": str(open_dir),
        "run_dir": str(run_dir),
        "device": "cpu",
        "threads": 1,
        "masking": "none",
        "objective": "ndcg@10",
        "max_epochs": 4,
        "log_path": str(run_dir / "run.log"),
        **changes,
    }


def outcome(events: list[dict]) -> list[dict]:
    """What a run found, without how long it took."""
    timing = {"seconds", "train_seconds", "peak_mib"}
    return [{k: v for k, v in e.items() if k not in timing} for e in events if e["event"] in ("epoch", "complete")]


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory) -> tuple[Path, list[dict]]:
    """A run that completed on a copy of the dataset without its sealed folder: its folder and its events."""
    alone = tmp_path_factory.mktemp("unsealed")
    shutil.copytree(folder, alone / "open")
    run_dir = tmp_path_factory.mktemp("run")
    child = Child("trainer")
    child.send(**job(alone / "open", run_dir))
    events = list(child.events())
    assert child.exit_code() == 0
    return run_dir, events


def test_a_run_tells_its_epochs_and_completes_without_the_sealed_test_on_the_machine(finished):
    run_dir, events = finished
    assert [event["event"] for event in events] == ["ready", "started", *["epoch"] * 4, "complete"]
    complete = events[-1]
    assert complete["metrics"] == events[1 + complete["best_epoch"]]["metrics"]
    assert summary(np.load(run_dir / "ranks.npy")) == complete["metrics"]
    assert 0 < complete["coverage@10"] <= 1 < complete["popularity@10"]
    assert set(complete["slices"]) == {"history_length", "target_popularity", "target_age"}
    model, backbone, params = load_model(run_dir / "best.safetensors")
    assert sum(weights.numel() for weights in model.parameters()) == complete["parameters"] == events[1]["parameters"]
    assert (backbone, params["lr"]) == ("sasrec", 0.01)
    assert "epoch 4" in (run_dir / "run.log").read_text()


def test_a_finished_run_tells_all_again_and_trains_nothing(finished, folder, start):
    run_dir, events = finished
    before = (run_dir / "best.safetensors").stat().st_mtime_ns
    assert (run_dir / "checkpoint.safetensors").stat().st_size < before
    child = start()
    child.send(**job(folder, run_dir))
    assert list(child.events())[2:] == events[2:]
    assert (run_dir / "best.safetensors").stat().st_mtime_ns == before


def test_a_run_whose_parent_died_ends_at_once_and_then_goes_on_as_if_it_never_had(finished, folder, start, tmp_path):
    child = start()
    child.send(**job(folder, tmp_path, max_epochs=100_000))
    child.until("epoch", epoch=2)
    child.stdin.close()
    assert child.exit_code() == 3
    child = start()
    child.send(**job(folder, tmp_path, max_epochs=4))
    events = list(child.events())
    done = events[1]["from_epoch"]
    assert done >= 2 and [e["epoch"] for e in events if e["event"] == "epoch"][:2] == [1, 2]
    assert outcome(events)[:4] == outcome(finished[1])[:4]
    assert done > 4 or outcome(events) == outcome(finished[1])


def test_a_stop_is_answered_between_batches(folder, start, tmp_path):
    child = start()
    child.send(**job(folder, tmp_path, max_epochs=100_000, params={**PARAMS, "early_stop_patience": 50}))
    child.until("epoch", epoch=1)
    child.send(command="stop")
    last = list(child.events())[-1]
    assert last["event"] == "stopped" and last["epoch"] >= 1
    assert child.exit_code() == 0
    assert (tmp_path / "ranks.npy").exists()


def test_a_corrupt_checkpoint_is_set_aside_and_the_run_starts_from_zero(finished, folder, start, tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"half a check")
    child = start()
    child.send(**job(folder, tmp_path))
    events = list(child.events())
    assert events[1]["from_epoch"] == 0 and "set aside as checkpoint.corrupt" in events[1]["note"]
    assert (tmp_path / "checkpoint.corrupt").read_bytes() == b"half a check"
    assert "set aside" in (tmp_path / "run.log").read_text()
    assert outcome(events) == outcome(finished[1])


def test_a_job_that_cannot_run_fails_with_one_sentence_and_a_traceback_in_the_log(folder, start, tmp_path):
    child = start()
    child.send(**job(folder, tmp_path, params={"lr": 7}))
    failed = list(child.events())[-1]
    assert failed["event"] == "failed" and failed["cause"].startswith("lr=7 is outside [0.0001, 0.01]")
    assert child.exit_code() == 1
    assert "Traceback" in (tmp_path / "run.log").read_text()


def test_a_trainer_whose_parent_leaves_before_the_job_ends(start):
    child = start()
    child.until("ready")
    child.stdin.close()
    assert child.exit_code() == 3


GUARDED = """
import os, sys
from pathlib import Path
from recmodels.errors import SealedTestAccess
from recmodels.seal import forbid_sealed
open_dir = Path(sys.argv[1])
forbid_sealed(open_dir)
os.chdir(open_dir.parent)
os.symlink("sealed/test.parquet", "innocent")
refused = 0
sealed = Path("sealed/test.parquet")
for path in (sealed.absolute(), str(sealed), b"open/../sealed/test.parquet", "innocent"):
    try:
        open(path, "rb")
    except SealedTestAccess:
        refused += 1
open(open_dir / "train.parquet", "rb").close()
sys.exit(refused)
"""


def test_a_training_process_is_refused_the_sealed_test_by_any_path(tmp_path):
    open_dir = write_dataset(tmp_path / "sealed" / "dataset", cyclic_histories(9), 30)  # a home of that name is fine
    command = [sys.executable, "-c", GUARDED, str(open_dir)]
    assert subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode == 4


def score_job(folder: Path, run_dir: Path, out_dir: Path, **changes: object) -> dict:
    return {
        "kind": "score",
        "open_dir": str(folder),
        "device": "cpu",
        "threads": 1,
        "masking": "none",
        "models": [{"name": "mine", "weights": str(run_dir / "best.safetensors")}],
        "references": [],
        "out_dir": str(out_dir),
        **changes,
    }


def test_scoring_validation_again_gives_the_runs_own_ranks(finished, folder, start, tmp_path):
    child = start("scorer")
    child.send(**score_job(folder, finished[0], tmp_path))
    assert [event["event"] for event in child.events()] == ["ready", "scored", "complete"]
    np.testing.assert_array_equal(np.load(tmp_path / "mine.npy"), np.load(finished[0] / "ranks.npy"))


def test_the_test_is_scored_with_model_and_reference_lines_on_the_same_users(finished, folder, start, tmp_path):
    targets, lines = str(folder.parent / "sealed/test.parquet"), ["popularity", "markov", "cooccurrence"]
    child = start("scorer")
    child.send(**score_job(folder, finished[0], tmp_path, targets=targets, references=lines))
    scored = {event["name"]: event for event in child.events() if event["event"] == "scored"}
    assert list(scored) == ["mine", *lines]
    for name, event in scored.items():
        ranks = np.load(tmp_path / f"{name}.npy")
        assert ranks.shape == (2, event["users"]) and summary(ranks) == event["metrics"]
    assert scored["markov"]["metrics"]["ndcg@10"] > scored["popularity"]["metrics"]["ndcg@10"]


def test_a_refit_leaves_weights_that_recommend(folder, start, tmp_path):
    common = {"open_dir": str(folder), "device": "cpu", "threads": 1}
    child = start("scorer")
    refit = {"kind": "refit", "backbone": "sasrec", "params": PARAMS, "seed": 1, "epochs": 40}
    child.send(**refit, **common, out_dir=str(tmp_path))
    weights = child.until("complete")["weights"]
    child = start("scorer")
    child.send(kind="recommend", weights=weights, history=[4, 5, 6], k=5, masking="seen", **common)
    recommended = child.until("recommended")
    assert recommended["items"][0] == 7
    assert len(recommended["scores"]) == 5 and not {4, 5, 6} & set(recommended["items"])


def test_a_history_of_unknown_items_is_refused(finished, folder, start):
    child = start("scorer")
    weights = str(finished[0] / "best.safetensors")
    child.send(kind="recommend", weights=weights, history=[99], k=5, masking="seen", open_dir=str(folder), device="cpu")
    assert "must be one or more item ids from 1 to 30" in child.until("failed")["cause"]
