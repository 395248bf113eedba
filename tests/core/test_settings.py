"""Settings from the environment."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.settings import Settings


def test_without_an_environment_there_are_safe_defaults():
    settings = Settings.from_environment({})
    assert settings.home == (Path.home() / ".virtualmle").resolve()
    assert (settings.host, settings.port, settings.concurrency) == ("127.0.0.1", 8501, 1)
    assert settings.database_url.endswith(".virtualmle/virtualmle.db")


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environment(
        {"VIRTUALMLE_CONCURRENCY": "", "VIRTUALMLE_HOST": ""}
    ) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "value"), [("CONCURRENCY", "0"), ("CONCURRENCY", "two"), ("PORT", "70000"), ("PORT", "-1"), ("PORT", "²")]
)
def test_a_number_that_is_none_is_refused_with_its_name_and_limits(name, value):
    with pytest.raises(InvalidInput, match=f"VIRTUALMLE_{name}='{value}' must be a whole number from 1 to"):
        Settings.from_environment({f"VIRTUALMLE_{name}": value})


def test_a_child_process_sees_the_same_home_and_database(tmp_path: Path):
    settings = Settings.from_environment({"VIRTUALMLE_HOME": str(tmp_path), "VIRTUALMLE_CONCURRENCY": "3"})
    again = Settings.from_environment(settings.environment())
    assert (again.home, again.database_url, again.concurrency) == (settings.home, settings.database_url, 3)
