"""One real study on tiny data, by the real worker: the sealed test is away until a person opens it."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli import main
from core.errors import Conflict
from core.records import Study
from core.settings import Settings
from core.states import StudyState
from core.workspace import Workspace

USERS = 1000
PATIENCE_SECONDS = 200.0  # for a machine under load; a few seconds of work


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@pytest.fixture
def workspace(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("VIRTUALMLE_HOME", str(home))
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    monkeypatch.setenv("VIRTUALMLE_DEVICE", "cpu")
    opened = Workspace.open(Settings.from_environment(), read_only=True)
    yield opened
    opened.close()
    main(["worker", "--stop"])


def wait_until_judged(workspace: Workspace, study: Study, number: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while workspace.store.trials.by_number(study.id, number).judged_at is None:
        assert time.monotonic() < until, [event.kind for event in workspace.store.events.newest(10)]
        time.sleep(0.1)


def test_the_test_is_opened_once_by_a_person_after_a_study_that_never_saw_it(workspace: Workspace, home: Path, capsys):
    dataset = workspace.intake.take_regime("sequential", "tiny", 7, "Ada", users=USERS)
    folder = home / "datasets" / dataset.folder
    users = dataset.card["counts"]["validation_targets"]
    sealed = folder / "sealed" / "test.parquet"
    before = hashlib.sha256(sealed.read_bytes()).hexdigest()
    shutil.move(folder / "sealed", home / "vault")

    plain = ["tune", "tiny", "--trials", "3", "--epochs", "1", "--autonomy", "each", "--detach"]
    assert main([*plain, "--fix", "hidden_dim=16", "--fix", "num_blocks=1"]) == 0
    study = workspace.store.studies.get("tiny-sasrec")
    with pytest.raises(Conflict, match="its test opens when it is finished"):
        workspace.reveals.request(study, "Ada")
    assert main(["queue", str(study.id), "--set", "lr=0.01", "--set", "temperature=0.2"]) == 0
    person = next(t for t in workspace.store.trials.of_study(study.id) if t.kind == "person")
    wait_until_judged(workspace, study, person.number)
    assert main(["stop", str(study.id)]) == 0
    assert main(["follow", str(study.id)]) == 0
    study = workspace.store.studies.get(study.id)
    assert study.state is StudyState.FINISHED
    assert study.recommended_id == person.id, "at ten times the rate one epoch teaches four times as much"

    shutil.move(home / "vault", folder / "sealed")
    assert hashlib.sha256(sealed.read_bytes()).hexdigest() == before
    assert main(["--as", "Ada", "reveal", str(study.id)]) == 0
    assert "fresh seeds alone, against the baseline: +" in capsys.readouterr().out
    reveal = workspace.store.reveals.of_study(study.id)
    assert reveal is not None
    assert (reveal.look, reveal.state, reveal.actor) == (1, "done", "Ada")
    result = reveal.result or {}
    assert [line["label"] for line in result["lines"][:2]] == ["baseline", "recommended"]
    assert {line["name"] for line in result["lines"]} >= {"popularity", "markov", "cooccurrence"}
    assert f"/test/fit:train/{users}u/" in result["stamp"]
    assert result["headline"]["seeds"] == [2, 2], "the headline knows fresh seeds alone"
    assert [line["seeds"] for line in result["lines"][:2]] == [5, 3], "the table knows all seeds"
    assert result["headline"]["users"] == users

    assert main(["--as", "Bea", "reveal", str(study.id)]) == 0
    assert workspace.store.reveals.of_study(study.id) == reveal, "a second look shows what the first one did"
    with pytest.raises(Conflict):
        workspace.reveals.request(study, "Bea")
    assert hashlib.sha256(sealed.read_bytes()).hexdigest() == before

    capsys.readouterr()
    assert main(["recommend", str(study.id), "--history", "1,2,3", "-k", "5"]) == 0
    assert "Synthetic" in capsys.readouterr().out
    assert main(["recommend", str(study.id), "--history", "no-such-item"]) == 1
    assert "unknown items in the history: no-such-item; ids look like" in capsys.readouterr().err
