"""A process whose address space is limited for real trains on its batches in parts, and ends."""

import subprocess
import sys

import pytest

from tests.recmodels.test_processes import ROOT

SCARCE = """
import resource, sys
import numpy as np, torch
from recmodels.data import Histories
from recmodels.device import prepare_process
prepare_process()
torch.set_num_threads(1)
from recmodels.registry import get_backbone
from recmodels.training.learner import Learner
L, U, V = 200, 256, 2000
items = np.random.default_rng(0).integers(1, V + 1, U * L)
histories = Histories(items, np.ones(len(items), bool), np.arange(U + 1) * L)
params = {"hidden_dim": 64, "max_len": L, "batch_size": U, "num_blocks": 2}
learner = Learner(histories, V, get_backbone("sasrec"), params, 0, torch.device("cpu"), 3)
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + (int(sys.argv[1]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
print(learner.train_epoch(1), learner.parts)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc are Linux's")
def test_a_real_limit_of_memory_divides_the_batch_and_the_loss_stays():
    command = [sys.executable, "-c", SCARCE]
    told = [
        subprocess.run([*command, mib], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        for mib in ("8000", "400")
    ]
    (loss, parts), (scarce_loss, scarce_parts) = [(float(loss), int(parts)) for loss, parts in told]
    assert parts == 1 and scarce_parts > 1
    assert scarce_loss == pytest.approx(loss, rel=0.01)
