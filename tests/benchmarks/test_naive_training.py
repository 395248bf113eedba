"""The naive reference of the benchmark computes exactly what the packed models do, and is compared fairly."""

import numpy as np
import pytest

from benchmarks.trainers.curves import compared
from benchmarks.trainers.exactness import differences
from benchmarks.trainers.naive_training import Naive
from benchmarks.trainers.our_training import Ours
from tests.recmodels.conftest import cyclic_histories
from tests.recmodels.histories import histories_of

PARAMS = {"hidden_dim": 16, "num_blocks": 2, "num_heads": 2, "max_len": 10, "negatives": 16, "batch_size": 32}
TIMELESS = {"sasrec": {}, "hstu": {"time_bias": False}}  # the reference knows no times


@pytest.mark.parametrize("backbone", ["sasrec", "hstu"])
def test_loss_and_gradients_equal_those_of_the_naive_reference(backbone):
    histories = histories_of([items for items in cyclic_histories() if len(items) > 1])
    found = differences(backbone, PARAMS, histories, num_items=30, seed=1)
    assert found["loss"] < 1e-5
    assert found["gradient"] < 1e-5
    assert np.isfinite(found["loss"])


@pytest.mark.parametrize("backbone", ["sasrec", "hstu"])
def test_weights_of_the_reference_are_judged_alike_by_both_evaluations(backbone, dataset, tmp_path):
    naive = Naive(
        backbone, {**PARAMS, **TIMELESS[backbone]}, str(dataset), seed=0, threads=1, same_process_settings=False
    )
    ours = Ours(backbone, {**PARAMS, **TIMELESS[backbone]}, str(dataset), seed=1, threads=1)
    naive.train()
    naive.save(str(tmp_path / "weights.safetensors"))
    ours.load(str(tmp_path / "weights.safetensors"))
    assert ours.evaluate()["metrics"] == pytest.approx(naive.evaluate()["metrics"], abs=1e-6)


def test_curves_are_at_parity_unless_one_lies_below_by_more_than_seeds_differ():
    reference = {"0": [0.010, 0.030], "1": [0.014, 0.034]}
    near, far = {"0": [0.009, 0.029], "1": [0.012, 0.031]}, {"0": [0.012, 0.024], "1": [0.012, 0.026]}
    assert compared(near, reference)["at_parity"]
    assert not compared(far, reference)["at_parity"]
    assert compared(reference, far)["at_parity"]  # better than the reference is no disparity
    assert compared({"0": [0.1]}, {"0": [0.2]})["at_parity"] is None  # one seed cannot tell
    assert compared(near, reference)["spread"] == pytest.approx([0.004, 0.004])
