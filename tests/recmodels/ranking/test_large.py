"""A million items, in a process of its own whose peak memory is measured."""

import subprocess
import sys

from tests.recmodels.test_processes import ROOT

MILLION = """
import resource, numpy as np, torch
from recmodels.data import Cases, Histories
from recmodels.ranking.evaluation import Scorer, rank
V, U = 1_000_000, 130
torch.set_num_threads(1)
order = torch.randperm(V + 1, generator=torch.Generator().manual_seed(1)).float()
class Permuted:
    def prepare(self, histories):
        return lambda cases, out: out.copy_(order.expand_as(out))
targets = np.random.default_rng(0).integers(1, V + 1, U)
histories = Histories(np.ones(U, np.int64), np.ones(U, bool), np.arange(U + 1))
found = rank(Permuted(), Cases(np.arange(U), histories, targets), np.ones(V + 1, np.int64), "none", top=10)
expected = [(order[1:] > order[target]).sum().item() for target in targets]
assert found.ranks[0].tolist() == expected and not found.ranks[1].any()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""

MODEL = """
import resource, numpy as np, torch
from recmodels.data import Cases, Histories
from recmodels.ranking.evaluation import ModelScorer, rank
from recmodels.registry import get_backbone
V, U = 1_000_000, 70
torch.set_num_threads(1)
torch.manual_seed(0)
sasrec, params = get_backbone("sasrec"), {"hidden_dim": 16}
model = sasrec.build(sasrec.configs(params)[0], V).eval()
scorer, draw = ModelScorer(model, 50, torch.device("cpu")), np.random.default_rng(0)
lengths = draw.integers(1, 60, U)
items = draw.integers(1, V + 1, lengths.sum())
histories = Histories(items, np.ones(len(items), bool), np.concatenate([[0], np.cumsum(lengths)]))
cases = Cases(np.arange(U), histories, draw.integers(1, V + 1, U))
found = rank(scorer, cases, np.ones(V + 1, np.int64), "seen", top=10)
with torch.no_grad():
    scores = scorer.states(histories, slice(69, 70))[0] @ model.item_vectors().T
scores[items[-lengths[-1]:]] = -torch.inf
above = (scores[1:] > scores[cases.targets[-1]]).sum().item()
assert abs(above - int(found.ranks[0, -1])) <= 20 and found.top.min() > 0  # sums in another order move a few of many
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def peak_gib(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_a_million_items_are_ranked_exactly_within_four_gib():
    assert peak_gib(MILLION) < 2.0  # of 4 GiB, half of it left to a model's own tables


def test_a_model_of_a_million_items_is_judged_within_four_gib():
    assert peak_gib(MODEL) < 2.0  # an eighth of it item vectors, a quarter the scores of 64 users
