"""A store like that of somebody with many candidates: sixteen checkpoints measured here, twelve with a score.

The score `my_task` follows dispersion, with noise; the four without a score differ in dispersion.
"""

from pathlib import Path

import numpy as np

from cache.store import Store
from tests import stores
from tests.pages.test_pages import add

SCORED = [f"org/model-{number:02d}" for number in range(12)]
CANDIDATES = {"org/new-low": 0.42, "org/new-middle": 0.55, "org/new-high": 0.68, "org/new-far": 0.95}
BEST = "org/new-high"  # of those that the reference covers


def own_store(folder: Path, scored: int = 12, noise: float = 0.01, few: str = "") -> Store:
    """A new store in `folder` with what `fill` puts there."""
    return fill(stores.new(folder), scored, noise, few)


def fill(store: Store, scored: int = 12, noise: float = 0.01, few: str = "") -> Store:
    """The store, with scores of the first `scored` checkpoints; score = dispersion + noise.

    few: a checkpoint that was measured on 100 sequences, the others on 1,000.
    """
    rng = np.random.default_rng(7)
    values = dict(zip(SCORED, np.linspace(0.40, 0.70, 12), strict=True)) | CANDIDATES
    rows = []
    for number, (name, dispersion) in enumerate(values.items()):
        measures = {
            "dispersion": dispersion,
            "eee": float(rng.uniform(0.5, 0.7)),
            "vrm": float(rng.uniform(0.2, 0.4)),
            "isoscore": float(rng.uniform(0.05, 0.2)),
        }
        add(
            store,
            f"{number:032x}",
            name,
            measures,
            corpus="ptb+wikitext-2",
            sequences=100 if name == few else 1000,
            layers=12,
            width=256,
            family=f"family {number % 8}",
            architecture="GPTNeoXForCausalLM",
            kind="decoder",
            parameters=int(10 ** rng.uniform(7, 9)),
        )
        if name in SCORED[:scored]:
            value = dispersion + float(rng.normal(0, noise))
            rows.append({"subject": f"{number:032x}", "name": name, "value": value})
    shared = {"benchmark": "mine", "task": "my_task", "metric": "accuracy", "split": "", "source": "mine.csv"}
    store.add("scores", [row | shared | {"origin": "imported"} for row in rows])
    store.ingest()
    return store
