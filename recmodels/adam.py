"""Adam in torch's fused kernel, without torch.optim: constructing that imports a compiler this package never uses,
which costs each process 1.7 s and 150 MiB."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


class FusedAdam:
    """Adam with L2 (arXiv 1412.6980), or AdamW with decoupled decay (arXiv 1711.05101). Gradients stay allocated and
    are added into."""

    def __init__(
        self, named: Iterable[tuple[str, nn.Parameter]], lr: float, weight_decay: float, decoupled: bool
    ) -> None:
        self.names, self.weights = map(list, zip(*named, strict=True))
        self.lr, self.weight_decay = lr, weight_decay
        self._update = torch._fused_adamw_ if decoupled else torch._fused_adam_
        self.means = [torch.zeros_like(weight) for weight in self.weights]
        self.squares = [torch.zeros_like(weight) for weight in self.weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in self.weights]
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight)

    def zero_grad(self) -> None:
        torch._foreach_zero_([weight.grad for weight in self.weights])

    @torch.no_grad()
    def step(self) -> None:
        torch._foreach_add_(self.steps, 1)
        self._update(
            self.weights,
            [weight.grad for weight in self.weights],
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

    def state(self) -> dict[str, Tensor]:
        """All that a resumed optimiser needs, by name; shares memory with this one."""
        moments = {"mean": self.means, "square": self.squares, "step": self.steps}
        return {
            f"{kind}/{name}": value
            for kind, values in moments.items()
            for name, value in zip(self.names, values, strict=True)
        }

    @torch.no_grad()
    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Raises KeyError or RuntimeError for the state of another model."""
        for name, value in self.state().items():
            value.copy_(tensors[name])
