"""What is wrong with a checkpoint's files, by the name of the file or tensor."""

from pathlib import Path

import numpy as np

from core.errors import InputError
from core.weights.number_formats import FORMATS, decode
from core.weights.tensor_files import Tensor, read_headers, weight_files

_POINTER = b"version https://git-lfs"
_NEEDED = (
    "config.json",
    "tokenizer*.json",
    "vocab*",
    "merges.txt",
    "model.safetensors",
    "model-*.safetensors",
)
_POINTER_BYTES = 1024  # at most, by the specification of git-lfs
_BLOCK = 1 << 24  # bytes looked at in one go


def refuse_pointers(folder: Path) -> None:
    """Raise InputError where a file that is needed is git-lfs' pointer to it: cloned without git-lfs."""
    needed = {file for form in _NEEDED for file in folder.glob(form)}
    if not (folder / "tokenizer.json").is_file():
        needed |= set(folder.glob("*.model"))
    for file in sorted(needed):
        if file.is_file() and file.stat().st_size <= _POINTER_BYTES:
            with file.open("rb") as stream:
                if stream.read(len(_POINTER)) == _POINTER:
                    raise InputError(
                        f"{file} is a pointer of git-lfs, not the file: fetch it with git lfs pull."
                    )


def why_not_finite(name: str, folder: Path) -> str:
    """Why hidden states are NaN or infinite: the first tensor in the files that is, else overflow."""
    tensors = read_headers(weight_files(folder)).values()
    broken = [tensor.name for tensor in tensors if not _is_finite(tensor)]
    if broken:
        more = f" and {len(broken) - 1:,} more" if len(broken) > 1 else ""
        return (
            f"The weight {broken[0]}{more} of {name} holds NaN or infinite values: download or save the "
            "checkpoint again."
        )
    return (
        f"The hidden states of {name} are NaN or infinite though its weights are finite: they overflow; try "
        "--precision float32, or another --layer."
    )


def _is_finite(tensor: Tensor) -> bool:
    """Whether all numbers of a tensor in a local file are; of formats without numbers of their own, yes."""
    if tensor.dtype not in FORMATS or not isinstance(tensor.file, Path):
        return True
    with tensor.file.open("rb") as file:
        file.seek(tensor.start)
        left = tensor.end - tensor.start
        while left:
            part = file.read(min(_BLOCK, left))
            with np.errstate(over="ignore"):
                values = np.frombuffer(part, "<f8") if tensor.dtype == "F64" else decode(part, tensor.dtype)
            if not part or not np.isfinite(values).all():
                return not part
            left -= len(part)
    return True
