"""The import form's view: previews, options, and what is refused before any work is done."""

from pathlib import Path

import pytest

from core.data.findings import ImportFailed
from core.data.importing import preview
from core.errors import InvalidInput
from core.settings import Settings
from core.views.importing import Answers, options_of, preview_view, source_of, suggested_name

TABLE = "who,what,when\n" + "".join(f"u{n % 7},i{n % 5},{1_600_000_000 + n}\n" for n in range(40))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text(TABLE.replace("who,what", "user,item"))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url="sqlite://")


def test_a_preview_shows_the_first_rows_role_by_role(table: Path):
    view = preview_view(preview(table))
    assert view.rows[0] == {"user": "u0", "item": "i0", "timestamp": "2020-09-13T12:26:40Z"}
    assert view.headline.startswith("shop.csv") and "user from 'user'" in view.would_read


def test_the_detected_column_stands_first_and_an_absent_role_is_blank(table: Path):
    choices = preview_view(preview(table)).choices
    assert choices["item"] == ("item", "user", "when") and choices["event"][0] == ""


def test_only_columns_that_differ_from_detection_are_forced(table: Path):
    seen = preview(table)
    same = options_of(Answers("shop", dict(seen.columns)), seen, ())
    other = options_of(Answers("shop", {**seen.columns, "item": "when", "timestamp": None}), seen, ())
    assert same.columns is None and other.columns == {"item": "when"}


def test_one_column_cannot_serve_two_roles(table: Path):
    seen = preview(table)
    with pytest.raises(InvalidInput, match="'user' is chosen for two roles"):
        options_of(Answers("shop", {**seen.columns, "item": "user"}), seen, ())


def test_a_taken_name_is_refused_before_the_work(table: Path):
    with pytest.raises(InvalidInput, match="'shop' is here already"):
        options_of(Answers("shop", {}), preview(table), ("shop",))


def test_a_dataset_needs_a_name(table: Path):
    with pytest.raises(InvalidInput, match="no name"):
        options_of(Answers("  ", {}), preview(table), ())


def test_the_options_reach_the_importer(table: Path):
    answers = Answers("shop", {}, split="global_time", min_user_events=2, target_events="buy, cart ", masking="none")
    options = options_of(answers, preview(table), ())
    assert (options.split, options.min_user_events, options.masking) == ("global_time", 2, "none")
    assert options.target_events == ("buy", "cart")


def test_a_name_is_suggested_from_the_file_and_numbered_when_taken():
    assert suggested_name("ratings.csv.gz", ()) == "ratings"
    assert suggested_name("ratings.csv.gz", ("ratings", "ratings-2")) == "ratings-3"


@pytest.mark.parametrize(
    ("text", "why"), [("", "empty"), ("shop.csv", "no whole path"), ("/no/such", "does not exist")]
)
def test_a_path_that_leads_nowhere_is_named(settings: Settings, text: str, why: str):
    with pytest.raises(InvalidInput, match=why):
        source_of(text, settings)


def test_the_sealed_test_of_a_dataset_cannot_be_imported(settings: Settings):
    sealed = settings.datasets / "abc" / "sealed"
    sealed.mkdir(parents=True)
    with pytest.raises(InvalidInput, match="sealed"):
        source_of(str(sealed), settings)


def test_a_column_without_a_known_name_is_told_with_the_columns_there_are(tmp_path: Path):
    path = tmp_path / "odd.csv"
    path.write_text("a,b,c,d\n1,2,3,4\n")
    with pytest.raises(ImportFailed, match="a, b, c, d"):
        preview(path)
