"""A changed folder: what the product makes of it beside what plain transformers does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints.output_embedding import output_embedding, read_matrix
from core.checkpoints.quiet import quiet
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.extraction import extract
from tests import tiny
from tests.sweep.comparing import below_head, line

TOLERANCE = 1e-4  # of the norm of a token's states
TEXTS = [" ".join(["the", "of", "and", "to"] * 4)[:-i] for i in (1, 3, 9)] + tiny.sentences(5, seed=3)
OUTCOMES = {
    "equal": "the values of plain transformers",
    "noted": "a value with a note",
    "refused": "refused in one sentence",
    "alone": "a matrix where plain transformers has none",
    "apart": "another value without a word",
}


@dataclass(frozen=True)
class Result:
    """What came of a value: a key of OUTCOMES, and the note, the refusal, or how it is apart."""

    outcome: str
    reason: str = ""


class Plain:
    """What plain transformers makes of a folder: the states and the output matrix, or why there are none.

    Tensors that are absent or of another shape are drawn at random, as it does where it is told to go on.
    """

    def __init__(self, folder: Path) -> None:
        """Load the folder and run it on TEXTS, one text at a time."""
        import torch
        from transformers import AutoTokenizer

        self.states: np.ndarray | None = None
        self.matrix: np.ndarray | None = None
        self.why = "there is no head"
        try:
            with quiet(), torch.no_grad():
                model = _model(folder)
                if (head := model.get_output_embeddings()) is not None:
                    self.matrix = head.weight.float().numpy()
                tokenizer = AutoTokenizer.from_pretrained(folder)
                part, extra = below_head(model)
                limit = _limit(model.config, tokenizer)
                each = []
                for text in TEXTS:
                    ids = tokenizer(text, truncation=True, max_length=limit)["input_ids"]
                    made = part(input_ids=torch.tensor([ids]), return_dict=True, **extra)
                    each.append(made.last_hidden_state[0])
                self.states = torch.cat(each).float().numpy()
        except Exception as error:
            self.why = line(error)


def states(folder: Path, plain: Plain) -> Result:
    """The hidden states of TEXTS."""
    try:
        checkpoint = resolve(str(folder))
        made = extract(checkpoint, TEXTS, folder / "states.npy", device="cpu")
    except InputError as error:
        return Result("refused", str(error))
    except Exception as error:
        return Result("apart", f"raises {line(error)}")
    if made.note is not None:
        return Result("noted", made.note)
    if (expected := plain.states) is None:
        return Result("apart", f"a value where plain transformers fails: {plain.why}")
    ours = np.load(folder / "states.npy")
    if ours.shape != expected.shape:
        return Result("apart", f"{ours.shape} instead of {expected.shape}")
    finite = np.isfinite(expected).all(axis=1)
    if (np.isfinite(ours).all(axis=1) != finite).any():
        return Result("apart", "finite in other places")
    norms = np.linalg.norm(expected[finite], axis=1)
    apart = np.linalg.norm(ours[finite] - expected[finite], axis=1)
    if not (apart <= TOLERANCE * norms).all():
        return Result(
            "apart", f"differ by up to {(apart / np.maximum(norms, 1e-30)).max():.2g} of their norm"
        )
    return Result("equal")


def matrix(folder: Path, plain: Plain) -> Result:
    """The output embedding."""
    try:
        at = output_embedding(resolve(str(folder)))
        ours = read_matrix(at)
    except InputError as error:
        return Result("refused", str(error))
    except Exception as error:
        return Result("apart", f"raises {line(error)}")
    if at.note is not None:
        return Result("noted", at.note)
    if plain.matrix is None:  # it is read without the model, so what else may be wrong does not matter
        return Result("alone", plain.why)
    if not np.array_equal(ours, plain.matrix, equal_nan=True):
        return Result("apart", f"another matrix: {at.name} {ours.shape}, not {plain.matrix.shape}")
    return Result("equal")


def _model(folder: Path) -> Any:
    """The model in the class that the config names, if that is one of its model type, or in the bare one."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    named = getattr(transformers, str((config.architectures or [""])[0]), None)
    fits = getattr(named, "config_class", None) is type(config)
    kind = named if fits and named is not None else transformers.AutoModel
    options = {"dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": True}
    return kind.from_pretrained(folder, **options).eval()


def _limit(config: Any, tokenizer: Any) -> int:
    """Tokens that the product documents to cut a text at: the maximum position minus 3."""
    most = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    least = tokenizer.num_special_tokens_to_add() + 1
    return min(2048, tokenizer.model_max_length) if most is None else max(most - 3, least)
