"""The clock of what is timed, on any device."""

import time

import torch


def now(device: torch.device) -> float:
    """Seconds, once all that a GPU was told to do is done: it works on while Python goes ahead."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
