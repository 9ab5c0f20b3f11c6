"""The states of one layer of a model, without running what lies above it."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from core.errors import InputError

States = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
_LAST = (
    "the last layer of {name} is its last_hidden_state, which is not the last of its hidden_states in "
    "transformers"
)


class _Reached(Exception):  # noqa: N818 - it says that all went well
    """Carries a block's states out of the forward pass it interrupts."""

    def __init__(self, states: torch.Tensor) -> None:
        self.states = states


def states_of(
    model: Any, layer: int | None, example: torch.Tensor, name: str
) -> tuple[States, int, str | None]:
    """A function (ids (b, t), mask (b, t) or None) → states (b, t, d) of one layer, its number, and a note.

    The top layer's states are the model's `last_hidden_state`; the note says where `hidden_states` ends with
    others (those before a last normalization, mostly).
    model: as core.checkpoints.loading.load_model gives it. layer: numbered as transformers numbers
    `hidden_states`, from 0 (embeddings) to L; None is L. example: ids (b, t) to run once. name: how a message
    calls the model. The short way to a lower layer (stopping at a block) is taken only if on `example` it
    gives the very bits of `hidden_states[layer]`; else all states are computed and one is kept.
    Errors: InputError if there is no such layer, or not one vector a token in it.
    """
    extra = {"use_cache": False} if _takes_cache(model) else {}

    def whole(ids: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        made = model(input_ids=ids, attention_mask=mask, output_hidden_states=True, **extra)
        # Of a layer that passes something on beside the states, they are the first (PEGASUS-X).
        return tuple(one[0] if isinstance(one, tuple) else one for one in made.hidden_states)

    def last(ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return model(input_ids=ids, attention_mask=mask, **extra).last_hidden_state

    def until(ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        try:
            return last(ids, mask)
        except _Reached as reached:
            return reached.states

    with torch.inference_mode():
        expected = whole(example, None)
        top = len(expected) - 1
        chosen = top if layer is None else layer
        if not 0 <= chosen <= top:
            raise InputError(f"{name} has no layer {layer}: its layers are 0 (embeddings) to {top} (last).")
        states = last(example, None) if chosen == top else expected[chosen]
        if (vectors := states.shape[1]) != example.shape[1]:
            raise InputError(
                f"Layer {chosen} of {name} has {vectors} vectors for {example.shape[1]} tokens, since the "
                "model pools them there: choose another layer."
            )
        if chosen == top:
            same = states.shape == expected[top].shape and torch.allclose(states, expected[top], atol=1e-5)
            return last, top, None if same else _LAST.format(name=name)
        stop = _stop(model, chosen, top)
        if torch.equal(until(example, None), expected[chosen]):
            return until, chosen, None
        if stop is not None:
            stop.remove()
        return lambda ids, mask: whole(ids, mask)[chosen], chosen, None


def _takes_cache(model: nn.Module) -> bool:
    """Whether a forward pass can be told not to keep keys and values; that of an encoder may know of none."""
    parameters = inspect.signature(model.forward).parameters.values()
    named = any(one.name == "use_cache" or one.kind is one.VAR_KEYWORD for one in parameters)
    return named and hasattr(getattr(model, "config", None), "use_cache")


def _stop(model: nn.Module, layer: int, layers: int) -> Any:
    """Make a forward pass end with the states of `layer`; None if the model's blocks are not found."""
    stacks = [
        module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) == layers
    ]
    if len(stacks) != 1:
        return None

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        raise _Reached(args[0] if args else kwargs["hidden_states"])

    def after(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        raise _Reached(output[0] if isinstance(output, tuple | list) else output)

    if layer == 0:
        return stacks[0][0].register_forward_pre_hook(before, with_kwargs=True)
    return stacks[0][layer - 1].register_forward_hook(after)
