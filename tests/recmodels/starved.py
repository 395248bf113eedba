"""A model that runs out of memory."""

import torch

REFUSALS = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    MemoryError(),
]


class Starved:
    """Runs out of memory before a model reads more than `limit` sequences at once."""

    def __init__(self, model, limit: int, error: Exception) -> None:
        self.limit, self.error, self.refused = limit, error, 0
        model.register_forward_pre_hook(self)

    def __call__(self, model, inputs):
        if len(inputs[0].last) > self.limit:
            self.refused += 1
            raise self.error
