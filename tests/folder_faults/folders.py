"""The valid folders that changes are made to."""

from pathlib import Path

from tests import tiny
from tests.sweep.making import Case, build

_BUILT = {
    "roberta": "RobertaForMaskedLM",
    "t5": "T5ForConditionalGeneration",
    "bart": "BartForConditionalGeneration",
    "qwen2": "Qwen2ForCausalLM",
    "mistral": "MistralForCausalLM",
    "mamba": "MambaForCausalLM",
}


def made(place: Path) -> dict[str, Path]:
    """A folder of each kind under `place`, by name: some with the same config and other weights."""
    folders = {
        "bert": tiny.encoder(place / "bert", head=True),
        "bert-3": tiny.encoder(place / "bert-3", layers=3, seed=1),
        "gpt2": tiny.gpt2(place / "gpt2"),
        "gpt2-untied": tiny.gpt2(place / "gpt2-untied", tied=False, seed=1),
        "llama": tiny.llama(place / "llama"),
        "llama-b": tiny.llama(place / "llama-b", seed=1),
        "llama-tied": tiny.llama(place / "llama-tied", tied=True, layers=3),
    }
    for model_type, name in _BUILT.items():
        folders[model_type] = place / model_type
        build(Case(model_type, name), place / model_type)
    return folders
