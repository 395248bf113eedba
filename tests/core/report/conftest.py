"""Fixtures of the report's tests."""

from pathlib import Path

import pytest

from core.records import Study
from tests.core.report.house import ReportHouse, whole_study


@pytest.fixture
def house(tmp_path: Path) -> ReportHouse:
    return ReportHouse(tmp_path)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportHouse, Study]:
    """A finished study whose test was opened; read only."""
    house = ReportHouse(tmp_path_factory.mktemp("told"))
    study = house.finish(whole_study(house, guards={"min_coverage": 0.2}))
    house.reveal(study, refit=True)
    return house, house.store.studies.get(study.id)
