"""A dataset as a card."""

import dataclasses
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.data.options import ImportOptions
from core.intake import Intake
from core.records import Dataset
from core.settings import Settings
from core.store import Store
from core.views.dataset_card import dataset_card, dataset_rows, number

ROWS = "user\titem\ttimestamp\n" + "".join(
    f"u{n % 9}\ti{(n * n) % 17}\t{1_600_000_000 + n * 3600}\n" for n in range(180)
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    home: Path = tmp_path_factory.mktemp("home")
    source = home / "shop.tsv"
    source.write_text(ROWS + "u1\t\t1600000000\n")
    settings = Settings(home=home, database_url="sqlite://")
    options = ImportOptions(min_user_events=1, min_item_events=1)
    return Intake(Store("sqlite://", SystemClock()), settings).take(source, "shop", options, "Ada")


def test_the_figures_are_those_of_the_card(dataset: Dataset):
    figures = {figure.label: figure.value for figure in dataset_card(dataset).figures}
    assert figures["Users"] == "9" and figures["Interactions"] == "180"


def test_every_measured_property_has_a_meaning_and_most_have_a_word(dataset: Dataset):
    features = dataset_card(dataset).features
    assert all(feature.meaning for feature in features)
    assert next(f for f in features if f.name == "mean_length").word == "medium-length histories"


def test_the_phrases_are_those_by_which_lessons_are_found(dataset: Dataset):
    assert "small catalogue" in dataset_card(dataset).phrases


def test_warnings_stand_apart_from_what_is_good_to_know(dataset: Dataset):
    card = dataset_card(dataset)
    levels = [finding["level"] for finding in dataset.card["findings"]]
    assert (len(card.warnings), len(card.notes)) == (len(levels) - levels.count("info"), levels.count("info"))


def test_a_row_that_could_not_be_used_is_listed_with_its_line(dataset: Dataset):
    assert [row[0] for row in dataset_card(dataset).bad_rows] == ["182"]


def test_the_facts_say_how_it_was_split_and_masked_and_what_was_left_out(dataset: Dataset):
    facts = dict(dataset_card(dataset).facts)
    assert "last item is the test" in facts["Split"] and "1 unusable rows" in facts["Left out"]
    assert dataset.id in facts["Id"] and "2020-09-13" in facts["Order"]


def test_a_card_of_an_older_version_still_opens(dataset: Dataset):
    bare = dataclasses.replace(dataset, card={"id": dataset.id, "split": "leave_one_out"}, profile={"users": 9})
    card = dataset_card(bare)
    assert card.figures[0].value == "9" and card.warnings == ()


def test_the_list_counts_warnings_and_names_the_newest_first(dataset: Dataset):
    other = dataclasses.replace(dataset, id="b" * 12, name="later")
    rows = dataset_rows([dataset, other])
    assert [row.name for row in rows] == ["later", "shop"]
    assert rows[0].label.startswith("later · 9 users")


@pytest.mark.parametrize(("value", "text"), [(22363, "22,363"), (8.876, "8.88"), (0.00073, "0.00073"), (None, "–")])
def test_numbers_are_short(value: float | None, text: str):
    assert number(value) == text
