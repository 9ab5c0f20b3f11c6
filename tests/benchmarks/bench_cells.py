"""The whole cell panel, LSQ and PQ with all measures, against FAISS and the same measures in plain NumPy.

Both quantizers are trained and applied on the same 100,000 × 512 float32 vectors, ours and theirs in turn in
one run, each seed once. Compiling (once a machine) is not counted. Prints wall and CPU seconds (on a machine
with other work the CPU seconds tell more), memory beyond that before the vectors were loaded, each measure
± sd over the seeds, and what each phase of ours costs. `--quick` takes few vectors, `--seeds` says how many.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from core import quantizers
from core.measures import MEASURES, measure_cells, select
from core.measures.quantized import Cells

NAMES = select("cells")
M, K = 4, 256


def vectors(n: int, d: int) -> np.ndarray:
    """Clusters of uneven size and shape, far from the origin, as hidden states are."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((200, d)) * 1.5 + 1
    share = rng.dirichlet(np.ones(200))
    scale = np.geomspace(2, 0.2, d)
    table = centres[rng.choice(200, n, p=share)].astype(np.float32)
    for start in range(0, n, 4096):
        block = table[start : start + 4096]
        block += rng.standard_normal(block.shape, np.float32) * scale
    return table


def ours(table: np.ndarray, seed: int) -> dict[str, float]:
    return {name: measured.value for name, measured in measure_cells(table, NAMES, seed=seed).items()}


def theirs(table: np.ndarray, seed: int) -> dict[str, float]:
    """FAISS, and the measures as one would write them down."""
    result = {}
    for quantizer in quantizers.QUANTIZERS:
        made = quantizers.quantize(quantizer, table, M=M, k=K, seed=seed, engine="faiss")
        result |= {f"{quantizer}_{suffix}": value for suffix, value in plain(table, made).items()}
    return result


def plain(table: np.ndarray, made: quantizers.Quantization) -> dict[str, float]:
    from scipy.stats import skew

    n, d = table.shape
    restored = np.zeros_like(table)
    patchiness, odds, divergence, counts, nearest, eee = [], [], [], [], [], []
    for m, (book, part) in enumerate(zip(made.codebooks, made.parts, strict=True)):
        restored[:, part] += book[made.codes[:, m]]
        count = np.bincount(made.codes[:, m], minlength=K)
        mean, share = count.mean(), count / n
        patchiness.append((mean + count.var() / mean - 1) / mean)
        odds.append(np.var((K - 1) * share / (1 - share)))
        divergence.append(np.sum(share[share > 0] * np.log(share[share > 0] * K)))
        counts.append(count)
        exact = book.astype(np.float64)
        squares = (exact**2).sum(1)
        between = squares[:, None] + squares - 2 * exact @ exact.T
        np.fill_diagonal(between, np.inf)
        nearest.append(between.min(1))
        for code in range(K):
            members = np.unique(table[made.codes[:, m] == code], axis=0)
            if len(members) > 1:
                spectrum = np.linalg.eigvalsh(np.cov(members.T))[::-1][: min(len(members), d)]
                gap = np.cumsum(spectrum) - np.cumsum(np.full(len(spectrum), spectrum.mean()))
                eee.append(np.trapezoid(gap) / (len(spectrum) * spectrum.sum() / 2))
    errors = np.linalg.norm(table - restored, axis=1).astype(np.float64)
    total = np.sum(counts) / K
    upper, lower = np.percentile(errors, [75, 25])
    return {
        "patchiness": np.mean(patchiness),
        "patchiness_published": (total + np.var(counts) / total - 1) / total,
        "count_variance": np.mean(odds),
        "count_kl": np.mean(divergence),
        "reconstruction_error": (errors**2).sum() / (table.astype(np.float64) ** 2).sum(),
        "reconstruction_iqr": (upper - lower) / errors.max(),
        "reconstruction_skew": skew(errors, bias=False),
        "centroid_variance": np.var(np.concatenate(nearest) / np.max(nearest)),
        "cluster_eee": np.mean(eee),
    }


def in_a_process(way: Callable, file: Path, seed: int, answers: "multiprocessing.Queue") -> None:
    """Run one way on the vectors of a file; answer (values, wall seconds, CPU seconds, peak bytes)."""
    measure_cells(vectors(300, 16), NAMES, k=16)  # imports and compiles
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    table = np.load(file)
    wall, cpu = time.perf_counter(), time.process_time()
    values = way(table, seed)
    answers.put(
        (values, time.perf_counter() - wall, time.process_time() - cpu, memory("VmHWM") - before),
    )


def memory(field: str) -> int:
    """Bytes of this process as Linux tells them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def profile(table: np.ndarray) -> dict[str, float]:
    """CPU seconds of each phase of ours, passes over the vectors counted as often as they happen."""
    from threadpoolctl import threadpool_limits

    from core.blocks import in_order
    from core.quantizers import lsq

    made = quantizers.quantize("pq", table)
    codebooks = np.zeros((M, K, table.shape[1]))
    codebooks[:] = table[:: max(len(table) // K, 1)][:K]
    words = codebooks.reshape(M * K, -1).astype(np.float32)
    codes = np.random.default_rng(0).integers(0, K, (len(table), M), dtype=np.int32)
    blocks = range(0, len(table), 512)
    panel = Cells(table, made)
    passes = lsq.TRAIN_ROUNDS + 1

    def cpu(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    with threadpool_limits(1, user_api="blas"):
        products = passes * cpu(
            lambda: list(in_order(lambda i: (table[i : i + 512] @ words.T)[0, 0], blocks))
        )
        training = lsq.TRAIN_ROUNDS * cpu(
            lambda: lsq._refine(table, codebooks, codes, lsq.SEARCH_ROUNDS, [0, 0, 0])
        )
        encoding = cpu(lambda: lsq._refine(table, codebooks, codes, lsq.ENCODE_ROUNDS, [0, 0, 1]))
        return {
            "LSQ: products of vectors and centroids": products,
            "LSQ: local search": training + encoding - products,
            "LSQ: least squares": lsq.TRAIN_ROUNDS * cpu(lambda: lsq._least_squares(table, codes, K)),
            "PQ: training and encoding": cpu(lambda: quantizers.quantize("pq", table)),
            "measures: reconstruction, both": 2 * cpu(lambda: panel.errors),
            "measures: cluster_eee, both": 2 * cpu(lambda: MEASURES["pq_cluster_eee"].function(panel)),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4,000 × 64 vectors")
    parser.add_argument("--seeds", type=int, default=3)
    asked, _ = parser.parse_known_args()
    n, d = (4_000, 64) if asked.quick else (100_000, 512)
    context = multiprocessing.get_context("spawn")
    runs: dict[str, list] = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.npy"
        np.save(file, vectors(n, d))
        for seed in range(asked.seeds):
            for name, way in (("ours", ours), ("theirs", theirs)):
                answers = context.Queue()
                process = context.Process(target=in_a_process, args=(way, file, seed, answers))
                process.start()
                runs[name].append(answers.get())
                process.join()
    columns = {
        name: [median(column) for column in list(zip(*done, strict=True))[1:]] for name, done in runs.items()
    }
    print(f"cells: both quantizers and 18 measures, {n:,} × {d} float32, {asked.seeds} seeds")
    print(f"{'':40} {'ours':>12} {'theirs':>12} {'ratio':>8}")
    for row, (label, unit) in enumerate((("wall", 1), ("CPU", 1), ("peak memory / vectors", n * d * 4))):
        a, b = columns["ours"][row] / unit, columns["theirs"][row] / unit
        print(f"{label:40} {a:12.2f} {b:12.2f} {b / a:8.2f}")
    print(f"{'measure':28} {'ours':>22} {'theirs':>22}")
    for name in NAMES:
        a, b = (np.array([run[0][name] for run in runs[way]]) for way in ("ours", "theirs"))
        sd = (lambda x: x.std(ddof=1)) if asked.seeds > 1 else (lambda x: np.nan)
        print(f"{name:28} {a.mean():11.5f} ± {sd(a):8.5f} {b.mean():11.5f} ± {sd(b):8.5f}")
    print("what ours spends, CPU seconds")
    for phase, seconds in profile(vectors(n, d)).items():
        print(f"  {phase:40} {seconds:8.2f}")


if __name__ == "__main__":
    main()
