"""Past runs of other tools: what is read, what is found, what is kept, and what never happens."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.history.accepting import accept
from core.history.auditing import audit
from core.history.reading import read_past
from tests.core.history.conftest import ROWS, write
from tests.core.loop.world import World


def test_a_table_with_a_column_per_field_is_read_in_the_fields_own_types(past: Path):
    history = read_past(str(past))
    assert (history.backbone, history.metric) == ("sasrec", "val_ndcg@10")
    assert history.runs[3].params == {"lr": 0.003, "dropout": 0.2}
    assert [run.value for run in history.runs][-1] is None
    assert history.ignored == ("gpu",)


def test_columns_of_the_test_are_not_read_and_that_is_said(tmp_path: Path):
    path = write(tmp_path / "vm.csv", [{"model": "hstu", "lr": 0.001, "val_ndcg@10": 0.05, "test_ndcg@10": 0.9}])
    history = read_past(str(path))
    assert history.runs[0].value == 0.05 and history.notes == ("columns of test metrics were not read",)


def test_prefixes_of_other_tools_are_understood(tmp_path: Path):
    path = write(tmp_path / "wandb.csv", [{"config.lr": 0.002, "params_dropout": 0.3, "value": 0.05}])
    assert read_past(str(path), "sasrec").runs[0].params == {"lr": 0.002, "dropout": 0.3}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"model": "sasrec", "lr": 0.1}], "has no column val_ndcg@10, ndcg@10 or value; it has model, lr"),
        ([{"lr": 0.1, "value": 0.1}], "which backbone are these runs of"),
        ([{"model": "gru9", "lr": 0.1, "value": 0.1}], "it names gru9"),
        ([{"model": "sasrec", "epochs": 3, "value": 0.1}], "names no field of sasrec; its columns must be called"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, rows, says):
    with pytest.raises(InvalidInput, match=says):
        read_past(str(write(tmp_path / "bad.csv", rows)))


def test_fields_never_touched_are_told(past: Path):
    found = audit(read_past(str(past)))
    assert {each.axis for each in found.touched} == {"dropout", "lr"}
    assert {"max_len", "loss", "hidden_dim"} <= set(found.untouched)


def test_repeated_configs_measure_the_gap_that_seeds_explain(past: Path):
    found = audit(read_past(str(past)))
    sd = 0.0002 / 2**0.5
    assert found.is_gap_measured and found.repeated == 1
    assert found.gap == pytest.approx(1.96 * 2**0.5 * sd / 0.0561)
    assert [run.name for run in found.rivals] == ["c"]


def test_without_a_repeated_config_no_small_gap_is_trusted(tmp_path: Path):
    rows = [{"model": "sasrec", **row} for row in ROWS[1:]]
    found = audit(read_past(str(write(tmp_path / "once.csv", rows))))
    assert not found.is_gap_measured and found.gap == 0.055
    assert any("No config was run twice" in sentence for sentence in found.sentences)


def test_a_field_that_moved_the_value_beyond_noise_is_drafted_and_one_within_is_not(past: Path):
    found = audit(read_past(str(past)))
    drafted = {(draft.axis, draft.direction): draft for draft in found.drafts if draft.kind == "do"}
    assert set(drafted) == {("dropout", "up")}
    assert drafted["dropout", "up"].pairs == 2
    assert drafted["dropout", "up"].effect == pytest.approx((0.056 / 0.0501 + 0.0561 / 0.0503) / 2 - 1)


def test_rules_of_the_owner_are_drafts_in_their_words(past: Path):
    facts = [draft for draft in audit(read_past(str(past))).drafts if draft.kind == "fact"]
    assert [(draft.axis, draft.claim) for draft in facts] == [("dropout", "More dropout is good on short histories")]


def test_an_accepted_draft_is_a_lesson_without_stamp_and_nothing_else_is_written(world: World, past: Path):
    found = audit(read_past(str(past)))
    dataset = world.store.datasets.get("toy")
    (lesson,) = accept(world.workspace.editing, found, [1], dataset, "Ada")
    assert (lesson.axis, lesson.direction, lesson.kind, lesson.author) == ("dropout", "up", "do", "Ada")
    assert (lesson.stamp, lesson.effect, lesson.dataset_id) == (None, None, dataset.id)
    assert world.store.studies.all() == []
    with pytest.raises(InvalidInput, match="there is no draft 9; the audit has 2"):
        accept(world.workspace.editing, found, [1, 9], dataset, "Ada")
    assert len(world.store.lessons.all()) == 1


def test_an_optuna_storage_is_read_and_left_as_it_was(tmp_path: Path):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = tmp_path / "optuna.db"
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="old", direction="minimize")
    for lr, loss in ((0.001, 0.9), (0.004, 0.7)):
        study.enqueue_trial({"lr": lr})
        trial = study.ask()
        trial.suggest_float("lr", 1e-4, 1e-2)
        study.tell(trial, loss)
    before = path.read_bytes()
    history = read_past(f"sqlite:///{path}", "sasrec")
    assert [(run.params["lr"], run.value) for run in history.runs] == [(0.001, -0.9), (0.004, -0.7)]
    assert "minimises" in history.notes[0] and path.read_bytes() == before


def test_a_file_that_is_no_storage_or_is_not_there_says_so(tmp_path: Path):
    (tmp_path / "text.db").write_text("not a database")
    with pytest.raises(InvalidInput, match="is no Optuna storage"):
        read_past(f"sqlite:///{tmp_path / 'text.db'}", "sasrec")
    with pytest.raises(InvalidInput, match="no such file"):
        read_past(f"sqlite:///{tmp_path / 'none.db'}", "sasrec")
    assert not (tmp_path / "none.db").exists()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.dataset()
    return made
