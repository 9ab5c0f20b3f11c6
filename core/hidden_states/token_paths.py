"""Measures of one sequence's states at one layer: how many directions its tokens use, how its path bends.

Sources: prompt entropy: Skean et al. 2025 (arXiv 2502.02013), the matrix entropy of order 1 of the Gram
matrix, here divided by ln T. Curvature: Hosseini and Fedorenko 2023 (arXiv 2311.04930), the mean angle
between successive steps.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def prompt_entropy(states: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
    """Shannon entropy of the eigenvalues of ZZᵀ/tr(ZZᵀ) over ln T, Z the T states of a sequence: (b,).

    0: all states lie on one line; 1: they are orthogonal and of one length. NaN for a sequence of one token,
    and where all states are zero.
    states: (b, t, d), padded on the right. lengths: (b,), T of each.
    """
    import torch

    real = _real(states, lengths)
    z = torch.where(real[:, :, None], states, 0).double()
    z = z / z.square().sum((1, 2), keepdim=True).sqrt()  # of trace 1
    small = z @ z.mT if z.shape[1] <= z.shape[2] else z.mT @ z  # both have the same eigenvalues above 0
    kept = torch.isfinite(z).all((1, 2)) & (lengths > 1)
    small = torch.where(kept[:, None, None], small, torch.eye(small.shape[-1], dtype=small.dtype).to(small))
    share = torch.linalg.eigvalsh(small).clamp(min=0)
    entropy = torch.special.entr(share).sum(1) / lengths.double().log()
    return torch.where(kept, entropy, math.nan)


def curvature(states: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
    """Mean angle in radians between z_{t+1} − z_t and z_{t+2} − z_{t+1} over a sequence's states z: (b,).

    A step of length zero has no direction, and its angles are left out; NaN where no angle is left.
    states: (b, t, d), padded on the right. lengths: (b,).
    """
    import torch

    steps = states.double().diff(dim=1)  # (b, t − 1, d)
    norms = torch.linalg.vector_norm(steps, dim=2)
    unit = steps / norms[:, :, None]
    # The angle from the half chords: exact for small angles and those near π, where arccos loses digits.
    apart = torch.linalg.vector_norm(unit[:, 1:] - unit[:, :-1], dim=2)
    along = torch.linalg.vector_norm(unit[:, 1:] + unit[:, :-1], dim=2)
    angles = 2 * torch.atan2(apart, along)  # (b, t − 2)
    real = _real(states, lengths)[:, 2:] & (norms[:, 1:] > 0) & (norms[:, :-1] > 0)
    return torch.where(real, angles, 0).sum(1) / real.sum(1)


def _real(states: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
    """Which tokens are none of the padding: (b, t)."""
    import torch

    return torch.arange(states.shape[1], device=states.device) < lengths[:, None].to(states.device)
