"""Ranking, intervals and applicability of 1,000 candidates against a reference of 300, beside an empty page.

Both in one process, through the page itself: the store with 1,300 checkpoints measured here of which 300 have
a score of the user's own, and a store with nothing in it.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from cache.store import Store
from tests import TOP, stores

SCORED, CANDIDATES = 300, 1000
MEASURES = ("dispersion", "eee", "vrm", "isoscore", "effective_rank", "mean_cosine_similarity")


def filled(folder: Path) -> Store:
    """The store with 1,300 checkpoints of 60 families."""
    store = stores.new(folder)
    rng = np.random.default_rng(0)
    n = SCORED + CANDIDATES
    values = rng.normal(0.5, 0.1, (n, len(MEASURES)))
    subjects = [f"{number:032x}" for number in range(n)]
    facts = {"origin": "measured", "kind": "decoder", "layers": 12, "width": 256}
    store.add(
        "checkpoints",
        [
            {"subject": s, "name": f"model-{i}", "family": f"f{i % 60}", "parameters": 10_000_000 + i} | facts
            for i, s in enumerate(subjects)
        ],
    )
    text = {"corpus": "ptb+wikitext-2", "position": "all", "sequences": 1000, "layer": 12, "n": 9000}
    store.add("clouds", [text | {"cloud": s, "subject": s} for s in subjects])
    common = {"parameters": "{}", "seed": 0, "version": 1, "origin": "measured", "n": 9000}
    store.add(
        "measurements",
        [
            common | {"subject": s, "cloud": s, "measure": measure, "value": float(values[i, k])}
            for i, s in enumerate(subjects)
            for k, measure in enumerate(MEASURES)
        ],
    )
    score = {"benchmark": "mine", "task": "my_task", "metric": "accuracy", "split": "", "source": "mine.csv"}
    store.add(
        "scores",
        [
            score
            | {"subject": s, "name": f"model-{i}", "origin": "imported"}
            | {"value": float(0.3 + 0.5 * values[i, 0] + rng.normal(0, 0.02))}
            for i, s in enumerate(subjects[:SCORED])
        ],
    )
    store.ingest()
    return store


def seconds(folder: Path, measure: str = "") -> float:
    """How long the page takes to draw."""
    os.environ["LATENT_SHORTLIST_STORE"] = str(folder)
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=120)
    if measure:
        app.query_params["rank_by"] = measure
    start = time.perf_counter()
    app.run()
    assert not app.exception
    return time.perf_counter() - start


def main() -> None:
    """Print the times and their difference."""
    from cache.predictions import predictions_of, shortlist_of
    from cache.tables import one_row_each

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        full, bare = filled(folder / "full"), stores.new(folder / "bare")
        seconds(bare.folder)  # imports of the page
        overview = one_row_each(full)
        start = time.perf_counter()
        import sklearn.model_selection  # noqa: F401  # what the first prediction of a process imports

        imported = time.perf_counter() - start
        start = time.perf_counter()
        predictions = predictions_of(full, "my_task", "best", (), "own")
        fitted = time.perf_counter()
        shown = shortlist_of(full, "my_task", "best", (), "own", frozenset(map(str, overview.rows.index)))
        ranked = time.perf_counter()
        empty, page = seconds(bare.folder), seconds(full.folder)
        print(f"{len(shown.candidates):,} candidates, reference of {predictions.model.n}:")
        print(f"  imports, once a process                {imported:.2f} s")
        print(f"  choice, fit, intervals, applicability  {fitted - start:.2f} s")
        print(f"  ranks, ties and chances                {ranked - fitted:.2f} s")
        print(f"  together                               {ranked - start:.2f} s (target: below 1 s)")
        print(
            f"  the page after that                    {page:.2f} s; with the published alone {empty:.2f} s"
        )


if __name__ == "__main__":
    main()
