"""A Checkpoint's tokenizer: what its files say, whatever transformers makes of them.

Where there is a tokenizer.json, its own pipeline (normalizer, pre-tokenizer, model, post-processor) gives the
tokens: transformers 5 builds that of many model types anew from the vocabulary alone. Where there is only a
vocabulary, transformers builds the tokenizer, and `notes` say what the files leave open.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.checkpoints import sentencepiece
from core.checkpoints.config import read_config, read_json
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hub import download as hub

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

SENTENCEPIECE = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model", "source.spm")
# Tokenizers of bytes or characters, which need no vocabulary; the model types that have one by default.
_WITHOUT_VOCABULARY = {"ByT5Tokenizer": None, "CanineTokenizer": "canine", "PerceiverTokenizer": "perceiver"}
# Classes whose ids are the places of the pieces in a SentencePiece model, and whether they document to add a
# beginning and an end to each text where the config does not say.
_PLAIN = {
    "LlamaTokenizer": (True, False),
    "CodeLlamaTokenizer": (True, False),
    "GemmaTokenizer": (True, False),
    "T5Tokenizer": (False, True),
    "TokenizersBackend": (False, False),
    "PreTrainedTokenizer": (False, False),
}
_OF_MODEL_TYPE = {
    "llama": "LlamaTokenizer",
    "mistral": "LlamaTokenizer",
    "mixtral": "LlamaTokenizer",
    "code_llama": "CodeLlamaTokenizer",
}
_COMPARED = 200  # texts of a sample on which transformers' tokens are compared with the file's


@dataclass(frozen=True)
class Loaded:
    """A tokenizer to call; `rebuilt` is what transformers made in its place, where there is a tokenizer.json.

    notes: what the files leave open and how it was settled.
    """

    name: str
    tokenizer: "PreTrainedTokenizerBase"
    rebuilt: "Tokenizer | None" = None
    notes: tuple[str, ...] = ()

    def note(self, texts: list[str]) -> str | None:
        """What a reader of a measure of `texts` should know of how they became tokens, or None."""
        notes = list(self.notes)
        if self.rebuilt is not None and self._differs(texts[:: max(1, len(texts) // _COMPARED)]):
            notes.append(
                f"transformers reads the tokenizer.json of {self.name} otherwise than the file says: the "
                "tokens are those of the file"
            )
        return "; ".join(notes) or None

    def _differs(self, texts: list[str]) -> bool:
        own: Any = self.tokenizer
        assert self.rebuilt is not None
        own.backend_tokenizer.no_truncation()  # which a call with a limit leaves set
        try:
            of_file = own.backend_tokenizer.encode_batch_fast(texts)
            of_library = self.rebuilt.encode_batch_fast(texts)
        except Exception:  # the library raises bare exceptions for what a closed vocabulary lacks
            return False
        return any(ours.ids != theirs.ids for ours, theirs in zip(of_file, of_library, strict=True))


def load_tokenizer(checkpoint: Checkpoint) -> "PreTrainedTokenizerBase":
    """The checkpoint's tokenizer; InputError if the folder has none or it cannot be read."""
    return read_tokenizer(checkpoint).tokenizer


def read_tokenizer(checkpoint: Checkpoint) -> Loaded:
    """The checkpoint's tokenizer with what is to be known of it; InputError as of `load_tokenizer`."""
    if checkpoint.borrowed is not None:
        return read_tokenizer(checkpoint.borrowed)
    folder, name = checkpoint.folder, checkpoint.name
    declared = declared_class(folder)
    if (
        not any((folder / file).is_file() for file in hub.VOCABULARIES)
        and declared not in _WITHOUT_VOCABULARY
    ):
        raise InputError(
            f"{name} has no tokenizer: {folder} should hold tokenizer.json or a "
            "vocabulary such as vocab.txt; save its tokenizer there with save_pretrained."
        )
    own_code = _own_code(name, folder)
    with (
        quiet(),
        one_sentence(f"The tokenizer of {name} cannot be loaded", "save it again with save_pretrained"),
    ):
        if (folder / "tokenizer.json").is_file():
            loaded = _of_file(name, folder)
            return replace(loaded, notes=(*loaded.notes, own_code)) if own_code else loaded
        if file := _sentencepiece_alone(folder):
            return _of_sentencepiece(name, file, declared)
        return _of_vocabulary(name, folder, declared)


def lower_cases(folder: Path) -> tuple[bool, bool]:
    """Whether a WordPiece vocabulary (vocab.txt) is of lower-cased text, and whether a config says so.

    Where no config says it, a vocabulary with capitals, which lower-cased text never meets, is not.
    """
    config = _tokenizer_config(folder)
    if "do_lower_case" in config:
        return bool(config["do_lower_case"]), True
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    special = set(_named_tokens(config).values())
    cased = any(
        piece != piece.lower() and piece not in special and not re.fullmatch(r"\[.*\]|<.*>", piece)
        for piece in pieces
    )
    return not cased, False


def _named_tokens(config: dict[str, Any]) -> dict[str, str]:
    """The special tokens that a tokenizer_config.json names: `cls_token` → [CLS] and the like."""
    named = {
        key: value.get("content") if isinstance(value, dict) else value
        for key, value in config.items()
        if key.endswith("_token")
    }
    return {key: value for key, value in named.items() if isinstance(value, str)}


def _of_file(name: str, folder: Path) -> Loaded:
    """The pipeline of tokenizer.json, in the class that transformers has for this checkpoint."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    own.no_truncation()
    own.no_padding()
    try:
        wrapped: Any = _automatic(folder)
    except Exception:  # a class that is not installed, or needs another file: the file is enough
        wrapped = None
    if wrapped is None or not wrapped.is_fast:
        return Loaded(name, PreTrainedTokenizerFast(tokenizer_object=own, **_wrapping(folder)))
    rebuilt = wrapped.backend_tokenizer
    rebuilt.no_truncation()
    rebuilt.no_padding()
    own.encode_special_tokens = rebuilt.encode_special_tokens
    wrapped._tokenizer = own
    return Loaded(name, wrapped, rebuilt)


def _of_vocabulary(name: str, folder: Path, declared: str | None) -> Loaded:
    """The tokenizer that transformers builds from vocab.txt or vocab.json, or from nothing (bytes)."""
    if not (folder / "vocab.txt").is_file():
        if declared in (None, "TokenizersBackend", "PreTrainedTokenizer"):
            raise InputError(
                f"The tokenizer of {name} has a vocabulary and no word on how text is cut: name its "
                "tokenizer_class in tokenizer_config.json, or save it with save_pretrained as tokenizer.json."
            )
        return Loaded(name, _automatic(folder))
    lower, stated = lower_cases(folder)
    if stated or lower:
        return Loaded(name, _automatic(folder))
    return Loaded(
        name,
        _automatic(folder, do_lower_case=False),
        notes=(
            f"the vocabulary of {name} has capitals and its tokenizer_config.json does not set "
            "do_lower_case: text is not lower-cased",
        ),
    )


def _of_sentencepiece(name: str, file: Path, declared: str | None) -> Loaded:
    """The tokenizer of a SentencePiece model that lies alone, with the ends that its config asks for."""
    from transformers import PreTrainedTokenizerFast

    config = _tokenizer_config(file.parent)
    kind = declared or "TokenizersBackend"
    if kind not in _PLAIN:
        raise InputError(
            f"The tokenizer of {name} is {file.name} alone, whose pieces a {kind} numbers in its own way: "
            "save it with save_pretrained where the sentencepiece package is installed, which writes "
            "tokenizer.json."
        )
    tokens = _named_tokens(config)
    notes = []
    try:
        around: list[list[str]] = []
        for key, own, usual in zip(("bos", "eos"), sentencepiece.ends(file), _PLAIN[kind], strict=True):
            token = str(tokens.get(f"{key}_token", own))
            asked = config.get(f"add_{key}_token")
            if asked is None and usual:
                notes.append(
                    f"the tokenizer_config.json of {name} does not set add_{key}_token: {token} is added to "
                    f"each text, as a {kind} documents"
                )
            around.append([token] if (usual if asked is None else asked) else [])
        made = sentencepiece.read_tokenizer(file, *around)
    except ValueError as error:
        raise InputError(
            f"{file.name} of {name} cannot be read: {error}; save the tokenizer with save_pretrained, which "
            "writes tokenizer.json."
        ) from None
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made, **_wrapping(file.parent))
    return Loaded(name, wrapped, notes=tuple(notes))


def _wrapping(folder: Path) -> dict[str, Any]:
    """What a plain tokenizer class takes from a tokenizer_config.json: special tokens and a limit."""
    config = _tokenizer_config(folder)
    known = ("bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
    return {key: token for key, token in _named_tokens(config).items() if key in known} | {
        key: value for key, value in config.items() if key == "model_max_length"
    }


def _sentencepiece_alone(folder: Path) -> Path | None:
    if any((folder / file).is_file() for file in ("vocab.txt", "vocab.json")):
        return None
    return next((folder / file for file in SENTENCEPIECE if (folder / file).is_file()), None)


def declared_class(folder: Path) -> str | None:
    """The tokenizer class that the configs name, or the one of the model type where it matters here."""
    config = read_config(folder)
    named = _tokenizer_config(folder).get("tokenizer_class") or config.get("tokenizer_class")
    if named:
        return str(named).removesuffix("Fast")
    kind = str(config.get("model_type"))
    by_type = {model: name for name, model in _WITHOUT_VOCABULARY.items() if model} | _OF_MODEL_TYPE
    if kind in by_type:
        return by_type[kind]
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    mapped = TOKENIZER_MAPPING_NAMES.get(kind)
    return None if mapped is None else str(mapped).removesuffix("Fast")


def _own_code(name: str, folder: Path) -> str | None:
    """A note on tokenizer code that a checkpoint brings; refused where no tokenizer.json takes its place."""
    maps = [config.get("auto_map") for config in (_tokenizer_config(folder), read_config(folder))]
    found = (one["AutoTokenizer"] for one in maps if isinstance(one, dict) and "AutoTokenizer" in one)
    named: Any = next(found, None)
    classes = [str(one) for one in (named if isinstance(named, list) else [named]) if one]
    if not classes:
        return None
    import transformers

    if any(one.rpartition(".")[2] in dir(transformers) for one in classes):
        return None
    brings = f"{name} brings its own tokenizer code ({classes[0]}, by auto_map), which is never run"
    if (folder / "tokenizer.json").is_file():
        return f"{brings}: the tokens are those of its tokenizer.json"
    raise InputError(
        f"{brings} here, and no tokenizer.json: save the tokenizer with save_pretrained as tokenizer.json."
    )


def _tokenizer_config(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    return read_json(file) if file.is_file() else {}


def _automatic(folder: Path, **options: Any) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
