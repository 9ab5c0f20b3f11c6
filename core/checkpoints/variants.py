"""Variants of a checkpoint as recipes: the weights are made when they are needed, the same bits every time.

Source: Marbut et al. 2024 (arXiv 2406.12159), Eq. 1 and Section 3.4, and the authors' code, which perturbs
every `*.weight` of the encoder's layers (LayerNorms included) and leaves biases and embeddings as they are.
A recipe is written after a plus sign: `minilm+noise:0.1:111`.

    noise:ALPHA:SEED         W ← (1 − α)·W + α·ε, ε ~ N(0, 1), of the layers' weights
    shuffled:SEED            the rows of the input embedding in random order
    reinitialised:SEED       every weight as the model's own initialisation draws it
    untrained:SEED           the same, but the input embedding stays trained ("Untrained" in the paper)
    embeddings-of:CHECKPOINT the input embedding, and the tokenizer, of another checkpoint of the same width

The input embedding is the table of token vectors; tables of positions and segments belong to the rest.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.errors import InputError

if TYPE_CHECKING:
    import torch

SEEDS = (111, 222, 333)  # the authors' three
KINDS = ("noise", "shuffled", "reinitialised", "untrained", "embeddings-of")
FORMS = "noise:ALPHA:SEED, shuffled:SEED, reinitialised:SEED, untrained:SEED or embeddings-of:CHECKPOINT"
_RECIPE = re.compile(rf"\+({'|'.join(KINDS)})(?::(.*))?")


@dataclass(frozen=True)
class Recipe:
    """How to make a variant. alpha: the fraction of noise; other: whose input embedding it gets."""

    kind: str
    seed: int = SEEDS[0]
    alpha: float | None = None
    other: str | None = None

    def __str__(self) -> str:
        if self.kind == "noise":
            return f"noise:{self.alpha:.6g}:{self.seed}"
        return f"{self.kind}:{self.other or self.seed}"

    @property
    def title(self) -> str:
        """What follows the base checkpoint's name: "10 % noise, seed 111"."""
        if self.kind == "noise":
            return f"{100 * (self.alpha or 0):.6g} % noise, seed {self.seed}"
        fields = {
            "shuffled": "input embedding shuffled",
            "reinitialised": "re-initialised",
            "untrained": "re-initialised with trained input embedding",
        }
        return f"input embedding of {self.other}" if self.other else f"{fields[self.kind]}, seed {self.seed}"

    @property
    def changes_embedding(self) -> bool:
        """Whether the input embedding is another than the base checkpoint's."""
        return self.kind in ("shuffled", "reinitialised", "embeddings-of")

    @property
    def variant(self) -> str:
        """As the store's column `variant` calls it."""
        return "perturbed" if self.kind == "noise" else "non-standard"


def split(name: str) -> tuple[str, Recipe | None]:
    """The base checkpoint's name and the recipe in `name`; None where it names a checkpoint as it is.

    Noise of fraction 0 is no recipe: the checkpoint itself.
    Errors: InputError for a recipe that cannot be followed.
    """
    match = _RECIPE.search(name)
    if match is None:
        return name, None
    base, kind, rest = name[: match.start()], match[1], match[2] or ""
    wrong = InputError(f"{name} is no variant of a checkpoint: write {FORMS} after the plus sign.")
    if kind == "embeddings-of":
        if not rest:
            raise wrong
        return base, Recipe(kind, other=rest)
    numbers = rest.split(":") if rest else []
    try:
        alpha = float(numbers.pop(0)) if kind == "noise" else None
        seed = int(numbers.pop(0)) if numbers else SEEDS[0]
    except (ValueError, IndexError):
        raise wrong from None
    if numbers or not base or seed < 0:
        raise wrong
    if alpha is not None and not 0 <= alpha <= 1:
        raise InputError(f"{name} asks for a fraction of noise of {alpha:g}: give one from 0 to 1.")
    return base, None if alpha == 0 else Recipe(kind, seed, alpha)


def fingerprint(base: str, recipe: Recipe, other: str | None = None) -> str:
    """Of a variant (32 hex digits), from those of its base and of the checkpoint it borrows from."""
    spelled = str(replace(recipe, other=other) if other else recipe)
    return hashlib.sha256(f"{base}+{spelled}".encode()).hexdigest()[:32]


def apply(model: Any, recipe: Recipe, embedding: "torch.Tensor | None" = None) -> None:
    """Make a loaded model (without head, float32, on the CPU) the variant, in place.

    embedding: (V, d), for a recipe that borrows one.
    Errors: InputError for a model whose layers cannot be found, and for an embedding of another width.
    """
    import torch

    with torch.no_grad():
        if recipe.kind == "noise":
            generator = torch.Generator().manual_seed(recipe.seed)
            alpha = float(recipe.alpha or 0)
            for weight in layer_weights(model):
                noise = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
                weight.mul_(1 - alpha).add_(noise, alpha=alpha)
        elif recipe.kind == "shuffled":
            table = model.get_input_embeddings().weight
            generator = torch.Generator().manual_seed(recipe.seed)
            table.copy_(table[torch.randperm(len(table), generator=generator)])
        elif recipe.kind == "embeddings-of":
            _borrow(model, embedding)
        else:
            _reinitialise(model, recipe)


def layer_weights(model: Any) -> "list[torch.nn.Parameter]":
    """What noise is added to: every parameter called `weight` in the model's stack of layers, in order.

    Errors: InputError where the model has no single stack of as many layers as its config states.
    """
    from torch import nn

    layers = model.config.num_hidden_layers
    stacks = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == layers]
    if len(stacks) != 1:
        raise InputError(
            f"Noise goes into the layers of a model, and a {type(model).__name__} has {len(stacks)} stacks "
            "of "
            f"{layers} layers: only models with one can be perturbed."
        )
    return [p for name, p in stacks[0].named_parameters() if name.rpartition(".")[2] == "weight"]


def _borrow(model: Any, embedding: "torch.Tensor | None") -> None:
    from torch import nn

    own = model.get_input_embeddings()
    width = own.weight.shape[1]
    assert embedding is not None
    if embedding.shape[1] != width:
        raise InputError(
            f"An input embedding of width {embedding.shape[1]} does not fit a model of width {width}: borrow "
            "from a checkpoint of the same width."
        )
    table = nn.Embedding(*embedding.shape)
    table.weight.copy_(embedding)
    model.set_input_embeddings(table.to(own.weight.dtype))
    model.config.vocab_size = len(embedding)
    model.config.pad_token_id = None


def _reinitialise(model: Any, recipe: Recipe) -> None:
    import torch

    trained = model.get_input_embeddings().weight.clone()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        fresh = type(model)._from_config(model.config)
    model.load_state_dict(fresh.state_dict())
    if recipe.kind == "untrained":
        model.get_input_embeddings().weight.copy_(trained)
