"""Optimisers without torch.optim: constructing one of those imports a compiler this package never uses, which costs
each process 1.7 s and 150 MiB. Gradients stay allocated and are added into."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from recmodels.training.training_config import TrainingConfig

Named = Iterable[tuple[str, nn.Parameter]]

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_LION_BETA1, _LION_BETA2 = 0.9, 0.99


class Optimizer:
    """Updates the named weights at rate `lr`, which may be set before each step."""

    def __init__(self, named: Named, lr: float, weight_decay: float) -> None:
        self.names, self.weights = map(list, zip(*named, strict=True))
        self.lr, self.weight_decay = lr, weight_decay
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight)

    @property
    def gradients(self) -> list[Tensor]:
        return [weight.grad for weight in self.weights]

    def zero_grad(self) -> None:
        torch._foreach_zero_(self.gradients)

    @torch.no_grad()
    def clip(self, longest: float) -> None:
        """Shortens the gradient of all weights together to the length `longest` where it is beyond (arXiv
        1211.5063)."""
        length = torch.stack(torch._foreach_norm(self.gradients)).norm()
        torch._foreach_mul_(self.gradients, (longest / length.clamp(min=1e-12)).clamp(max=1.0))

    def step(self) -> None:
        raise NotImplementedError

    def moments(self) -> dict[str, list[Tensor]]:
        """What is remembered of each weight, by kind."""
        raise NotImplementedError

    def state(self) -> dict[str, Tensor]:
        """All that a resumed optimiser needs, by name; shares memory with this one."""
        return {
            f"{kind}/{name}": value
            for kind, values in self.moments().items()
            for name, value in zip(self.names, values, strict=True)
        }

    @torch.no_grad()
    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Raises KeyError or RuntimeError for the state of another model."""
        for name, value in self.state().items():
            value.copy_(tensors[name])


class FusedAdam(Optimizer):
    """Adam with L2 (arXiv 1412.6980), or AdamW with decoupled decay (arXiv 1711.05101), in torch's fused kernel."""

    def __init__(self, named: Named, lr: float, weight_decay: float, decoupled: bool) -> None:
        super().__init__(named, lr, weight_decay)
        self._update = torch._fused_adamw_ if decoupled else torch._fused_adam_
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in self.weights]

    @torch.no_grad()
    def step(self) -> None:
        torch._foreach_add_(self.steps, 1)
        self._update(
            self.weights,
            self.gradients,
            self.means,
            self.squares,
            [],
            self.steps,
            lr=self.lr,
            beta1=_BETA1,
            beta2=_BETA2,
            weight_decay=self.weight_decay,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def moments(self) -> dict[str, list[Tensor]]:
        return {"mean": self.means, "square": self.squares, "step": self.steps}


class Lion(Optimizer):
    """Steps of equal size by the sign of a mean gradient, with decoupled decay (arXiv 2302.06675). They are larger
    than Adam's on average: the paper advises a third to a tenth of its rate."""

    def __init__(self, named: Named, lr: float, weight_decay: float) -> None:
        super().__init__(named, lr, weight_decay)
        self.means = [torch.zeros_like(weight) for weight in self.weights]

    @torch.no_grad()
    def step(self) -> None:
        gradients = self.gradients
        if self.weight_decay:
            torch._foreach_mul_(self.weights, 1 - self.lr * self.weight_decay)
        signs = torch._foreach_lerp(gradients, self.means, _LION_BETA1)
        torch._foreach_sign_(signs)
        torch._foreach_add_(self.weights, signs, alpha=-self.lr)
        torch._foreach_lerp_(self.means, gradients, 1 - _LION_BETA2)

    def moments(self) -> dict[str, list[Tensor]]:
        return {"mean": self.means}


def build_optimizer(config: TrainingConfig, named: Named) -> Optimizer:
    """The optimiser that a config names."""
    if config.optimizer == "lion":
        return Lion(named, config.lr, config.weight_decay)
    return FusedAdam(named, config.lr, config.weight_decay, decoupled=config.optimizer == "adamw")
