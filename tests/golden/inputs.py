"""The inputs that everything pinned is made from: the same bytes on every machine.

Seeded draws of torch differ in the last bit between CPUs, and so would fingerprints. So the weights of the
tiny folders, and the vectors, are small fractions of seeded integers.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from tests import tiny
from tests.glue_files import write
from tests.vector_files import in_every_format

VECTORS = (600, 8)


def fractions(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray:
    """Float32 multiples of scale / 64 between -scale and scale, exact in any arithmetic and in decimals."""
    return (rng.integers(-64, 65, shape) * (scale / 64)).astype(np.float32)


def with_exact_weights(folder: Path, seed: int) -> Path:
    """The checkpoint in `folder` with every tensor drawn anew; returns `folder`."""
    from safetensors.numpy import load_file, save_file

    rng = np.random.default_rng(seed)
    tensors = load_file(folder / "model.safetensors")
    for name in sorted(tensors):
        shape = tensors[name].shape
        if len(shape) > 1:
            tensors[name] = fractions(rng, shape, 0.5)
        else:  # a scale of a normalisation is about 1, a shift about 0
            scales = "norm" in name.lower() or "ln_" in name
            tensors[name] = fractions(rng, shape, 0.125) + np.float32(scales and name.endswith("weight"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_all(folder: Path) -> None:
    """Write checkpoints, text, vectors, words, scores, covariates and GLUE files to `folder`."""
    for number, (name, make) in enumerate(tiny.MAKERS.items()):
        with_exact_weights(make(folder / name), number)
    with_exact_weights(tiny.encoder(folder / "other", layers=1, head=True), 7)
    (folder / "empty").mkdir()
    (folder / "corpus.txt").write_text("\n".join(tiny.sentences(200)))
    (folder / "words.txt").write_text("a\nb\nc\nthe\nriver\n")

    rng = np.random.default_rng(0)
    vectors = fractions(rng, VECTORS, 1.0) * np.linspace(1, 3, VECTORS[1], dtype=np.float32).round(1)
    vectors[:200] += 2
    for name, content in in_every_format(np.round(vectors * 64).astype(np.float32) / 64).items():
        (folder / name).write_bytes(content)

    own = [str(folder / name) for name in tiny.MAKERS]
    scores = {"checkpoint": own, "benchmark": "GLUE", "task": "RTE", "metric": "accuracy"}
    pd.DataFrame(scores | {"value": [0.61, 0.52, 0.57]}).to_csv(folder / "scores.csv", index=False)
    covariates = {"checkpoint": own, "training_tokens": [8e9, 32e9, 16e9], "lr": [0.1, 0.2, 0.3]}
    pd.DataFrame(covariates).to_parquet(folder / "covariates.parquet")
    write(folder / "glue", "STS-B", 32, 16)
