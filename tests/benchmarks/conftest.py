"""The dataset folder and the one thread that tests of training share."""

from tests.recmodels.conftest import dataset, one_thread

__all__ = ["dataset", "one_thread"]
