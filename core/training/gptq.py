"""Weights rounded to a few bits after training, one layer after the other, by GPTQ or to the nearest.

Source: Frantar et al. 2023 (arXiv 2210.17323), Algorithm 1 without its blocks of columns, which change the
order of the work and not the result. Columns are rounded one by one, and what each loses is made up for by
those not yet rounded, so that ‖WX − QX‖² over calibration text stays small. The grid of a row is asymmetric,
from its least to its largest weight. Written here because no kept library runs on this stack: GPTQModel is
built for devices, llm-compressor is held to an older transformers.

Not covered: activations, which stay as they are, and packed storage: weights are replaced by their rounded
values, so what is measured is the loss of a quantized model, not its speed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Progress = Callable[[str, int, int, str], None]

DAMPING = 0.01  # of the mean of H's diagonal, as in the paper
METHODS = ("gptq", "nearest")
_ROWS = 16  # blocks of calibration text that are read at once


def grid(weight: "torch.Tensor", bits: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """(step, zero) of each row of (out, in), both (out, 1): values are step · (integer − zero)."""
    import torch

    low = weight.amin(1, keepdim=True).clamp(max=0)
    high = weight.amax(1, keepdim=True).clamp(min=0)
    step = (high - low) / (2**bits - 1)
    step = torch.where(step == 0, torch.ones_like(step), step)
    return step, torch.round(-low / step)


def nearest(weight: "torch.Tensor", step: "torch.Tensor", zero: "torch.Tensor", bits: int) -> "torch.Tensor":
    """The nearest value of the grid to each weight (out, k)."""
    import torch

    return step * (torch.clamp(torch.round(weight / step) + zero, 0, 2**bits - 1) - zero)


def gptq(weight: "torch.Tensor", gram: "torch.Tensor", bits: int) -> "torch.Tensor":
    """Weights (out, in) on their grid that lose little of WX.

    gram: XXᵀ (in, in) over the inputs X of calibration text; an input that is always 0 gets weight 0.
    """
    import torch

    kept = weight.double().clone()
    hessian = gram.double().clone()
    dead = hessian.diagonal() == 0
    hessian[dead, dead] = 1
    kept[:, dead] = 0
    step, zero = grid(kept, bits)
    hessian.diagonal().add_(DAMPING * hessian.diagonal().mean())
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    upper = torch.linalg.cholesky(inverse, upper=True)
    rounded = torch.empty_like(kept)
    for column in range(kept.shape[1]):
        values = kept[:, column : column + 1]
        rounded[:, column : column + 1] = nearest(values, step, zero, bits)
        lost = (values - rounded[:, column : column + 1]) / upper[column, column]
        kept[:, column + 1 :] -= lost * upper[column, column + 1 :]
    return rounded.to(weight.dtype)


def quantize(
    model: "PreTrainedModel",
    rows: np.ndarray,
    bits: int = 4,
    method: str = "gptq",
    progress: Progress | None = None,
) -> float:
    """Replace the matrices of every block of `model` by rounded ones; embeddings and output matrix stay.

    rows: token ids (n, length) to calibrate on; each block sees what the rounded blocks before it give.
    Returns: the share of the blocks' parameters that were rounded; experts kept in one tensor are not.
    Errors: InputError for a model without one list of blocks, or whose blocks have no linear layer.
    """
    import torch

    stack = _blocks(model)
    device = next(model.parameters()).device
    model.eval()
    rounded = 0
    with torch.no_grad():
        for place, block in enumerate(stack):
            linear = [module for module in block.modules() if _matrix(module) is not None]
            grams = _grams(model, linear, rows, device) if method == "gptq" else {}
            for module in linear:
                weight = _matrix(module)
                assert weight is not None
                rounded += weight.numel()
                if method == "nearest":
                    weight.copy_(nearest(weight, *grid(weight, bits), bits))
                elif module in grams:  # an expert that no token reached has nothing to be calibrated on
                    weight.copy_(gptq(weight, grams[module], bits))
            if progress is not None:
                progress(f"rounding to {bits} bits ({method})", place + 1, len(stack), "blocks")
    whole = sum(p.numel() for block in stack for p in block.parameters())
    return rounded / whole


def _blocks(model: Any) -> list[Any]:
    """The blocks of a model, in their order."""
    import torch

    lists = [one for one in model.modules() if isinstance(one, torch.nn.ModuleList)]
    longest = [one for one in lists if len(one) == model.config.get_text_config().num_hidden_layers]
    linear = longest and any(_matrix(module) is not None for module in longest[0].modules())
    if len(longest) != 1 or not linear:
        raise InputError(
            f"The blocks of a {type(model).__name__} are not one list of modules with linear layers, so they "
            "are not quantized here: give a decoder of another class."
        )
    return list(longest[0])


def _matrix(module: Any) -> "torch.Tensor | None":
    """The weight (out, in) of a linear layer, a view of it where the class stores it transposed."""
    import torch
    from transformers.pytorch_utils import Conv1D

    if isinstance(module, Conv1D):
        return module.weight.T
    return module.weight if isinstance(module, torch.nn.Linear) else None


def _grams(model: Any, linear: list[Any], rows: np.ndarray, device: Any) -> dict[Any, "torch.Tensor"]:
    """XXᵀ of what each layer is given when the model reads `rows`."""
    import torch

    grams: dict[Any, torch.Tensor] = {}

    def seen(module: Any, given: tuple[torch.Tensor, ...], _: Any) -> None:
        x = given[0].reshape(-1, given[0].shape[-1]).double()
        grams[module] = grams[module] + x.T @ x if module in grams else x.T @ x

    hooks = [module.register_forward_hook(seen) for module in linear]
    try:
        for start in range(0, len(rows), _ROWS):
            model.base_model(
                input_ids=torch.from_numpy(rows[start : start + _ROWS]).to(device), use_cache=False
            )
    finally:
        for hook in hooks:
            hook.remove()
    return grams
