"""The naive reference of the speed benchmark computes exactly what the packed models do."""

import numpy as np
import pytest

from benchmarks.trainers.exactness import differences
from tests.recmodels.conftest import cyclic_histories
from tests.recmodels.histories import histories_of

PARAMS = {"hidden_dim": 16, "num_blocks": 2, "num_heads": 2, "max_len": 10, "negatives": 16, "batch_size": 32}


@pytest.mark.parametrize("backbone", ["sasrec", "hstu"])
def test_loss_and_gradients_equal_those_of_the_naive_reference(backbone):
    histories = histories_of([items for items in cyclic_histories() if len(items) > 1])
    found = differences(backbone, PARAMS, histories, num_items=30, seed=1)
    assert found["loss"] < 1e-5
    assert found["gradient"] < 1e-5
    assert np.isfinite(found["loss"])
