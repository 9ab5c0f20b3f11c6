"""Named references of real checkpoints: the hub ids of each, and their sizes as far as they are known.

The sizes in `checkpoint_sizes.csv` are those that the sources of the scores print; GPT-2's are those of its
model cards. Any other is read off the name, where a number of millions or billions stands in it
("pythia-70m", "Qwen2.5-0.5B"), so it is rounded, and a few makers leave the embeddings out of theirs. Where
neither says it, the size is not known: "base" and "large" mean something else in each family, and a number in
a name of BabyLM is one of words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from core.errors import InputError
from core.reference import real_checkpoints

_HERE = Path(__file__).parent
_NUMBER = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([mb])(?![a-z0-9])")
_STORED = {"encoders": 4, "decoders": 2}  # bytes a parameter as most of them are published: float32, bfloat16


@dataclass(frozen=True)
class Member:
    """A checkpoint of a reference: its hub id, its parameters (None: not known), bytes stored a parameter."""

    name: str
    parameters: int | None
    bytes_each: int

    @property
    def bytes_about(self) -> int | None:
        """What its weights take as far as the number of parameters tells; None where that is not known."""
        return None if self.parameters is None else self.parameters * self.bytes_each


_SCORES: dict[str, Callable[[], pd.DataFrame]] = {
    "encoders": real_checkpoints.encoder_scores,
    "decoders": real_checkpoints.decoder_scores,
}
NAMES = tuple(_SCORES)  # references whose checkpoints are to be measured; others are measured already


@cache
def members(reference: str) -> tuple[Member, ...]:
    """The checkpoints of a reference, by name.

    Raises InputError for a name that is none of NAMES.
    """
    if reference not in _SCORES:
        raise InputError(
            f"There is no reference {reference} whose checkpoints are on the hub: choose "
            f"{' or '.join(NAMES)}."
        )
    names = sorted(_SCORES[reference]()["checkpoint"].unique(), key=str.lower)
    return tuple(Member(name, parameters(name), _STORED[reference]) for name in names)


def parameters(hub_id: str) -> int | None:
    """The number of parameters, as a source prints it, else as the hub id says; None where neither does."""
    if hub_id in _printed():
        return _printed()[hub_id]
    owner, _, model = hub_id.lower().rpartition("/")
    words = _NUMBER.findall(model)
    if not words or owner == "babylm":
        return None
    number, unit = words[0]
    return round(float(number) * {"m": 1e6, "b": 1e9}[unit])


@cache
def _printed() -> dict[str, int]:
    table = pd.read_csv(_HERE / "checkpoint_sizes.csv")
    return {
        name: round(1e6 * millions)
        for name, millions in zip(table["checkpoint"], table["millions"], strict=True)
    }
