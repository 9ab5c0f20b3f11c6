"""Safetensors files by their headers: which tensors a folder holds, where, and a digest of their bytes.

Only the header (8 bytes of length, then JSON; https://github.com/huggingface/safetensors) is read to know the
tensors, so a checkpoint of any size is described in milliseconds and no weights library is imported.
"""

import hashlib
import json
import math
import mmap
import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.weights.ranges import File, Meter, beginning, size
from core.weights.remote_file import RemoteFile

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
FLOATING = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_BITS = {  # of a number, by its type
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    **{"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6},
}
_BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LARGEST_HEADER = 100_000_000  # the limit of the safetensors library


@dataclass(frozen=True)
class Tensor:
    """One tensor in a file: its bytes are `[start, end)` of `file`, row-major, little-endian."""

    file: File
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint folder: the one file, or the shards its index names, sorted.

    Errors: InputError if there is none, only a pickled one, or a shard of the index is missing.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        return _shards(folder)
    if any(folder.glob("pytorch_model*.bin")):
        raise InputError(
            f"{folder} holds its weights only as pytorch_model.bin, a pickle that could run code when it is "
            "read: convert it where you trust it with the class that its config.json names under "
            "architectures (AutoModelForCausalLM, AutoModelForMaskedLM, …) and AutoTokenizer, "
            ".from_pretrained(folder).save_pretrained(new_folder) of each, and give the new folder."
        )
    raise InputError(
        f"{folder} holds no weights: {WEIGHTS}, or {INDEX} with its shards, is expected beside config.json."
    )


def shard_names(index: bytes, name: object) -> list[str]:
    """The weight files that an index (its content, and what messages call it) names, sorted."""
    try:
        names = sorted(set(json.loads(index)["weight_map"].values()))
        plain = all(Path(shard).name == shard for shard in names)
    except (ValueError, KeyError, AttributeError, TypeError):
        plain, names = False, []
    if not plain or not names:
        raise InputError(
            f"{name} is damaged: its weight_map should name the file of each tensor; download it again."
        )
    return names


def _shards(folder: Path) -> list[Path]:
    names = shard_names((folder / INDEX).read_bytes(), folder / INDEX)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} lacks {len(missing)} of the {len(names)} weight files its index names, first "
            f"{missing[0]}: download the checkpoint again."
        )
    return [folder / name for name in names]


def check_index(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse a folder whose index names another file for a tensor than the one that holds it, or none does.

    tensors: those of the folder's weight files by name.
    """
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return
    for name, shard in json.loads((folder / INDEX).read_bytes())["weight_map"].items():
        actual = tensors[name].file if name in tensors else None
        if not isinstance(actual, Path) or actual.name != shard:
            where = f"it is in {actual.name}" if isinstance(actual, Path) else "no file holds it"
            raise InputError(
                f"{folder / INDEX} says that {name} is in {shard}, and {where}: download the checkpoint "
                "again."
            )


def read_header(file: File, meter: Meter | None = None) -> dict[str, Tensor]:
    """The tensors of one safetensors file by name; `meter` counts the bytes read for it.

    Errors: InputError if the file is not safetensors, is shorter or longer than its header says, or has
    tensors that overlap, leave a gap, or do not fit their shape and type.
    """
    meter = meter or Meter()
    actual = size(file)
    length = int.from_bytes(beginning(file, 8, meter), "little")
    if actual < 8 or length > min(actual - 8, _LARGEST_HEADER):
        raise InputError(
            f"{file} is cut off or is not a safetensors file: its {actual:,} bytes end within the "
            "header; download or save it again."
        )
    base = 8 + length
    try:
        entries = json.loads(bytes(beginning(file, base, meter)[8:]), object_pairs_hook=_without_doubles)
        entries.pop("__metadata__", None)
        tensors = {name: _tensor(file, name, entry, base) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            f"{file} is damaged: its safetensors header cannot be read; download or save it again."
        ) from None
    expected = max((tensor.end for tensor in tensors.values()), default=base)
    if actual != expected:
        raise InputError(
            f"{file} is cut off or damaged: its header promises {expected:,} bytes and it holds {actual:,}; "
            "download or save it again."
        )
    _check_places(file, list(tensors.values()), base)
    return tensors


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("two entries of one name")
    return found


def _tensor(file: File, name: str, entry: dict, base: int) -> Tensor:
    """One entry of a header; raises for what is none."""
    (start, end), shape = entry["data_offsets"], tuple(entry["shape"])
    if not all(type(number) is int and number >= 0 for number in (start, end, *shape)):
        raise ValueError("no whole numbers")
    return Tensor(file, name, str(entry["dtype"]), shape, base + start, base + end)


def _check_places(file: File, tensors: list[Tensor], base: int) -> None:
    """Raise InputError unless each tensor has the bytes that its shape and type need, one after another."""
    place = base
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        bits = 8 * (tensor.end - tensor.start)
        known = tensor.dtype in _BITS
        if tensor.start != place or not known or bits != tensor.size * _BITS[tensor.dtype]:
            shape = " × ".join(map(str, tensor.shape)) or "one"
            raise InputError(
                f"{file} is damaged: {shape} numbers of type {tensor.dtype} do not fit where its header says "
                f"that the tensor {tensor.name} stands; download or save it again."
            )
        place = tensor.end


def read_headers(files: Sequence[File], meter: Meter | None = None) -> dict[str, Tensor]:
    """The tensors of all the files of one checkpoint by name, in the order of the files."""
    tensors: dict[str, Tensor] = {}
    with ThreadPoolExecutor(16) as pool:  # one request to a server each; on this machine threads cost more
        remote = any(isinstance(file, RemoteFile) for file in files)
        for header in (pool.map if remote else map)(lambda file: read_header(file, meter), files):
            tensors |= header
    return tensors


def digest_file(path: Path, digests: MutableMapping[str, str] | None = None) -> str:
    """A digest of what a file holds, remembered in `digests` under "path|size|mtime_ns".

    Of a safetensors file the tensors count (name, type, shape, bytes), not their order nor the header's
    metadata, and the digests of a checkpoint's files add up (`digest_weights`); of any other file its bytes.
    """
    real = path.resolve()
    key = place(real)
    if digests is not None and key in digests:
        return digests[key]
    if path.suffix == ".safetensors":
        value = f"{_sum_of_tensors(real):064x}"
    else:
        value = hashlib.sha256(real.read_bytes()).hexdigest()
    if digests is not None:
        digests[key] = value
    return value


def file_sha256(path: Path, digests: MutableMapping[str, str] | None = None) -> str:
    """The SHA-256 of a file's bytes, which the hub states of weight files; remembered as in `digest_file`.

    In the hub's own cache a file's name is that already (or another digest, of a file that is small).
    """
    real = path.resolve()
    if real.parent.name == "blobs" and _BLOB.fullmatch(real.name):
        return real.name
    key = f"sha256|{place(real)}"
    if digests is not None and key in digests:
        return digests[key]
    with real.open("rb") as file:
        value = hashlib.file_digest(file, "sha256").hexdigest()
    if digests is not None:
        digests[key] = value
    return value


def place(path: Path) -> str:
    """Where a file lies and how it stands there: "path|size|mtime_ns", links followed."""
    real = path.resolve()
    status = real.stat()
    return f"{real}|{status.st_size}|{status.st_mtime_ns}"


def digest_weights(files: Iterable[Path], digests: MutableMapping[str, str] | None = None) -> str:
    """One digest over all tensors of a checkpoint, the same however they are spread over files."""
    return f"{sum(int(digest_file(file, digests), 16) for file in files) % 2**256:064x}"


def _sum_of_tensors(file: Path) -> int:
    """Sum modulo 2^256 of one SHA-256 a tensor: a digest of a set, to which shards add one by one."""
    total = 0
    tensors = read_header(file)
    with (
        file.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        for tensor in tensors.values():
            head = json.dumps([tensor.name, tensor.dtype, tensor.shape]).encode()
            hasher = hashlib.sha256(len(head).to_bytes(8, "little") + head)
            with view[tensor.start : tensor.end] as data:
                hasher.update(data)
            total += int.from_bytes(hasher.digest())
    return total % 2**256
