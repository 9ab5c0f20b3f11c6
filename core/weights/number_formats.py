"""Stored numbers → float32: the floating-point formats of safetensors files.

bfloat16 is the upper half of a float32 and F8_E5M2 the upper half of a float16. F8_E4M3 (the "fn" variant)
has 4 bits of exponent with bias 7, 3 of mantissa, no infinity and one NaN: https://arxiv.org/abs/2209.05433.
"""

from functools import cache

import numpy as np

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1"}
FORMATS = {name: np.dtype(code).itemsize for name, code in _NUMPY.items()}  # → bytes a number


def decode(data: bytes | memoryview, name: str) -> np.ndarray:
    """The numbers in `data`, stored in format `name` of FORMATS, as float32 of one dimension."""
    stored = np.frombuffer(data, _NUMPY[name])
    if name == "BF16":
        widened = stored.astype("<u4")
        widened <<= 16
        return widened.view("<f4")
    if name == "F8_E5M2":
        stored = (stored.astype("<u2") << 8).view("<f2")
    elif name == "F8_E4M3":
        return _e4m3()[stored]
    return stored.astype(np.float32)


@cache
def _e4m3() -> np.ndarray:
    """The value of each byte."""
    codes = np.arange(256)
    exponent, mantissa = (codes >> 3) & 15, (codes & 7) / 8
    values = np.where(exponent > 0, (1 + mantissa) * 2.0 ** (exponent - 7), mantissa * 2.0**-6)
    values[(codes & 127) == 127] = np.nan
    return np.where(codes < 128, values, -values).astype(np.float32)
