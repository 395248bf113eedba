"""Settings from the environment."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.settings import Settings, redacted


def test_without_an_environment_there_are_safe_defaults():
    settings = Settings.from_environment({})
    assert settings.home == (Path.home() / ".virtualmle").resolve()
    assert (settings.host, settings.port, settings.concurrency) == ("127.0.0.1", 8501, 1)
    assert settings.database_url.endswith(".virtualmle/virtualmle.db")


def test_only_a_host_beyond_loopback_serves_others():
    hosts = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.7")
    serving = [host for host in hosts if Settings.from_environment({"VIRTUALMLE_HOST": host}).serves_others]
    assert serving == ["0.0.0.0", "10.0.0.7"]


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


def test_what_a_language_model_may_cost_is_read_with_its_price():
    given = {"MODEL_MAX_CALLS": "5", "MODEL_MAX_MONEY": "2.50", "MODEL_PRICE": "0.25/2", "MODEL_METHOD": "json"}
    limits = Settings.from_environment({f"VIRTUALMLE_{name}": value for name, value in given.items()}).limits
    assert (limits.calls, limits.money, limits.price_in, limits.price_out) == (5, 2.5, 0.25, 2.0)
    assert (limits.method, limits.timeout) == ("json", 60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRICE", "2"),
        ("PRICE", "2/"),
        ("PRICE", "a/b"),
        ("MAX_MONEY", "-1"),
        ("MAX_MONEY", "inf"),
        ("METHOD", "xml"),
        ("TIMEOUT", "0"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused_rather_than_dropped(name, value):
    with pytest.raises(InvalidInput, match=f"VIRTUALMLE_MODEL_{name}"):
        Settings.from_environment({f"VIRTUALMLE_MODEL_{name}": value})


def test_secrets_of_the_environment_are_cut_out_of_texts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_API_KEY", "abc123def456")
    told = redacted("key abc123def456, sk-live-1234567890, http://ann:pw@host/v1; sk-ip it at 3@4")
    assert told == "key [secret], [secret], http://[secret]host/v1; sk-ip it at 3@4"


def test_a_child_process_sees_the_same_home_and_database(tmp_path: Path):
    settings = Settings.from_environment({"VIRTUALMLE_HOME": str(tmp_path), "VIRTUALMLE_CONCURRENCY": "3"})
    again = Settings.from_environment(settings.environment())
    assert (again.home, again.database_url, again.concurrency) == (settings.home, settings.database_url, 3)
