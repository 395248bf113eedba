"""What `pip install .` gives: the package recmodels, with the libraries it imports, as the program pins them."""

import tomllib
from pathlib import Path

import recmodels
from tests.test_architecture import TRAINING_NEEDS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_it_needs_what_recmodels_imports_in_the_versions_the_program_runs_with():
    pinned = {line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()}
    needed = PROJECT["project"]["dependencies"]
    assert {each.split("==")[0] for each in needed} == TRAINING_NEEDS
    assert set(needed) <= pinned


def test_it_holds_recmodels_alone_with_every_folder_of_it():
    assert PROJECT["tool"]["setuptools"]["packages"]["find"]["include"] == ["recmodels*"]
    folders = {path.parent for path in (ROOT / "recmodels").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders), "a folder without it is not found"


def test_its_version_is_the_packages_own():
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "recmodels.__version__"
    assert recmodels.__version__.count(".") == 2
