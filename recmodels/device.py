"""Where a process computes, and what it has used."""

import contextlib
import ctypes
import resource
import sys

import torch

from recmodels.errors import InvalidJob


def choose_device(name: str, threads: int | None) -> torch.device:
    """`cpu`, `cuda:N`, or `auto` for a GPU where there is one; `threads` bounds the CPU's. Raises InvalidJob."""
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise InvalidJob(f"threads={threads!r} is no whole number of at least 1")
        torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False  # scores are float32: else its recurrent kernels keep 10 bits of 23
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidJob(f"device={name!r} does not exist; give cpu, cuda:0 or auto") from error
    if device.type not in ("cpu", "cuda"):
        raise InvalidJob(f"device={name!r} is not supported; give cpu, cuda:0 or auto")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InvalidJob(
            f"device={name!r} is not on this machine, which has {torch.cuda.device_count()} GPUs; give cpu"
        )
    return device


def peak_mib(device: torch.device) -> float:
    """The most memory in use so far: of the GPU, or of this process."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def prepare_process() -> None:
    """Settings of a process that only trains or scores. Call it before threads start: they inherit the first."""
    torch.set_flush_denormal(True)  # sharp softmaxes leave gradients of 1e-39, which a CPU multiplies 20 times slower
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        libc = ctypes.CDLL(None)
        for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            libc.mallopt(option, 1 << 30)  # keep freed memory: mapping each temporary anew is a third of an epoch


_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of mallopt(3)
