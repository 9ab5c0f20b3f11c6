"""Our quantizers and FAISS over the same seeds: both distributions of every cell measure, on three clouds.

The clouds are MiniLM's last layer, a small trained Llama's (MiniLM's embeddings where the test material is
absent) and the uneven clusters of bench_cells; `--vectors` of each are drawn, trained on and encoded. Printed
for each measure: mean ± sd of both engines over the seeds, and how far the means lie apart in sd of FAISS.
Two means of 8 seeds each from one distribution lie more than 1 sd apart one time in twenty.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from core.measures import measure_cells
from tests.benchmarks.bench_cells import NAMES, vectors
from tests.benchmarks.bench_extraction import sequences

LLAMA = Path(__file__).resolve().parents[3] / "shared/checkpoints/llama-stories260k"


def clouds(n: int) -> dict[str, np.ndarray]:
    """Title → n vectors (n, d) float32."""
    from core.checkpoints.resolve import MINILM, resolve
    from core.hidden_states.extraction import extract

    text = sequences(max(n // 10, 100))[1]
    wanted = {"all-MiniLM-L6-v2, last layer": (MINILM, None)}
    if LLAMA.is_dir():
        wanted[f"{LLAMA.name}, last layer"] = (str(LLAMA), None)
    else:
        wanted["all-MiniLM-L6-v2, embeddings"] = (MINILM, 0)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, (name, layer) in wanted.items():
            file = Path(folder) / "cloud.npy"
            extract(resolve(name), text, file, layer=layer)
            made = np.load(file)
            rows = np.random.default_rng(0).permutation(len(made))[:n]
            found[title] = np.ascontiguousarray(made[np.sort(rows)])
    return found | {"clusters of uneven size": vectors(n, 128)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vectors", type=int, default=8_192)
    options.add_argument("--seeds", type=int, default=8)
    given, _ = options.parse_known_args()
    apart = []
    for title, cloud in clouds(given.vectors).items():
        runs = {
            engine: [
                {
                    name: measured.value
                    for name, measured in measure_cells(cloud, NAMES, seed=seed, engine=engine).items()
                }
                for seed in range(given.seeds)
            ]
            for engine in ("own", "faiss")
        }
        print(f"{title}: {cloud.shape[0]:,} × {cloud.shape[1]}, {given.seeds} seeds, M = 4, k = 256")
        print(f"{'':30}{'ours':>24}{'FAISS':>24}{'apart (sd)':>12}")
        for name in NAMES:
            own, faiss = (np.array([run[name] for run in runs[engine]]) for engine in ("own", "faiss"))
            distance = abs(own.mean() - faiss.mean()) / faiss.std(ddof=1)
            apart.append(distance)
            shown = "".join(f"{x.mean():12.5f} ± {x.std(ddof=1):9.5f}" for x in (own, faiss))
            print(f"{name:30}{shown}{distance:12.2f}", flush=True)
        print()
    within = int(np.sum(np.array(apart) <= 1)), int(np.sum(np.array(apart) <= 2))
    print(f"of {len(apart)} pairs of means {within[0]} lie within 1 sd of FAISS, {within[1]} within 2")


if __name__ == "__main__":
    main()
