"""What the people who pay must find: what improved, how sure it is, what it cost, what was ruled out."""

import json
import shlex
from pathlib import Path

import pytest

from core.cli import build_parser
from core.errors import NotFound, StorageFailed
from core.records import Study
from core.report.plots import MOST_ROWS
from core.space import SearchSpace
from tests.core.report.house import ReportHouse, short_study

Told = tuple[ReportHouse, Study]


@pytest.fixture(scope="module")
def text(told: Told) -> str:
    return told[0].markdown(told[1])


def section(text: str, title: str) -> str:
    """The lines under one heading."""
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_a_revealed_study_leads_with_the_test_and_counts_the_look(text: str) -> None:
    assert "beats the baseline on the sealed test" in text
    assert "First look at the test of this data" in text
    test = section(text, "Sealed test")
    assert "baseline (trial 1)" in test and "first-order Markov" in test
    assert "fit:train/" in test


def test_a_refitted_config_is_shown_apart_and_never_compared(text: str) -> None:
    row = next(line for line in section(text, "Sealed test").splitlines() if "refitted" in line and "|" in line)
    assert row.rstrip().endswith("| – |")
    assert "fit:train+val" in text


def test_the_headline_equals_the_record(told: Told, text: str) -> None:
    house, study = told
    reveal = house.store.reveals.of_study(study.id)
    assert reveal is not None and reveal.result is not None
    head = reveal.result["headline"]
    assert f"+{head['difference'] / head['reference'] * 100:.1f} % NDCG@10" in text
    assert f"+{head['difference']:.4f}, 95 % interval +{head['low']:.4f} to +{head['high']:.4f}" in text


def test_only_what_differs_from_the_baseline_is_listed(told: Told, text: str) -> None:
    house, study = told
    best = house.store.trials.get(study.recommended_id or 0)
    plain = house.store.trials.by_number(study.id, 1)
    fields = {line.split("|")[1].strip() for line in section_rows(text, "What improved")}
    assert fields == {name for name in best.params if best.params[name] != plain.params[name]}


def section_rows(text: str, begins: str) -> list[str]:
    """The body rows of the table under the heading that begins so."""
    body = text.split(f"## {begins}", 1)[1].split("\n## ", 1)[0]
    return [line for line in body.splitlines() if line.startswith("|")][2:]


def test_it_says_how_sure_it_is(text: str) -> None:
    sure = section(text, "How sure it is")
    assert "differ only in the seed differ by about 0.0" in sure
    assert "Smallest detectable effect" in sure
    assert "5 comparisons were made, each with less than 5 % risk" in sure
    assert "fewer than 0.25 false" in sure


def test_it_says_what_it_cost(told: Told, text: str) -> None:
    house, study = told
    runs = house.store.runs.of_study(study.id)
    cost = section(text, "What it cost")
    assert f"{round(sum(run.seconds for run in runs) / 60)} min of training" in cost
    assert f"6 trials ran in {len(runs)} runs" in cost
    assert "Money: 0" in cost


def test_it_says_what_was_ruled_out_left_open_vetoed_and_learned(text: str) -> None:
    assert "Trial 3, dropout 0.2 → 0.4: −0.0" in section(text, "Ruled out at 95 %")
    assert "Trial 4, max_len 50 → 35" in section(text, "Stayed inconclusive")
    assert "“four times the memory for a mobile product” (Ada," in section(text, "Vetoed by people")
    assert "Raising dropout does not help" in section(text, "Lessons written")


def test_every_trial_has_its_row_with_change_verdict_and_opponent(text: str) -> None:
    rows = section_rows(text, "Trials\n")
    assert [row.split("|")[1].strip() for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    third = [cell.strip() for cell in rows[2].split("|")]
    assert third[2] == "dropout 0.2 → 0.4" and third[5:7] == ["2", "▼ not better"]
    assert "±" in third[4]


def test_it_states_data_protocol_and_guards(told: Told, text: str) -> None:
    basis = section(text, "What it rests on")
    assert "short histories, sparse" in basis
    assert "43.5 % of users" in basis and "no titles were given" not in basis
    assert "ranked among all 12,101 items" in basis
    assert "min_coverage = 0.2" in basis
    assert f"`{told[1].stamp}`" in basis


def test_its_command_trains_the_best_config_again_on_the_same_seeds(told: Told, text: str) -> None:
    house, study = told
    best = house.store.trials.get(study.recommended_id or 0)
    command = section(text, "Run it again").split("```sh\n")[1].split("\n")[0]
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "core", "tune"]
    given = build_parser().parse_args(words[3:])
    space = SearchSpace.of(given.backbone)
    for name, value in space.parse(given.fix).items():
        space = space.fix(name, value)
    assert space.baseline() == dict(best.params)
    fresh = [run.seed for run in house.store.runs.of_trial(best.id) if run.purpose == "fresh"]
    assert (given.seed, given.epochs, given.trials) == (fresh[0], study.max_epochs, 1)


def test_markdown_refers_to_plots_that_lie_beside_it_and_html_holds_them(told: Told, tmp_path: Path) -> None:
    written = told[0].report(told[1], tmp_path / "out")
    assert [path.name for path in written.plots] == ["curves.svg", "trials.svg", "changes.svg"]
    text, html = written.markdown.read_text(), written.html.read_text()
    for path in written.plots:
        assert f"({path.name})" in text and path.read_text().startswith("<svg")
    assert html.count("<svg") == 3 and ".svg" not in html
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [written.markdown.name, written.html.name, *(path.name for path in written.plots)]
    )


def test_the_same_record_gives_the_same_report(told: Told, tmp_path: Path) -> None:
    first, second = (told[0].report(told[1], tmp_path / name) for name in ("a", "b"))
    assert first.html.read_bytes() == second.html.read_bytes()
    assert first.markdown.read_bytes() == second.markdown.read_bytes()


def test_a_long_study_keeps_its_plot_of_changes_and_table_short(house: ReportHouse) -> None:
    study = house.start(trials=60)
    house.train(study)
    house.judge(study)
    for step in range(45):
        trial = house.approve(house.propose(study, "negatives", 300 + step, 0.0))
        house.complete(0.04)
        house.store.trials.judge(trial, 0.04 + step / 1e4, "inconclusive", house.compared(step / 1e4), "verdict")
    text = house.markdown(study)
    assert len(section_rows(text, "Trials\n")) == 40
    assert "40 of 46 trials: those that were best once and the largest changes" in text
    assert f"python -m core export {study.id}" in text
    assert f"{MOST_ROWS} of 45 trials" in text
    assert "and 33 more, with smaller changes" in section(text, "Stayed inconclusive")


def test_synthetic_data_is_labelled_in_the_first_lines(tmp_path: Path) -> None:
    house = ReportHouse(tmp_path, name="sample", synthetic=True)
    assert "(synthetic data)" in house.markdown(house.start()).split("##", 1)[0]


def test_a_later_look_at_the_same_test_is_a_warning(house: ReportHouse) -> None:
    for name in ("first", "second"):
        study = house.finish(short_study(house, name=name, seed=len(name)))
        house.reveal(study)
    text = house.markdown(study)
    assert "Second look at the test of this data" in text
    assert "What earlier looks taught may have flowed into this study" in text


def test_a_reference_line_that_scores_higher_is_news(house: ReportHouse) -> None:
    study = house.start()
    house.qualities = {trial.id: -1.0 for trial in house.store.trials.of_study(study.id)}
    house.train(study)
    house.judge(study)
    house.reveal(house.finish(study))
    assert "A reference line scores higher than the recommended config: first-order Markov" in house.markdown(study)


def test_an_edited_trial_names_who_edited_it(house: ReportHouse) -> None:
    study = house.start()
    house.train(study)
    house.judge(study)
    trial = house.propose(study, "lr", 0.002, 0.1)
    params = {**trial.params, "lr": 0.003}
    house.store.trials.decide(trial, "edit", "Ada", "cli", "bolder", None, params)
    assert "lr 0.001 → 0.003 (edited by Ada)" in house.markdown(study)


def test_an_unknown_study_and_a_folder_that_is_a_file_are_clear_errors(told: Told, tmp_path: Path) -> None:
    house, study = told
    with pytest.raises(NotFound, match="no study 99"):
        house.report(Study(**{**vars(study), "id": 99}), tmp_path)
    (tmp_path / "taken").write_text(json.dumps("a file"))
    with pytest.raises(StorageFailed, match="give another folder with --out"):
        house.report(study, tmp_path / "taken")
