"""The table of model types is that of the installed transformers, which is asked only about other types."""

from pathlib import Path

import pytest

from core.checkpoints import config
from core.errors import InputError


def test_the_table_is_that_of_the_installed_transformers(tmp_path: Path) -> None:
    config.write_table(tmp_path / "types.txt")
    assert (tmp_path / "types.txt").read_bytes() == config.MODEL_TYPES.read_bytes(), (
        "python -m core.checkpoints.config writes it anew"
    )


def test_the_names_of_embeddings_are_those_of_the_installed_transformers(tmp_path: Path) -> None:
    config.write_input_names(tmp_path / "names.txt")
    assert (tmp_path / "names.txt").read_bytes() == config.INPUT_NAMES.read_bytes(), (
        "python -m core.checkpoints.config writes it anew"
    )
    assert config.input_names("gpt2") == {"wte"} and config.input_names("bart") == {"shared", "embed_tokens"}
    assert config.input_names("own") == frozenset()


def test_the_untied_types_are_those_of_the_installed_transformers(tmp_path: Path) -> None:
    config.write_untied(tmp_path / "untied.txt")
    assert (tmp_path / "untied.txt").read_bytes() == config.UNTIED_TYPES.read_bytes(), (
        "python -m core.checkpoints.config writes it anew"
    )


@pytest.mark.parametrize(
    ("given", "tied"),
    [
        ({"model_type": "llama"}, False),
        ({"model_type": "gpt2"}, True),
        ({"model_type": "gemma2"}, True),
        ({"model_type": "gpt2", "tie_word_embeddings": False}, False),
        ({"model_type": "llama", "tie_word_embeddings": True}, True),
        ({"model_type": "llava", "text_config": {"model_type": "gemma2"}}, True),
    ],
)
def test_tying_is_the_word_of_the_config_or_the_default_of_its_type(given: dict, tied: bool) -> None:
    assert config.is_tied(given) == tied


def test_a_type_newer_than_the_table_is_asked_of_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_shipped", frozenset)
    config.check("little", {"model_type": "llama"})


def test_a_type_in_the_table_is_not_asked_of_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "installed_model_types", None)
    config.check("little", {"model_type": "llama"})


OWN = {"model_type": "llama", "auto_map": {"AutoConfig": "conf.LlamaConfig", "AutoModel": "mod.OwnModel"}}
STOCK = {"model_type": "phi3", "auto_map": {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"}}


def test_code_that_would_change_a_known_model_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        config.check("little", OWN)
    assert str(caught.value) == (
        "little brings its own model code (mod.OwnModel, by auto_map in its config.json), which is never run "
        "here and may compute other states than the llama of transformers: use a version without it, or take "
        "auto_map out of config.json if the plain model is meant."
    )
    with pytest.raises(InputError, match=r"\(conf\.OwnConfig, by auto_map"):
        config.check("little", {"model_type": "llama", "auto_map": {"AutoConfig": "conf.OwnConfig"}})


def test_code_with_the_classes_of_transformers_is_left_aside_with_a_note() -> None:
    config.check("little", STOCK)
    assert config.code_left_aside("little", STOCK) == (
        "little brings its own model code (modeling_phi3.Phi3ForCausalLM, by auto_map in its config.json), "
        "which is never run: it is measured as the class of that name in transformers"
    )
    for plain in (None, "x", {"AutoTokenizer": ["tok.OwnTokenizer", None]}):
        config.check("little", {"model_type": "llama", "auto_map": plain})
        assert config.code_left_aside("little", {"model_type": "llama", "auto_map": plain}) is None
