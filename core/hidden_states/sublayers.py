"""The outputs of the two sub-layers of a transformer block, attention and feed-forward, by hooks.

With x the block's input, a what its attention returns and m what its feed-forward part returns, the papers
mean different vectors by "the output of a sub-layer", so each has a name here:

    attention            the residual stream after attention: x + a. ĥ in Section 3.3 of "On the predictive
                         power of representation dispersion in language models", of its Table 1
    feed_forward         the block's output, the next block's input: ĥ + m. h in that section
    attention_output     a alone, before it is added
    feed_forward_output  m alone, before it is added
    feed_forward_input   what the feed-forward part reads: ĥ after the normalization before it. The key that
                         Khandelwal et al. 2020 (arXiv 1911.00172) found best for kNN-LM

Where a block normalizes after adding (OpenAI GPT), the stream after attention is the normalized sum, to which
m is added. Where both parts read the same input (GPT-NeoX, GPT-J), `attention` is x + a all the same, which
the model itself never forms. Where a model scales or normalizes what a part returns before adding it (Gemma
2), a and m are what the part itself returns.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.checkpoints.architecture import ATTENTION, FEED_FORWARD, FEED_FORWARD_ENDS
from core.errors import InputError

KINDS = ("attention", "feed_forward", "attention_output", "feed_forward_output", "feed_forward_input")


@dataclass(frozen=True)
class SubLayers:
    """The vectors of one block in one forward pass, each (b, t, d); see the module's lines for their names.

    input: x, the states that the block reads.
    """

    input: torch.Tensor
    attention: torch.Tensor
    feed_forward: torch.Tensor
    attention_output: torch.Tensor
    feed_forward_output: torch.Tensor
    feed_forward_input: torch.Tensor


def blocks_of(model: nn.Module, layers: int, name: str) -> list[nn.Module]:
    """The blocks of a model, in their order.

    layers: how many. name: how the message calls the model.
    Errors: InputError for a model without one list of so many modules, or whose blocks have no part that is
    known as attention or as feed-forward.
    """
    stacks = [one for one in model.modules() if isinstance(one, nn.ModuleList) and len(one) == layers]
    whole = len(stacks) == 1 and all(_attention(one) and _feed_forward(one) for one in stacks[0])
    if not whole:
        raise InputError(
            f"The blocks of {name} have no attention and feed-forward parts that are known by name (such as "
            "self_attn and mlp), so they have no sub-layers here: choose among its layers."
        )
    return list(stacks[0])


@contextmanager
def recording(
    blocks: Sequence[nn.Module], chosen: Sequence[int], receive: Callable[[int, SubLayers], None]
) -> Iterator[None]:
    """Call `receive` at the end of each chosen block of every forward pass meanwhile, in the pass' thread.

    blocks: as `blocks_of` gives them. chosen: their numbers, 1 to L; block l ends with layer l.
    receive: receive(block, vectors); what it does not keep is freed before the next block.
    """
    with ExitStack() as hooks:
        for number in chosen:
            for handle in _Recorder(number, blocks[number - 1], receive).hooks():
                hooks.callback(handle.remove)
        yield


def _attention(block: nn.Module) -> nn.Module | None:
    """The attention part of a block, None where no child has a known name."""
    return next((part for part in map(dict(block.named_children()).get, ATTENTION) if part), None)


def _feed_forward(block: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    """The module that reads what the feed-forward part reads, and the one that returns what it returns."""
    children = dict(block.named_children())
    part = next((part for part in map(children.get, FEED_FORWARD) if part), None)
    if part is not None:
        return part, part
    first, last = map(children.get, FEED_FORWARD_ENDS)
    return (first, last) if first is not None and last is not None else None


class _Pass(threading.local):
    """What was seen of the pass of a thread.

    passed: tensors as they were passed, which say by their memory where a vector went. copies: of those that
    a block may change in place afterwards. others: (read, returned) of the modules that are neither part.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.passed: dict[str, torch.Tensor] = {}
        self.copies: dict[str, torch.Tensor] = {}
        self.others: list[tuple[torch.Tensor, torch.Tensor]] = []


class _Recorder:
    """Hooks on one block: what its parts read and return, from the start of a pass to the block's end."""

    def __init__(self, number: int, block: nn.Module, receive: Callable[[int, SubLayers], None]) -> None:
        self._number, self._block, self._receive = number, block, receive
        attention, ends = _attention(block), _feed_forward(block)
        assert attention is not None and ends is not None
        self._attention, (self._first, self._last) = attention, ends
        self._pass = _Pass()

    def hooks(self) -> Iterator[Any]:
        yield self._block.register_forward_pre_hook(self._begin, with_kwargs=True)
        yield self._attention.register_forward_hook(self._returned("attention"))
        yield self._first.register_forward_pre_hook(self._read, with_kwargs=True)
        yield self._last.register_forward_hook(self._returned("feed_forward"))
        for child in self._block.children():
            if child not in (self._attention, self._first, self._last) and not isinstance(child, nn.Dropout):
                yield child.register_forward_hook(self._other)
        yield self._block.register_forward_hook(self._end)

    def _begin(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._pass.clear()
        self._pass.passed["input"] = _first(args, kwargs)

    def _read(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._pass.passed["read"] = _first(args, kwargs)

    def _returned(self, part: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            self._pass.passed[part] = _tensor(output)
            self._pass.copies[part] = self._pass.passed[part].clone()

        return hook

    def _other(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if args and isinstance(args[0], torch.Tensor) and isinstance(output, torch.Tensor):
            self._pass.others.append((args[0], output))

    def _end(self, module: nn.Module, args: Any, output: Any) -> None:
        x, read, out = self._pass.passed["input"], self._pass.passed["read"], _tensor(output)
        a, m = self._pass.copies["attention"], self._pass.copies["feed_forward"]
        stream = self._stream(x, read, out, a)
        if _same(self._pass.passed["attention"], stream):  # the part adds the stream itself (BLOOM)
            a = stream - x
        if _same(self._pass.passed["feed_forward"], out):
            m = out - stream.reshape(out.shape)
        vectors = (x, stream, out, a, m, read)
        self._pass.clear()
        self._receive(self._number, SubLayers(*(one.reshape(x.shape) for one in vectors)))

    def _stream(
        self, x: torch.Tensor, read: torch.Tensor, out: torch.Tensor, a: torch.Tensor
    ) -> torch.Tensor:
        """The residual stream after attention, found by where the tensors went."""
        if any(_same(returned, out) for _, returned in self._pass.others):  # normalizes after adding
            return read
        before = next((given for given, returned in self._pass.others if _same(returned, read)), read)
        return x + a if _same(before, x) else before


def _first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    return args[0] if args else kwargs["hidden_states"]


def _tensor(output: Any) -> torch.Tensor:
    return output[0] if isinstance(output, tuple | list) else output


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are the same numbers in memory, whatever their shapes."""
    return one.data_ptr() == other.data_ptr() and one.numel() == other.numel()
