"""One call for any choice of measures on one table of vectors, with the work they share done once."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from core.measures.registry import MEASURES, Measured, select

if TYPE_CHECKING:
    from core.blocks import Progress
    from core.measures.cloud import Cloud


def measure(vectors: Any, names: str | Iterable[str] | None = None, *, seed: int = 0) -> dict[str, float]:
    """Values of measures on a cloud or, for names with `unembedding_`, on an output-embedding matrix.

    Arguments:
        vectors: (n, d), one vector a row: a floating-point NumPy array, also memory-mapped, or torch tensor.
        names: as `select` takes them; None for every measure of a cloud that trains no quantizer.
        seed: of whatever is sampled or trained.

    Returns: name → value, in the order asked for.
    Raises InputError for vectors or names that cannot be used, and for a measure undefined on these vectors.
    """
    return {name: measured.value for name, measured in measure_detailed(vectors, names, seed=seed).items()}


def measure_detailed(
    vectors: Any,
    names: str | Iterable[str] | None = None,
    *,
    seed: int = 0,
    M: int = 4,
    k: int = 256,
    engine: str = "own",
    progress: "Progress | None" = None,
) -> dict[str, Measured]:
    """As `measure`, with each value's standard error and a note on what was left out or sampled.

    Arguments:
        M, k, engine: of the cell measures, see `core.measures.families.cells.compute`.
        progress: called as progress(stage, done, total, unit) between blocks of work; may raise to cancel.
    """
    from threadpoolctl import threadpool_limits

    from core.measures.cloud import Cloud

    chosen = select(names)
    if names is None:
        chosen = [name for name in chosen if MEASURES[name].subject == "cloud"]
    of_cells = [name for name in chosen if MEASURES[name].group == "cells"]
    spectra = any(MEASURES[name].cost == "one pass and d³" for name in chosen)
    cloud = Cloud(vectors, spectra=spectra, progress=progress)
    computations = _computations(seed)
    # Blocks of rows run in parallel here. Threads of BLAS itself wait busily for each other, which on a
    # machine with other work to do costs several times what they save.
    with threadpool_limits(1, user_api="blas"):
        cloud.moments  # noqa: B018  refuses numbers that are not finite, whatever is asked for
        found = {name: computations[name](cloud) for name in chosen if name not in of_cells}
    if of_cells:
        from core.measures.families import cells

        found |= cells.compute(vectors, of_cells, seed=seed, M=M, k=k, engine=engine, progress=progress)
    return {name: found[name] for name in chosen}


def _computations(seed: int) -> "dict[str, Callable[[Cloud], Measured]]":
    from core.measures.families import dispersion, spread, unembedding

    return {
        "dispersion": dispersion.dispersion,
        "dispersion_euclidean": lambda cloud: dispersion.dispersion_euclidean(cloud, seed),
        "mean_cosine_similarity": dispersion.mean_cosine_similarity,
        "eee": spread.eee,
        "vrm": spread.vrm,
        "isoscore": spread.isoscore,
        "effective_rank": spread.effective_rank,
        "effective_rank_ratio": spread.effective_rank_ratio,
        "unembedding_effective_rank": spread.effective_rank,
        "unembedding_effective_rank_ratio": spread.effective_rank_ratio,
        "unembedding_mean_cosine": dispersion.mean_cosine_similarity,
        "unembedding_isotropy": unembedding.isotropy,
    }
