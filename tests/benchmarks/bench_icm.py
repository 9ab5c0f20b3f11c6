"""Local search of the additive quantizer: explicit vector code against the same steps in plain numba.

One pass of training over 100,000 × 512 vectors with M = 4 codebooks of k = 256 (products of vectors and
centroids, then 8 rounds of local search), by each in turn in one process, several times; training makes 26
of them. Prints CPU seconds of the pass and of the search alone, and the ratios; codes must be equal. The
products are the same work for all, so that the search alone shows what the code itself does.
`--quick` takes few vectors, `--repeats` says how often.
"""

import argparse
import time
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.quantizers import icm, lsq
from tests.benchmarks.bench_cells import vectors
from tests.core.quantizers import plain_icm

M, K, ROUNDS = 4, 256, 8
WAYS = {"vector code": icm.search, "plain numba": plain_icm.by_keys}  # the faster of the two plain ones


def one_pass(table: np.ndarray, codebooks: np.ndarray, start: np.ndarray, search: Any) -> tuple:
    """(codes, CPU seconds of the pass, CPU seconds of the search alone), on one thread."""
    codes, seconds = start.copy(), [0.0]

    def timed(*arguments: Any) -> None:
        begun = time.thread_time()
        search(*arguments)
        seconds[0] += time.thread_time() - begun

    lsq.icm.search, kept = timed, icm.search
    begun = time.process_time()
    try:
        lsq._refine(table, codebooks, codes, ROUNDS, [0, 0, 0])
    finally:
        lsq.icm.search = kept
    return codes, time.process_time() - begun, seconds[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4,000 × 64 vectors")
    parser.add_argument("--repeats", type=int, default=3)
    asked, _ = parser.parse_known_args()
    n, d = (4_000, 64) if asked.quick else (100_000, 512)
    table = vectors(n, d)
    codes = np.random.default_rng(0).integers(0, K, (n, M), dtype=np.int32)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    with threadpool_limits(1, user_api="blas"):
        codebooks = lsq._least_squares(table, codes, K)
        for search in WAYS.values():
            one_pass(table[:600], codebooks, codes[:600], search)  # compiles
        for _ in range(asked.repeats):
            results = {}
            for name, search in WAYS.items():
                results[name], *seconds = one_pass(table, codebooks, codes, search)
                runs[name].append((seconds[0], seconds[1]))
            assert all((result == results["vector code"]).all() for result in results.values())
    print(f"local search: {n:,} × {d} float32, M = {M}, k = {K}, {ROUNDS} rounds, {asked.repeats} repeats")
    print(f"{'CPU seconds':24} {'pass':>8} {'ratio':>7} {'search':>8} {'ratio':>7}")
    whole, alone = (median(run[which] for run in runs["vector code"]) for which in range(2))
    for name, times in runs.items():
        a, b = (median(run[which] for run in times) for which in range(2))
        print(f"{name:24} {a:8.2f} {a / whole:7.2f} {b:8.2f} {b / alone:7.2f}")


if __name__ == "__main__":
    main()
