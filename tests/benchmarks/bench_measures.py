"""Measures against the obvious library routes: time, peak memory, values side by side, and cost against n.

Run as `python -m tests.benchmarks.bench_measures`. Ours and theirs are timed in the same run, in turns; peak
memory is that of a process of its own, beyond the vectors. "One pass" is NumPy's sum of the vectors.
"""

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.measures import measure

N, D = 250_000, 512
ROUNDS = 3
SPREAD = ["eee", "vrm", "isoscore", "effective_rank"]


def vectors(n: int, d: int) -> np.ndarray:
    """A cloud away from the origin whose standard deviations run from 0.1 to 3: (n, d) float32."""
    random = np.random.default_rng(0)
    made = random.standard_normal((n, d), dtype=np.float32)
    made *= np.linspace(0.1, 3, d, dtype=np.float32)
    made += random.standard_normal(d, dtype=np.float32)
    return made


def ours(X: np.ndarray) -> dict[str, float]:
    return measure(X, SPREAD)


def theirs(X: np.ndarray) -> dict[str, float]:
    """scikit-learn's PCA, SciPy's entropy of its scores, the IsoScore package, NumPy's singular values."""
    from IsoScore.IsoScore import IsoScore
    from scipy.stats import differential_entropy
    from sklearn.decomposition import PCA

    pca = PCA()
    scores = pca.fit_transform(X)
    variances = pca.explained_variance_.astype(np.float64)
    gap = np.cumsum(variances) - np.arange(1, len(variances) + 1) * variances.mean()
    scores *= math.sqrt(X.shape[1] / scores.var(axis=0).sum())
    ratios = np.exp(differential_entropy(scores)) / math.sqrt(2 * math.pi * math.e)
    del scores
    shares = np.linalg.svd(X, compute_uv=False)
    shares /= shares.sum()
    return {
        "eee": float(np.trapezoid(gap) / (len(variances) * variances.sum() / 2)),
        "vrm": float(((1 - ratios) ** 2).mean()),
        "isoscore": float(IsoScore(X)),
        "effective_rank": math.exp(-float((shares * np.log(shares)).sum())),
    }


def in_turns(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Median seconds of each piece of work, all of them run once a round."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for taken, work in zip(seconds, works, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def highest_memory() -> int:
    """The largest resident memory this process has had, in bytes (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def print_peak(which: str) -> None:
    """Print what measuring adds to this process's peak memory, as a multiple of the vectors' size."""
    work = {"ours": ours, "theirs": theirs}[which]
    work(vectors(4000, 300))  # libraries are loaded and have their buffers
    X = vectors(N, D)
    before = highest_memory()
    work(X)
    print((highest_memory() - before) / X.nbytes)


def peak(which: str) -> float:
    """What `print_peak` prints in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_measures", which]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def row(title: str, mine: float, library: float, digits: int) -> None:
    """One line of the table: ours, theirs, theirs over ours."""
    print(f"{title:44}{mine:12.{digits}f}{library:12.{digits}f}{library / mine:9.2f}", flush=True)


def main() -> None:
    """Print the tables."""
    print(f"{N:,} x {D} float32, medians of {ROUNDS} rounds")
    print(f"{'':44}{'ours':>12}{'theirs':>12}{'ratio':>9}")
    row("peak memory beyond the vectors (x vectors)", peak("ours"), peak("theirs"), 2)
    X = vectors(N, D)
    result: dict[str, dict[str, float]] = {}
    mine, library = in_turns(
        ROUNDS, lambda: result.update(ours=ours(X)), lambda: result.update(theirs=theirs(X))
    )
    row("eee, vrm, isoscore, effective_rank (s)", mine, library, 2)
    for name in SPREAD:
        row(name, result["ours"][name], result["theirs"][name], 7)
    single, one_pass, double_pass = in_turns(
        11,
        lambda: measure(X, ["dispersion"]),
        lambda: X.sum(axis=0),
        lambda: X.sum(axis=0, dtype=np.float64),
    )
    row("dispersion, against X.sum(axis=0) (s)", single, one_pass, 3)
    row("dispersion, against that in float64 (s)", single, double_pass, 3)
    del X
    print(f"\n{'cost against n, d = 128':>24}{'spread':>10}{'dispersion':>12}  microseconds a row")
    for n in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        Y = vectors(n, 128)
        seconds = in_turns(ROUNDS, lambda Y=Y: measure(Y, SPREAD), lambda Y=Y: measure(Y, ["dispersion"]))
        print(f"{n:24,}{seconds[0] / n * 1e6:10.2f}{seconds[1] / n * 1e6:12.3f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_peak(sys.argv[1])
    else:
        main()
