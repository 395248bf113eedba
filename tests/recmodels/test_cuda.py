"""What must hold on a GPU: the CPU's scores and ranks in float32, an epoch of every backbone, batches that are cut."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from recmodels.data import Histories, TrainingData
from recmodels.device import choose_device
from recmodels.ranking.evaluation import ModelScorer
from recmodels.registry import BACKBONES, get_backbone
from recmodels.training.fit import Training
from recmodels.training.learner import Learner
from tests.recmodels.conftest import cyclic_histories, data_of

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU here")
PARAMS = {"hidden_dim": 32, "num_blocks": 2, "max_len": 10, "batch_size": 32, "lr": 0.01, "negatives": 16}
CPU = torch.device("cpu")


@pytest.fixture
def gpu() -> torch.device:
    return choose_device("cuda:0", None)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return data_of(cyclic_histories(400, 200), 200)


def training(data: TrainingData, backbone: str, device: torch.device) -> Training:
    return Training(data, get_backbone(backbone), PARAMS, 0, device, "seen", "ndcg@10")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_scores_and_ranks_are_those_of_the_cpu(data: TrainingData, backbone: str, gpu: torch.device):
    here, there = training(data, backbone, CPU), training(data, backbone, gpu)
    here.run_epoch()
    there.model.load_state_dict(here.model.state_dict())
    found = []
    for made in (here, there):
        fill = ModelScorer(made.model, made.max_len, made.device).prepare(data.validation.histories)
        scores = torch.empty(len(data.validation.users), data.num_items + 1, device=made.device)
        with torch.inference_mode():
            fill(slice(None), scores)
        found.append(scores.cpu())
    assert torch.allclose(found[0], found[1], rtol=1e-4, atol=1e-4)
    assert np.array_equal(here.evaluate(1).ranks, there.evaluate(1).ranks)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_epoch_teaches_every_backbone(data: TrainingData, backbone: str, gpu: torch.device):
    made = training(data, backbone, gpu)
    first = made.run_epoch()
    last = [made.run_epoch() for _ in range(4)][-1]
    assert np.isfinite(first.train_loss) and last.train_loss < first.train_loss
    assert last.metrics["ndcg@10"] > 0.1, "item i is mostly followed by i + 1"


@pytest.mark.parametrize("backbone", BACKBONES)
def test_without_mixed_precision_the_loss_of_an_undropped_epoch_is_the_cpus(
    data: TrainingData, backbone: str, gpu: torch.device, monkeypatch: pytest.MonkeyPatch
):
    losses = []
    for device in (CPU, gpu):
        plain: dict[str, object] = {**PARAMS, "loss": "full_softmax"}  # without dropout nothing is drawn on the device
        plain |= {name: 0.0 for name in get_backbone(backbone).complete({}) if name in ("dropout", "attn_dropout")}
        made = Learner(data.train, data.num_items, get_backbone(backbone), plain, 0, device)
        monkeypatch.setattr(made.model, "takes_bfloat16", False, raising=False)
        losses.append(made.train_epoch(1))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_training_leaves_the_generator_of_the_gpu_as_it_was(data: TrainingData, gpu: torch.device):
    torch.cuda.manual_seed(5)
    before = torch.cuda.get_rng_state(gpu)
    training(data, "sasrec", gpu).run_epoch()
    assert torch.equal(torch.cuda.get_rng_state(gpu), before)


class TestMemory:
    """A batch that takes a good part of a gigabyte, and less of it to be had."""

    @pytest.fixture
    def made(self, gpu: torch.device) -> Learner:
        users, length = 1_024, 200
        items = 1 + np.random.default_rng(1).integers(0, 1_000, users * length)
        histories = Histories(items, np.ones(len(items), bool), np.arange(users + 1) * length)
        params = {"hidden_dim": 128, "num_blocks": 2, "max_len": length, "batch_size": users, "negatives": 64}
        return Learner(histories, 1_000, get_backbone("sasrec"), params, 0, gpu)

    @pytest.fixture
    def limited(self, gpu: torch.device, made: Learner) -> Iterator[None]:
        """From now on two thirds of what an epoch reserved."""
        torch.cuda.reset_peak_memory_stats(gpu)
        made.train_epoch(1)
        assert made.parts == 1
        reserved = torch.cuda.max_memory_reserved(gpu)
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(
            reserved * 2 / 3 / torch.cuda.get_device_properties(gpu).total_memory, gpu
        )
        yield
        torch.cuda.set_per_process_memory_fraction(1.0, gpu)

    def test_a_batch_that_does_not_fit_is_halved_and_the_epoch_goes_on(self, made: Learner, limited: None):
        assert np.isfinite(made.train_epoch(2))
        assert made.parts >= 2
