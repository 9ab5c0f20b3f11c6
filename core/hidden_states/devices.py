"""Which device a model runs on and in which precision, told without importing torch where that is possible.

Both are part of what a cloud of vectors is remembered by, so they must be cheap to ask for.
"""

import sys
from importlib.metadata import version
from pathlib import Path

from core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_device(device: str) -> str:
    """The device, cpu or cuda, for a member of DEVICES; InputError for another word, or cuda without one."""
    if device not in DEVICES:
        raise InputError(f"The device {device} is unknown: give one of {', '.join(DEVICES)}.")
    if device == "cpu":
        return "cpu"
    if _cuda_is_possible():
        import torch

        if torch.cuda.is_available():
            return "cuda"
    if device == "cuda":
        raise InputError(
            "There is no CUDA device that this installation of PyTorch can use: give --device cpu or auto, "
            "or install "
            "a CUDA build of torch."
        )
    return "cpu"


def resolve_precision(precision: str) -> str:
    """The precision, float32 or bfloat16, for a member of PRECISIONS; `auto` is float32 on every device.

    bfloat16 is faster where the processor has it, and moves the measures of a large encoder by a third of the
    sampling noise of 5,000 sequences, but those of small decoders by several times that noise (a test holds
    both), so it is taken only where it is asked for. Errors: InputError for another word.
    """
    if precision not in PRECISIONS:
        raise InputError(f"The precision {precision} is unknown: give one of {', '.join(PRECISIONS)}.")
    return "float32" if precision == "auto" else precision


def _cuda_is_possible() -> bool:
    if version("torch").endswith("+cpu") or sys.platform == "darwin":
        return False
    # Without a driver no build of torch finds a device; asking the file system spares the import.
    return sys.platform != "linux" or any(Path(p).exists() for p in ("/proc/driver/nvidia", "/dev/dxg"))
