"""Past runs of other tools: what is read, what is found, what is kept, and what never happens."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInput
from core.history.accepting import accept
from core.history.auditing import Audit, audit
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


def test_rows_of_another_model_are_left_out_and_that_is_said(tmp_path: Path):
    rows = [{"model": model, "lr": 0.001, "value": value} for model, value in (("SASRec", 1), ("hstu", 2), ("", 3))]
    path = str(write(tmp_path / "both.csv", rows))
    history = read_past(path, "sasrec")
    assert [run.value for run in history.runs] == [1, 3] and history.notes == (
        "rows of other models that were left out: 1",
    )
    with pytest.raises(InvalidInput, match="has no run of gru4rec; its runs are of SASRec, hstu"):
        read_past(str(write(tmp_path / "named.csv", rows[:2])), "gru4rec")


def test_runs_on_several_datasets_are_told_apart(tmp_path: Path):
    rows = [{"model": "sasrec", "domain": name, "lr": 0.001, "value": 0.1} for name in ("beauty", "toys", "beauty")]
    path = str(write(tmp_path / "domains.csv", rows))
    with pytest.raises(InvalidInput, match="holds runs on beauty, toys; choose one with --domain"):
        read_past(path)
    with pytest.raises(InvalidInput, match="has no run on books; it has beauty, toys"):
        read_past(path, domain="books")
    history = read_past(path, domain="beauty")
    assert len(history.runs) == 2 and history.notes == ("rows of other datasets that were left out: 1",)


def test_equal_configs_on_two_datasets_are_no_seeds_of_one(tmp_path: Path):
    rows = [{"model": "sasrec", "domain": name, "lr": 0.001, "value": 0.1} for name in ("beauty", "")]
    assert audit(read_past(str(write(tmp_path / "half.csv", rows)))).repeated == 0


def test_a_metric_where_lower_is_better_is_refused_or_taken_with_the_opposite_sign(tmp_path: Path):
    rows = [{"model": "sasrec", "lr": lr, "val_loss": loss} for lr, loss in ((0.001, 0.5), (0.01, 2.0))]
    path = str(write(tmp_path / "loss.csv", rows))
    with pytest.raises(InvalidInput, match="lower seems to be better; give --minimise"):
        read_past(path, metric="loss")
    found = audit(read_past(path, metric="loss", minimise=True))
    assert found.best is not None and (found.best.value, found.history.metric) == (-0.5, "minus val_loss")
    (draft,) = found.drafts
    assert (draft.axis, draft.direction) == ("lr", "down")


def test_rows_beyond_the_limit_are_counted_aloud(past: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.history.reading.MOST_ROWS", 4)
    history = read_past(str(past))
    assert len(history.runs) == 4
    assert history.notes == ("the first 4 rows were read and 2 were not; split the file",)


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


def options(tmp_path: Path, values: dict[str, list[float]]) -> Audit:
    """Runs in pairs that differ in their feed-forward layer alone, one pair for each dropout."""
    rows = [
        {"model": "sasrec", "ffn": option, "dropout": round(0.01 * (place + 1), 2), "value": value}
        for option, held in values.items()
        for place, value in enumerate(held)
    ]
    return audit(read_past(str(write(tmp_path / "options.csv", rows))))


@pytest.mark.parametrize(("gelu", "relu", "winner"), [(0.05, 0.06, "relu"), (0.06, 0.05, "gelu")])
def test_of_two_options_the_better_one_alone_is_drafted(tmp_path: Path, gelu: float, relu: float, winner: str):
    (draft,) = options(tmp_path, {"gelu": [gelu] * 8, "relu": [relu] * 8}).drafts
    other = "relu" if winner == "gelu" else "gelu"
    assert (draft.axis, draft.direction, draft.pairs) == ("ffn", winner, 8)
    assert draft.claim.startswith(f"ffn = {winner} instead of {other} helped sasrec in imported runs (value +")


def test_an_option_that_wins_as_often_as_it_loses_is_no_draft(tmp_path: Path):
    up, down = [0.050, 0.054] * 8, [0.054, 0.050] * 8
    assert options(tmp_path, {"gelu": up, "relu": down}).drafts == ()


def test_pure_noise_writes_no_draft(tmp_path: Path):
    draw = np.random.default_rng(7)
    drafted = 0
    for _ in range(40):
        rows = [
            {
                "model": "sasrec",
                "ffn": ffn,
                "dropout": dropout,
                "tied_embeddings": tied,
                "value": draw.normal(0.05, 0.001),
            }
            for ffn in ("gelu", "relu", "swiglu")
            for dropout in (0.1, 0.2, 0.3)
            for tied in ("true", "false")
            for _ in range(2)
        ]
        drafted += bool(audit(read_past(str(write(tmp_path / "noise.csv", rows)))).drafts)
    assert drafted <= 2, "five in a hundred histories at most"


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


def test_a_storage_of_several_studies_asks_which(tmp_path: Path):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    source = f"sqlite:///{tmp_path / 'two.db'}"
    for name, lr in (("beauty", 0.001), ("toys", 0.002)):
        study = optuna.create_study(storage=source, study_name=name, direction="maximize")
        distributions: dict[str, optuna.distributions.BaseDistribution] = {
            "lr": optuna.distributions.FloatDistribution(1e-4, 1e-2)
        }
        study.add_trial(optuna.create_trial(params={"lr": lr}, distributions=distributions, value=0.1))
    with pytest.raises(InvalidInput, match="holds the studies beauty, toys; choose one with --study"):
        read_past(source, "sasrec")
    with pytest.raises(InvalidInput, match="has no study books with one objective; it has beauty, toys"):
        read_past(source, "sasrec", study="books")
    with pytest.raises(InvalidInput, match="--domain and --minimise are for a CSV"):
        read_past(source, "sasrec", minimise=True)
    (run,) = read_past(source, "sasrec", study="toys").runs
    assert (run.of, run.params) == ("toys", {"lr": 0.002})


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
