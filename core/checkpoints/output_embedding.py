"""The output-embedding matrix of a checkpoint, read straight from its safetensors files.

One row a vocabulary entry. Where the files hold no output matrix of their own, it is the input embedding if
the config ties the two, by its word or its type's default, and where the model has no language-model head
(the note says so).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.checkpoints.architecture import is_input_embedding, is_output_embedding
from core.checkpoints.config import read_config
from core.checkpoints.output_checks import check, check_alone, has_head
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.weights.number_formats import FORMATS, decode
from core.weights.ranges import LONGEST, NOTHING, File, Meter, Span, Traffic, merge, read
from core.weights.remote_file import RemoteFile
from core.weights.tensor_files import Tensor, read_headers, weight_files

_SCALES = ("weight_scale_inv", "weight_scale")
_COPIED = 8 * LONGEST  # bytes of a remote matrix that are in memory at a time
_COMPARED = 64  # rows of two remote matrices that are taken for copies if they agree on these


@dataclass(frozen=True)
class Scale:
    """Factors of a quantized matrix, each over a block of `rows` rows and `columns` columns.

    The names and shapes that transformers documents for fine-grained FP8 (`weight_scale_inv`, blocks of
    `quantization_config.weight_block_size`) and compressed-tensors (`weight_scale`: one factor, or one a
    row); a number is its stored value times its factor in all of them.
    """

    tensor: Tensor
    rows: int
    columns: int


@dataclass(frozen=True)
class TensorAt:
    """Where a matrix of `shape` lies: from byte `start` of `file`, row-major, values of type `dtype`.

    `file`: a path, or a file on the hub, whose str() says which. `tied`: it serves as input embedding too.
    `note`: what a reader of a measure of it should know, or None. `found`: what was read to find it.
    """

    file: File
    name: str
    shape: tuple[int, ...]
    dtype: str
    start: int
    tied: bool
    note: str | None
    scale: Scale | None = None
    found: Traffic = NOTHING


@dataclass(frozen=True)
class Rows:
    """Rows of a matrix: `vectors` is float32 (len(ids), d).

    `bytes_read` and `requests` (of a server; reads of a local file) count the ranges read of the matrix,
    retries included, and the headers read to find it; those of a remote checkpoint, and its index, were read
    when it was resolved (`Checkpoint.opened`).
    """

    vectors: np.ndarray
    bytes_read: int
    requests: int


def output_embedding(checkpoint: Checkpoint) -> TensorAt:
    """Where the output-embedding matrix (V, d) of a checkpoint lies, local or on the hub.

    Errors: InputError if no tensor has a known name, or several do and differ; if it is not tied and not
    there; if its shape is not the config's; and if an adapter or factors change it.
    """
    meter = Meter()
    tensors = read_headers(checkpoint.remote or weight_files(checkpoint.folder), meter)
    matrices = [t for t in tensors.values() if len(t.shape) == 2]
    outputs = _of_vocabulary([t for t in matrices if is_output_embedding(t.name)], checkpoint)
    inputs = _of_vocabulary([t for t in matrices if is_input_embedding(t.name)], checkpoint)
    tensor = _only(outputs or inputs, matrices, checkpoint, meter)
    note = check(checkpoint, tensor, read_config(checkpoint.folder), tensors)
    scale = _scale(tensor, tensors, checkpoint)
    check_alone(checkpoint, tensor, tensors, scale is not None)
    if not outputs and not (checkpoint.facts.tied and has_head(checkpoint)):
        note = f"{checkpoint.name} has no language-model head: its input embedding {tensor.name} stands in."
    return TensorAt(
        tensor.file,
        tensor.name,
        tensor.shape,
        tensor.dtype,
        tensor.start,
        not outputs,
        note,
        scale,
        meter.traffic,
    )


def read_rows(at: TensorAt, ids: Sequence[int] | np.ndarray) -> Rows:
    """Some rows of a matrix, in the order of `ids` (row numbers, repeats allowed), from their bytes alone.

    Of a local file these are positioned reads; of one on the hub, byte ranges: near rows by one request, the
    others in parallel. Nothing else of the file is read.
    Errors: InputError for an id the matrix does not have, for numbers that cannot be read (an unknown type,
    or 8-bit without documented factors), and for a file that cannot be read or changes meanwhile; then there
    are no rows at all.
    """
    wanted = np.asarray(ids, dtype=np.int64).reshape(-1)
    outside = wanted[(wanted < 0) | (wanted >= at.shape[0])]
    if len(outside):
        raise InputError(
            f"{at.name} in {at.file} has the rows 0 to {at.shape[0] - 1:,}, and no row {outside[0]}: its "
            "tokenizer has more entries than the matrix; leave that token out."
        )
    meter = Meter()
    unique, back = np.unique(wanted, return_inverse=True)
    width = _row_bytes(at)
    spans = [(at.start + row * width, at.start + (row + 1) * width) for row in unique.tolist()]
    groups = merge(spans, remote=isinstance(at.file, RemoteFile))
    together = [(spans[group[0]][0], spans[group[-1]][1]) for group in groups]
    gathered = decode(read(at.file, together, meter), at.dtype).reshape(-1, at.shape[1])
    places, offset = np.empty(len(unique), np.int64), 0
    for group in groups:  # a group holds all rows from its first to its last
        places[group] = offset + unique[group] - unique[group[0]]
        offset += int(unique[group[-1]] - unique[group[0]]) + 1
    vectors = gathered[places[back]]
    if at.scale is not None:
        vectors *= _factors(at, wanted, meter)
    traffic = at.found + meter.traffic
    return Rows(vectors, traffic.bytes_read, traffic.requests)


class StoredMatrix:
    """A local matrix (V, d) that gives the float32 rows of a slice or of an array of row numbers.

    `core.measures` takes it like an array and reads it block by block, so a matrix of any size is measured
    without the model and without a copy of the matrix in memory.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, at: TensorAt) -> None:
        """Raises InputError where the numbers cannot be read, or the file is on the hub."""
        _row_bytes(at)
        if isinstance(at.file, RemoteFile):
            raise InputError(
                f"{at.name} is in {at.file} on the hub, and a measure of the whole matrix needs all its "
                "bytes: download the checkpoint and give its folder."
            )
        self.at, self.shape = at, at.shape

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """Rows (k, d)."""
        if not isinstance(index, slice):
            return read_rows(self.at, index).vectors
        start, stop, step = index.indices(self.shape[0])
        if step != 1:
            return read_rows(self.at, np.arange(start, stop, step)).vectors
        width = _row_bytes(self.at)
        span = self.at.start + start * width, self.at.start + max(stop, start) * width
        rows = decode(read(self.at.file, [span], Meter()), self.at.dtype).reshape(-1, self.shape[1])
        if self.at.scale is not None:
            rows *= _factors(self.at, np.arange(start, stop), Meter())
        return rows


def read_matrix(at: TensorAt) -> np.ndarray:
    """The matrix as float32 (V, d), from its bytes alone; `StoredMatrix` gives it in blocks.

    Errors: InputError for a type that cannot be read as numbers, and for a matrix on the hub.
    """
    stored = StoredMatrix(at)
    matrix = np.empty(at.shape, np.float32)
    step = max(LONGEST // _row_bytes(at), 1)
    for start in range(0, at.shape[0], step):
        matrix[start : start + step] = stored[start : start + step]
    return matrix


def copied(
    at: TensorAt, place: Path, progress: Callable[[str, int, int, str], object] | None = None
) -> TensorAt:
    """The same matrix with its bytes, and no others of the file, copied to `place`; a local one stays.

    progress: called as progress(stage, done, total, unit); may raise to stop.
    """
    if not isinstance(at.file, RemoteFile):
        return at
    end = at.start + at.shape[0] * _row_bytes(at)
    with place.open("wb") as file:
        for start in range(at.start, end, _COPIED):
            stop = min(start + _COPIED, end)
            spans = [(part, min(part + LONGEST, stop)) for part in range(start, stop, LONGEST)]
            file.write(read(at.file, spans, Meter()))
            if progress:
                done, total = ((one - at.start) // 10**6 for one in (stop, end))
                progress("downloading the output embedding", done, total, "MB")
    return replace(at, file=place, start=0)


def _row_bytes(at: TensorAt) -> int:
    if at.dtype not in FORMATS:
        raise InputError(
            f"{at.name} in {at.file} is stored as {at.dtype}, which cannot be read as numbers here: "
            "give a checkpoint in float32, float16 or bfloat16."
        )
    if at.dtype.startswith("F8") and at.scale is None:
        raise InputError(
            f"{at.name} in {at.file} is stored as {at.dtype} without the factors (weight_scale) that its "
            "numbers are to be multiplied by: give a checkpoint in float32, float16 or bfloat16."
        )
    return at.shape[1] * FORMATS[at.dtype]


def _scale(tensor: Tensor, tensors: dict[str, Tensor], checkpoint: Checkpoint) -> Scale | None:
    """The factors of an 8-bit matrix, where its checkpoint holds some of a documented shape."""
    module = tensor.name.removesuffix("weight")
    scale = next((tensors[module + name] for name in _SCALES if module + name in tensors), None)
    if not tensor.dtype.startswith("F8") or scale is None or scale.dtype not in FORMATS:
        return None
    rows, columns = tensor.shape
    if scale.size == 1:
        return Scale(scale, rows, columns)
    if scale.shape in ((rows,), (rows, 1)):
        return Scale(scale, 1, columns)
    block = read_config(checkpoint.folder).get("quantization_config", {}).get("weight_block_size")
    if block and scale.shape == (-(-rows // block[0]), -(-columns // block[1])):
        return Scale(scale, *block)
    return None


def _factors(at: TensorAt, rows: np.ndarray, meter: Meter) -> np.ndarray:
    """What the stored numbers of some rows are to be multiplied by, (len(rows), 1) or (len(rows), d)."""
    assert at.scale is not None
    tensor = at.scale.tensor
    factors = decode(read(tensor.file, [(tensor.start, tensor.end)], meter), tensor.dtype)
    table = factors.reshape(-1, -(-at.shape[1] // at.scale.columns))
    chosen = table[rows // at.scale.rows]
    return chosen if table.shape[1] == 1 else chosen[:, np.arange(at.shape[1]) // at.scale.columns]


def _of_vocabulary(tensors: list[Tensor], checkpoint: Checkpoint) -> list[Tensor]:
    """Those with one row a vocabulary entry, where any has; a padded vocabulary has more."""
    return [t for t in tensors if t.shape[0] == checkpoint.facts.vocabulary] or tensors


def _only(candidates: list[Tensor], matrices: list[Tensor], checkpoint: Checkpoint, meter: Meter) -> Tensor:
    if not candidates:
        sized = [t.name for t in matrices if t.shape[0] == checkpoint.facts.vocabulary]
        raise InputError(
            f"{checkpoint.name} holds no tensor with a known name of an output or input embedding, such as "
            "lm_head.weight or embed_tokens.weight (with a row for each vocabulary entry it holds "
            f"{', '.join(sized) or 'none'}): measure its hidden states instead."
        )
    first, *others = candidates
    if any(_content(other, meter) != _content(first, meter) for other in others):
        names = ", ".join(t.name for t in candidates)
        raise InputError(
            f"{checkpoint.name} holds {len(candidates)} different tensors that could be its output "
            f"embedding ({names}): "
            "save it with the one its language-model head uses."
        )
    return first


def _content(tensor: Tensor, meter: Meter) -> tuple[str, tuple[int, ...], bytes | memoryview]:
    """What tells copies of a matrix from different ones; of a remote matrix, rows from all over it."""
    spans: list[Span] = [(tensor.start, tensor.end)]
    if isinstance(tensor.file, RemoteFile):
        count = min(_COMPARED, tensor.shape[0])
        width = (tensor.end - tensor.start) // tensor.shape[0]
        rows = np.linspace(0, tensor.shape[0] - 1, count).astype(int).tolist()
        spans = [(tensor.start + row * width, tensor.start + (row + 1) * width) for row in rows]
    return tensor.dtype, tensor.shape, read(tensor.file, spans, meter)
