"""A model is told by the mean of its trial's seeds; the seed whose weights are used is named with its place."""

from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest

from core.models.export import model_card
from core.models.seeds import Seeds
from core.models.using import best_run
from core.records import Run, Study, Trial
from core.views.models import model
from tests.core.report.house import ReportHouse, short_study

VERSIONS = {"recmodels": "0.1.0"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> ReportHouse:
    return ReportHouse(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def study(house: ReportHouse) -> Study:
    """Its baseline has three seeds and two fresh ones and is recommended."""
    study = house.start(trials=1)
    house.train(study)
    house.judge(study)
    return house.finish(study)


def used(house: ReportHouse, study: Study) -> tuple[Trial, Run, list[Run]]:
    trial, run = best_run(house.store, house.artifacts, study)
    return trial, run, house.store.runs.of_trial(trial.id)


def test_the_figures_shown_are_the_mean_of_the_seeds_that_count_with_their_spread(house: ReportHouse, study: Study):
    trial, run, runs = used(house, study)
    counted = [each.metrics["ndcg@10"] for each in runs if each.purpose != "fresh"]
    fresh = mean(each.metrics["ndcg@10"] for each in runs if each.purpose == "fresh")
    shown = model(house.workspace, study)
    assert len(counted) == 3 and trial.value == pytest.approx(mean(counted))
    assert shown.figures[0][2] == f"{mean(counted):.4f} ± {stdev(counted):.4f}"
    assert shown.seeds == f"mean ± standard deviation of 3 seeds; fresh seeds: NDCG@10 {fresh:.4f}"
    assert shown.used.startswith(f"seed {run.seed}, the best of 5 on validation (NDCG@10 {run.value:.4f})")


def test_the_card_leads_with_the_mean_and_names_the_seed_in_the_folder(house: ReportHouse, study: Study):
    trial, run, _ = used(house, study)
    card = model_card(house.store, study, house.store.datasets.get(study.dataset_id), trial, run, VERSIONS)
    assert f"seed {run.seed}, the best of 5 on validation, 8 epochs." in card
    seeds = Seeds.of(house.store, trial)
    assert card.index(seeds.written("ndcg@10")) < card.index("alone it has these figures")


def test_a_seed_that_is_not_the_best_says_its_place(house: ReportHouse, study: Study):
    trial, _, runs = used(house, study)
    worst = min(runs, key=lambda each: each.value or 0.0)
    assert Seeds.of(house.store, trial).place(worst) == f"seed {worst.seed}, number 5 of 5 on validation"


def test_a_single_seed_has_no_spread_and_says_so(tmp_path: Path):
    house = ReportHouse(tmp_path)
    trial, _, _ = used(house, short_study(house))
    seeds = Seeds.of(house.store, trial)
    assert seeds.words("ndcg@10") == "one seed, so without a spread" and "±" not in seeds.written("ndcg@10")


def test_slices_are_the_mean_of_the_seeds_that_all_have_them(house: ReportHouse, study: Study):
    _, run, _ = used(house, study)
    one = replace(run, metrics={"slices": {"short": 0.1, "long": 0.3}})
    other = replace(run, metrics={"slices": {"short": 0.2}})
    assert Seeds((one, other), ()).slices() == (("short", pytest.approx(0.15)),)
