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


def resolve_precision(precision: str, device: str) -> str:
    """The precision, float32 or bfloat16: `auto` is bfloat16 only where the processor multiplies in it.

    precision: member of PRECISIONS. device: member of DEVICES. Errors: InputError for another word.
    """
    if precision not in PRECISIONS:
        raise InputError(f"The precision {precision} is unknown: give one of {', '.join(PRECISIONS)}.")
    if precision != "auto":
        return precision
    return "bfloat16" if _multiplies_bfloat16(resolve_device(device)) else "float32"


def _cuda_is_possible() -> bool:
    if version("torch").endswith("+cpu") or sys.platform == "darwin":
        return False
    # Without a driver no build of torch finds a device; asking the file system spares the import.
    return sys.platform != "linux" or any(Path(p).exists() for p in ("/proc/driver/nvidia", "/dev/dxg"))


def _multiplies_bfloat16(device: str) -> bool:
    if device == "cuda":
        import torch

        return torch.cuda.get_device_capability() >= (8, 0)
    try:
        processor = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in processor or "avx512_bf16" in processor
