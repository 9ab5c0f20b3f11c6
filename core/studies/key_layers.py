"""Which vectors of a decoder may serve as keys of kNN-LM, and how widely each spreads.

Source: "On the predictive power of representation dispersion in language models", §3.3 and Table 1: the last
token's vectors of N chunks drawn at random, their dispersion in closed form, mean and standard deviation over
ten draws. The same chunks are given to every key. Beyond the paper: keys other than the last block's two
sub-layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.blocks import Progress
from core.checkpoints.resolve import Checkpoint
from core.hidden_states import passes
from core.measures.measuring import measure

if TYPE_CHECKING:
    import torch

CHUNKS, DRAWS = (10, 50, 100), 10
LAYER = "layer"
# Of a block, as core.hidden_states.sublayers names them; the first two are the paper's.
SUB_LAYERS = ("attention", "feed_forward", "attention_output", "feed_forward_output", "feed_forward_input")


@dataclass(frozen=True)
class Key:
    """A vector of each token: kind "layer", of which number is 0 to L, or a sub-layer of a block, 1 to L."""

    kind: str
    number: int

    @property
    def title(self) -> str:
        """ "layer 4", "attention of block 5"."""
        if self.kind == LAYER:
            return f"{LAYER} {self.number}"
        return f"{self.kind.replace('_', ' ').replace('feed forward', 'feed-forward')} of block {self.number}"


@dataclass(frozen=True)
class Spread:
    """Dispersion of `chunks` chunks: mean and standard deviation (n − 1) over draws."""

    chunks: int
    mean: float
    sd: float


def keys_of(last: int, every: bool) -> list[Key]:
    """The keys of a model of `last` blocks: of the last block alone, with its input and the last layer, or
    of every block and all layers.

    The stream behind a block that is not the last is the layer of its number, and stands only as that.
    """
    blocks = range(1, last + 1) if every else [last]
    layers = range(0 if every else last - 1, last + 1)
    keys = [Key(LAYER, number) for number in layers]
    for block in blocks:
        keys += [Key(kind, block) for kind in SUB_LAYERS if kind != "feed_forward" or block == last]
    return keys


def blocks_in(keys: Sequence[Key]) -> list[int]:
    """The blocks whose sub-layers are among the keys, ascending."""
    return sorted({key.number for key in keys if key.kind != LAYER})


def vectors_of(batch: passes.Batch, key: Key) -> "torch.Tensor":
    """What a batch gives for a key, (b, t, d)."""
    if key.kind == LAYER:
        return batch.states[key.number]
    return getattr(batch.blocks[key.number], key.kind)


def drawn(available: int, chunks: Sequence[int] = CHUNKS, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Which chunks are drawn: (draws, k), k the largest number of chunks, or all; seeds seed, seed + 1, …

    The first N of a row are the draw of N chunks.
    """
    most = min(max(chunks), available)
    rows = [np.random.default_rng(seed + one).permutation(available)[:most] for one in range(draws)]
    return np.stack(rows)


def last_vectors(
    checkpoint: Checkpoint,
    ids: np.ndarray,
    every: bool,
    *,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> dict[Key, np.ndarray]:
    """The last token's vectors of each key, (n, d) float32, of chunks of tokens, ids (n, L).

    every: as in `keys_of`. The other options are those of `core.hidden_states.passes.run`.
    """
    n, length = ids.shape
    vectors: dict[Key, np.ndarray] = {}

    def begin(last: int, d: int) -> passes.Take:
        vectors.update({key: np.empty((n, d), np.float32) for key in keys_of(last, every)})

        def take(batch: passes.Batch) -> None:
            for key, rows in vectors.items():
                rows[batch.sequences] = vectors_of(batch, key)[:, -1].float().cpu().numpy()

        return take

    passes.run(
        checkpoint,
        ids.reshape(-1),
        np.arange(n + 1) * length,
        begin,
        predicting=False,
        blocks=lambda last: blocks_in(keys_of(last, every)),
        device=device,
        precision=precision,
        progress=progress,
    )
    return vectors


def spreads(vectors: np.ndarray, chosen: np.ndarray, chunks: Sequence[int] = CHUNKS) -> list[Spread]:
    """Dispersion at each number of chunks that there are, of vectors (n, d).

    chosen: (draws, k), rows of `vectors`, as `drawn` gives them.
    """
    found = []
    for count in (one for one in chunks if 2 <= one <= chosen.shape[1]):
        values = [measure(vectors[row[:count]], ["dispersion"])["dispersion"] for row in chosen]
        found.append(Spread(count, float(np.mean(values)), float(np.std(values, ddof=1))))
    return found
