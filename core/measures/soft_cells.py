"""A differentiable point patchiness, for use in training: vectors belong to cells by degrees.

The point patchiness of arXiv 2406.12159 (Eq. 3) counts vectors in the cells of a quantizer, and a count has
no gradient; the paper names this as what keeps it out of training. Here a vector belongs to the centroids c
of a codebook in shares softmax(−‖x − c‖²/T), the counts are sums of shares, and the rest is the same
formula. As the temperature T falls to 0, the value tends to that of the nearest-centroid codes. Centroids
may be fixed or trained along: gradients reach both.

Not covered: training LSQ codebooks themselves; their codes enter as given.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    import torch


def soft_counts(
    vectors: "torch.Tensor",
    codebooks: "Sequence[torch.Tensor]",
    temperature: float,
    *,
    codes: "torch.Tensor | None" = None,
) -> "torch.Tensor":
    """Shares of vectors in each cell, summed: (M, k), each row adding up to n.

    Arguments:
        vectors: (n, d), floating point.
        codebooks: M tensors (k, width). Without `codes` those of a product quantizer, whose widths add up to
            d, one part of the dimensions after the other.
        temperature: T > 0, in units of squared distance.
        codes: (n, M) integers, for an additive quantizer, whose widths are all d: the codes of the other
            codebooks are held fixed, and each is assigned what they leave of the vector.

    Raises InputError for a temperature or widths that cannot be.
    """
    import torch

    if not temperature > 0:
        raise InputError(
            f"The temperature must be above 0, but is {temperature}; the measure itself is at 0."
        )
    widths = [codebook.shape[1] for codebook in codebooks]
    d = vectors.shape[1]
    if (sum(widths) != d) if codes is None else any(width != d for width in widths):
        raise InputError(
            f"Codebooks of widths {', '.join(map(str, widths))} do not fit vectors of {d} dimensions; "
            "without codes the widths must add up to them, with codes each must equal them."
        )
    if codes is None:
        targets = list(torch.split(vectors, widths, dim=1))
    else:
        words = [codebook[codes[:, m].long()] for m, codebook in enumerate(codebooks)]
        whole = torch.stack(words).sum(0)
        targets = [vectors - whole + word for word in words]
    counts = []
    for target, codebook in zip(targets, codebooks, strict=True):
        closeness = 2 * target @ codebook.T - codebook.square().sum(1)  # ‖x‖² is the same for all centroids
        counts.append(torch.softmax(closeness / temperature, dim=1).sum(0))
    return torch.stack(counts)


def soft_patchiness(
    vectors: "torch.Tensor",
    codebooks: "Sequence[torch.Tensor]",
    temperature: float,
    *,
    codes: "torch.Tensor | None" = None,
) -> "torch.Tensor":
    """(m + V/m − 1)/m, m and V mean and variance of a codebook's soft counts, averaged over codebooks.

    Arguments as for `soft_counts`. Returns: a scalar with gradients to vectors and codebooks.
    """
    counts = soft_counts(vectors, codebooks, temperature, codes=codes)
    mean, variance = counts.mean(1), counts.var(1, correction=0)
    return ((mean + variance / mean - 1) / mean).mean()
