"""How well a decoder predicts a text: the baseline that measures of geometry must beat.

Sequences stand by themselves. What is predicted are the tokens of the text, each from those before it: the
first one only where the tokenizer puts a token before the text (BOS), and never what it puts behind (EOS).
The losses come from the model with its own head, `core.hidden_states.text_loss`.

Not covered: context across sequences, so values are higher than those of running text.
"""

import math
from dataclasses import dataclass

from core.errors import InputError
from core.measures.entry import Group, Measure, Measured


@dataclass(frozen=True)
class TextLoss:
    """Sums over a text: nats of its predicted tokens, how many these are, and the bytes that they stand for.

    bytes: of UTF-8, None where the tokenizer does not say which text a token stands for. Text that a closed
    vocabulary leaves out counts among neither.
    """

    nats: float
    tokens: int
    bytes: int | None


def loss(text: TextLoss) -> Measured:
    """Mean of −ln p over all predicted tokens of the text, in nats a token; a token counts the same wherever.

    Its exponential is the perplexity. Raises InputError where no sequence has a token to predict.
    """
    _require_tokens(text)
    return Measured(text.nats / text.tokens)


def bits_per_byte(text: TextLoss) -> Measured:
    """Σ −log₂ p over all predicted tokens, divided by the bytes of UTF-8 of the text that they stand for.

    Of a sequence these are the bytes from its first to its last predicted token: neither what was cut off
    at its end nor a first token that nothing predicts. A character that the cut goes through counts as whole.
    Raises InputError where no sequence has a token to predict, and for a tokenizer that does not say which
    text a token stands for.
    """
    _require_tokens(text)
    if not text.bytes:
        raise InputError(
            "The tokenizer does not say which text a token stands for, so there are no bits a byte: save a "
            "fast one (tokenizer.json) beside the weights."
        )
    return Measured(text.nats / math.log(2) / text.bytes)


def _require_tokens(text: TextLoss) -> None:
    if not text.tokens:
        raise InputError("No sequence has a token before another to predict it from: give longer ones.")


GROUP = Group(
    "decoder",
    "how well a decoder predicts the text",
    place=6,
    note="The baseline that geometry must beat. Encoders and files of vectors have no value. `all` leaves "
    "these out, since they take a forward pass of their own, with the head: ask for `all,decoder`.",
)
ENTRIES = (
    Measure(
        name="loss",
        function=loss,
        needs=("losses",),
        title="Loss",
        meaning="How badly a decoder predicts the text, in nats a token of its own tokenizer.",
        direction="higher: the text is predicted worse; compares between checkpoints of one tokenizer",
        better="lower",
        source="any language model; its exponential is the perplexity",
        group="decoder",
        cost="a forward pass of its own",
    ),
    Measure(
        name="bits_per_byte",
        function=bits_per_byte,
        needs=("losses",),
        title="Bits per byte",
        meaning="How badly a decoder predicts the text, in bits a byte, whatever its tokenizer cuts.",
        direction="higher: the text is predicted worse; compares between tokenizers",
        better="lower",
        source="Gao et al. 2020, arXiv 2101.00027, Section 3.1",
        group="decoder",
        cost="a forward pass of its own",
    ),
)
