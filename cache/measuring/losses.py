"""How well a checkpoint predicts a text sample, from a pass of its own, obtained when first asked for.

Measurements of it stand under the key of the cloud of hidden states on the same text, as all that belongs to
that text does; the losses themselves are not kept. The pass also gives what the cloud's row of `clouds` says,
so losses may be measured first, or alone.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cache.measuring.vectors import cloud_row
from core.errors import InputError

if TYPE_CHECKING:
    from cache.requests import Progress, Settings
    from core.checkpoints.resolve import Checkpoint
    from core.corpora.sources import Sample
    from core.hidden_states.text_loss import Predicted


class Losses:
    """The losses of a text sample. obtain: runs the model, and gives also the row of `clouds`."""

    def __init__(self, obtain: Callable[[], "tuple[Predicted, dict[str, Any]]"]) -> None:
        self._obtain = obtain

    @cached_property
    def obtained(self) -> "tuple[Predicted, dict[str, Any]]":
        """How well the text is predicted, and the row of `clouds` of the hidden states on it.

        InputError for a checkpoint whose files or class have no causal head.
        """
        return self._obtain()

    @property
    def is_obtained(self) -> bool:
        """Whether the model was run for them."""
        return "obtained" in self.__dict__


def of_checkpoint(
    checkpoint: "Checkpoint",
    sample: "Sample",
    settings: "Settings",
    precision: str,
    cloud: str,
    tell: "Progress",
) -> Losses:
    """The losses of a checkpoint on a text sample; cloud: the key of the hidden states on it."""

    def obtain() -> "tuple[Predicted, dict[str, Any]]":
        from core.hidden_states.text_loss import text_loss

        tell("loading the model", 0, 0, "")
        made = text_loss(
            checkpoint,
            sample.sequences,
            max_length=settings.max_length,
            device=settings.device,
            precision=precision,
            progress=tell,
        )
        layer = made.last if settings.layer is None else settings.layer
        if layer > made.last:
            raise InputError(f"{checkpoint.name} has no layer {layer}: its last is {made.last}.")
        n = made.tokens if settings.position == "all" else len(sample.sequences)
        row = {"layer": layer, "precision": made.precision, "n": n, "d": made.d, "tokens": made.tokens}
        return made, cloud_row(checkpoint, sample, settings, cloud) | row | {"note": made.note}

    return Losses(obtain)


def why_none(checkpoint: "Checkpoint") -> str:
    """Why a checkpoint predicts no text, as far as its config says, or ""."""
    from core.checkpoints.language_models import refuse_others

    try:
        refuse_others(checkpoint)
    except InputError as error:
        return str(error)
    return ""
