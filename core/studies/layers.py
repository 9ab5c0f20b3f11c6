"""Measures at every layer from one pass over the segments of a text, and how each goes with perplexity.

Sources: "On the predictive power of representation dispersion in language models", §2.2 (Figure 5); α-ReQ:
Agrawal et al. 2022 (NeurIPS); prompt entropy and curvature: `core.hidden_states.token_paths`.

Dispersion, effective rank and α-ReQ are of the segments' vectors: of a decoder the last token's, of a
checkpoint that reads in both directions the mean over tokens. Correlations are over the bins of segments that
`core.studies.perplexity_bins` picks, each measure taken within a bin.

Not shown: whether a layer is of use. A measure that goes with perplexity need not go with any score.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from core.blocks import Progress
from core.measures.measuring import measure_detailed
from core.studies.perplexity import Association, association
from core.studies.perplexity_bins import bins, evenly
from core.studies.segments import Read

MEASURES = ("dispersion", "effective_rank", "alpha_req", "prompt_entropy", "curvature")
FIRST, LAST = 11, 100  # ranks of eigenvalues that the decay is fitted over, as Agrawal et al. do
_FEWEST = 20  # eigenvalues from FIRST on; with fewer, all from the first are taken
_ROUNDING = 1e-10  # of the largest eigenvalue: those below are rounding


@dataclass(frozen=True)
class LayerFigures:
    """One layer. values: measure → its value over all segments, None where undefined.

    correlations: measure → with perplexity, over bins; empty for a checkpoint that predicts nothing.
    """

    layer: int
    values: dict[str, float | None]
    correlations: dict[str, Association]


def alpha_req(variances: np.ndarray) -> float:
    """Minus the slope of ln λ_i on ln i by least squares, λ_i the i-th largest variance; of i^−a it is a.

    Over the ranks 11 to 100; over all where fewer than 30 are above rounding; NaN for fewer than two.
    variances: (k,), descending.
    """
    kept = variances[variances > _ROUNDING * variances[0]] if len(variances) else variances
    kept = kept[:LAST]
    first = FIRST if len(kept) >= FIRST + _FEWEST - 1 else 1
    ranks = np.arange(first, len(kept) + 1)
    if len(ranks) < 2:
        return math.nan
    return float(-np.polyfit(np.log(ranks), np.log(kept[first - 1 :]), 1)[0])


def of_vectors(vectors: np.ndarray) -> dict[str, float]:
    """Dispersion, effective rank and α-ReQ of (n, d) vectors; NaN where undefined."""
    undefined: dict[str, str] = {}
    names = ["dispersion", "effective_rank"]
    values = {name: one.value for name, one in measure_detailed(vectors, names, undefined=undefined).items()}
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    small = centred.T @ centred if len(centred) > centred.shape[1] else centred @ centred.T
    variances = np.maximum(np.linalg.eigvalsh(small)[::-1], 0)
    decay = alpha_req(variances) if variances[0] > 0 else math.nan
    return {name: values.get(name, math.nan) for name in names} | {"alpha_req": decay}


def layers(
    read: Read, vectors: np.ndarray, size: int, count: int, progress: Progress | None = None
) -> list[LayerFigures]:
    """Every layer's measures and their correlations with perplexity.

    read, vectors: what `core.studies.segments.read` gives with `paths`. size, count: of bins.
    Errors: InputError for fewer segments than two bins take, of a checkpoint that predicts.
    """
    assert read.prompt_entropy is not None and read.curvature is not None
    paths = {"prompt_entropy": read.prompt_entropy, "curvature": read.curvature}
    last = len(read.curvature) - 1
    chosen: list[np.ndarray] = []
    if len(read.loss):
        made = bins(read.perplexity, size)
        means = np.array([read.perplexity[one].mean() for one in made])
        chosen = [made[j] for j in evenly(means, count)]
    perplexity = np.array([read.perplexity[one].mean() for one in chosen])
    found = []
    for layer in range(last + 1):
        if progress is not None:
            progress("measuring layers", layer, last + 1, "layers")

        @cache
        def on(which: int | None, layer: int = layer) -> dict[str, float]:
            rows = slice(None) if which is None else chosen[which]
            of_paths = {name: mean_of(values[layer, rows]) for name, values in paths.items()}
            return of_vectors(np.asarray(vectors[layer][rows])) | of_paths

        correlations = {
            name: association(perplexity, np.array([on(k)[name] for k in range(len(chosen))]))
            for name in (MEASURES if chosen else ())
        }
        values = {name: v if math.isfinite(v) else None for name, v in on(None).items()}
        found.append(LayerFigures(layer, values, correlations))
    return found


def mean_of(values: np.ndarray) -> float:
    """The mean of (n,) values, those that are undefined left out; NaN where all are."""
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else math.nan
