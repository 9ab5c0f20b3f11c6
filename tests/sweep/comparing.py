"""One class: its states by the product, and by plain transformers one sequence at a time."""

import inspect
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints.quiet import quiet
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.extraction import extract
from tests import tiny
from tests.sweep.making import Case, build

FOLDER = "tiny"  # what the folder of each class is called
TOLERANCE = 1e-4  # of the norm of a token's states
# Twenty, nineteen and eighteen words side by side share a batch under a mask; others are shorter.
TEXTS = [" ".join(["the", "of", "and", "to"] * 5)[i:] for i in (0, 4, 7, 0, 4)]
TEXTS += [one for one in tiny.sentences(10, seed=3) if one.count(" ") > 1]
OUTCOMES = {
    "equal": "the states of plain transformers",
    "noted": "the states of plain transformers, with a note",
    "refused": "refused in one sentence",
    "apart": "apart from plain transformers without a word",
    "not run": "not run by plain transformers, on tokens alone or in small sizes",
    "not built": "not built small at random",
}


@dataclass(frozen=True)
class Result:
    """What came of a class: a key of OUTCOMES, and the note, the refusal, or the exception."""

    case: Case
    outcome: str
    reason: str = ""


def compare(case: Case, folder: Path, seconds: int = 120) -> Result:
    """Build a class in `folder`, and compare; a step that takes longer than `seconds` fails."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with limited(seconds):
                build(case, folder)
        except Exception as error:
            return Result(case, "not built", line(error))
        try:
            with limited(seconds):
                expected = plainly(case, folder)
        except Exception as error:
            return Result(case, "not run", line(error))
        try:
            with limited(seconds):
                made = extract(resolve(str(folder)), TEXTS, folder / "states.npy", device="cpu")
        except InputError as error:
            return Result(case, "refused", str(error))
        except Exception as error:
            return Result(case, "apart", line(error))
    ours = np.load(folder / "states.npy")
    if ours.shape != expected.shape:
        return Result(case, "apart", f"{ours.shape} instead of {expected.shape}")
    apart = np.linalg.norm(ours - expected, axis=1) / np.linalg.norm(expected, axis=1)
    if not (apart <= TOLERANCE).all():
        return Result(case, "apart", f"differ by up to {apart.max():.2g} of their norm; note: {made.note}")
    return Result(case, "equal" if made.note is None else "noted", made.note or "")


def plainly(case: Case, folder: Path) -> np.ndarray:
    """States (n, d) by transformers alone: below the head of the very class, each sequence by itself."""
    import torch
    import transformers
    from tokenizers import Tokenizer

    model = getattr(transformers, case.name).from_pretrained(folder).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    part, extra = below_head(model)
    with torch.no_grad():
        each = [
            part(input_ids=torch.tensor([tokenizer.encode(text).ids]), **extra).last_hidden_state[0]
            for text in TEXTS
        ]
    return torch.cat(each).float().numpy()


def below_head(model: Any) -> tuple[Any, dict[str, Any]]:
    """What of a model gives the states of a text, and how it is called: an encoder, or all below the head."""
    if model.config.is_encoder_decoder and model.get_encoder() is not model:
        part = model.get_encoder()
    elif hasattr(model, "get_text_features") and hasattr(model, "text_model"):
        return model.text_model, {}
    else:
        part = model.base_model
        if part is model and hasattr(
            model, "lm_head"
        ):  # of Llama 4, that does not name its model without head
            part = model.model
    return part, {"use_cache": False} if _takes_cache(part) else {}


def _takes_cache(part: Any) -> bool:
    parameters = inspect.signature(part.forward).parameters.values()
    named = any(one.name == "use_cache" or one.kind is one.VAR_KEYWORD for one in parameters)
    return named and hasattr(getattr(part, "config", None), "use_cache")


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """A TimeoutError in what takes longer; 0 for no limit."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"it takes longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def line(error: Exception) -> str:
    """The type and the first line of an exception."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
