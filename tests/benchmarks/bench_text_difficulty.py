"""Dispersion by perplexity: one vector a segment and closed forms, against a file of all states a segment.

The published pipeline keeps the hidden states of every segment in a file of its own (A.1.2 of the dispersion
paper, step 2b), reads them again bin by bin and forms all pairwise products. Both ways start from the same
forward passes, whose time is not counted, and end with the dispersion of each bin at the last layer. Disk is
what each leaves between the two. Targets: 10 times less time, 50 times less disk.

The checkpoint is ../shared's llama-stories260k where that is there, else one of the same sizes at random.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parents[3] / "shared"
TIMES, DISK = 10, 50  # targets


def checkpoint(folder: Path) -> tuple[str, Path]:
    """What the checkpoint is, and its folder."""
    real = SHARED / "checkpoints" / "llama-stories260k"
    if real.is_dir():
        return "llama-stories260k", real
    from tests import tiny

    return "a random Llama of 5 layers", tiny.llama(folder / "llama", layers=5)


def published(files: list[Path], perplexity: np.ndarray, size: int) -> list[float]:
    """The dispersion of each bin from a file of all states a segment, (L + 1, T, d), by all pairs."""
    from core.studies.perplexity_bins import bins

    found = []
    for one in bins(perplexity, size):
        rows = np.stack([np.load(files[i])[-1, -1] for i in one]).astype(np.float64)
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        found.append(float(1 - (unit @ unit.T)[np.triu_indices(len(unit), 1)].mean()))
    return found


def main() -> int:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from core.checkpoints.resolve import resolve
    from core.corpora.sources import load
    from core.hidden_states import passes
    from core.studies import segments
    from core.studies.perplexity import spread_of
    from core.studies.perplexity_bins import bins

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--segments", type=int, default=1000)
    options.add_argument("--length", type=int, default=64)
    options.add_argument("--bin", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        name, place = checkpoint(folder)
        model = resolve(str(place))
        texts = load("standard-library").texts[:20_000]
        cut = segments.cut(model, texts, given.length, given.segments)
        n, length = cut.ids.shape
        out = folder / "vectors.npy"
        read = segments.read(model, cut, out, device="cpu")
        states = folder / "states"
        states.mkdir()
        files = [states / f"{i}.npy" for i in range(n)]

        def begin(last: int, d: int) -> passes.Take:
            def take(batch: passes.Batch) -> None:
                import torch

                rows = torch.stack(batch.states, 1).float().numpy()
                for row, place in zip(rows, batch.sequences, strict=True):
                    np.save(files[place], row)

            return take

        starts = np.arange(n + 1) * length
        passes.run(model, cut.ids.reshape(-1), starts, begin, predicting=False, device="cpu")
        last = max(row for row, slot in enumerate(read.slots) if slot.tokens == length)
        ours, theirs = [], []
        for _ in range(given.rounds):
            started = time.perf_counter()
            vectors = np.load(out, mmap_mode="r")[last]
            closed = [spread_of(vectors[one]) for one in bins(read.perplexity, given.bin)]
            middle = time.perf_counter()
            pairs = published(files, read.perplexity, given.bin)
            ours.append(middle - started)
            theirs.append(time.perf_counter() - middle)
        apart = float(np.abs(np.subtract(closed, pairs)).max())
        disk = out.stat().st_size, sum(file.stat().st_size for file in files)
    seconds = float(np.median(ours)), float(np.median(theirs))
    print(f"{name}, {n:,} segments of {length} tokens, bins of {given.bin}; median of {given.rounds} rounds")
    print(f"{'way':<44}{'after the pass':>16}{'disk':>12}")
    print(f"{'one vector a segment, in closed form':<44}{seconds[0]:>14.3f} s{disk[0] / 1e6:>9.1f} MB")
    print(f"{'all states in a file a segment, all pairs':<44}{seconds[1]:>14.3f} s{disk[1] / 1e6:>9.1f} MB")
    ratios = seconds[1] / seconds[0], disk[1] / disk[0]
    print(f"\n{ratios[0]:.1f} times less time (target {TIMES})")
    print(f"{ratios[1]:.1f} times less disk (target {DISK})")
    print(f"the two ways differ by {apart:.1e} at most.")
    return 0 if ratios[0] >= TIMES and ratios[1] >= DISK else 1


if __name__ == "__main__":
    sys.exit(main())
