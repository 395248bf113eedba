"""Telling a lack of memory from other errors."""

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation was refused, on a GPU or on a CPU (which says so only in words)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
