"""The contract of the store, held by every backend of conftest.open_store."""

from tests.core.store.contract_calls import CallContract
from tests.core.store.contract_limits import LimitsContract
from tests.core.store.contract_memory import (
    DatasetContract,
    EventContract,
    IndexContract,
    LessonContract,
    RevealContract,
)
from tests.core.store.contract_runs import LeaseContract, RunContract
from tests.core.store.contract_studies import StudyContract
from tests.core.store.contract_trials import TrialContract


class TestStore(
    StudyContract,
    LimitsContract,
    TrialContract,
    RunContract,
    LeaseContract,
    LessonContract,
    IndexContract,
    RevealContract,
    DatasetContract,
    EventContract,
    CallContract,
):
    """Every sentence of the contract, on every backend."""
