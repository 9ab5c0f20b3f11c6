"""What a model is comes from its loaded config and class; what a library raises becomes one sentence."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf
from safetensors.torch import load_file, save_file

from core.checkpoints.loading import complete, load_model, text_part
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.extraction import extract
from tests import tiny

TEXTS = tiny.sentences(12)
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
BART = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}
CLIP = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def saved(folder: Path, make: Callable[[int], hf.PreTrainedModel]) -> Path:
    """A model of a vocabulary size, with seeded weights and the tokenizer of that size."""
    size = tiny.save_tokenizer(folder, encoder=False)
    torch.manual_seed(0)
    model = make(size).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3)
    model.save_pretrained(folder)
    return folder


def configured(folder: Path, **changes) -> Path:
    """Keys of config.json set, or taken out where they are None."""
    config = json.loads((folder / "config.json").read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    return folder


def states(folder: Path, **options) -> np.ndarray:
    extract(resolve(str(folder)), TEXTS, folder / "states.npy", device="cpu", **options)
    return np.load(folder / "states.npy")


def plain(folder: Path, model: torch.nn.Module) -> np.ndarray:
    """What plain transformers gives, one text at a time."""
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        rows = [
            model.eval()(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0]
            for text in TEXTS
        ]
    return torch.cat(rows).numpy()


def bart(size: int) -> hf.PreTrainedModel:
    return hf.BartModel(hf.BartConfig(vocab_size=size, **BART, max_position_embeddings=64))


def marian(size: int) -> hf.PreTrainedModel:
    config = hf.MarianConfig(vocab_size=size, **BART, max_position_embeddings=64, pad_token_id=0)
    return hf.MarianMTModel(config)


def clip(size: int) -> hf.PreTrainedModel:
    text = CLIP | {"vocab_size": size, "max_position_embeddings": 77}
    vision = CLIP | {"image_size": 28, "patch_size": 14}
    return hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=vision))


ENCODERS = {
    "T5EncoderModel": (
        lambda size: hf.T5EncoderModel(hf.T5Config(vocab_size=size, **T5)),
        hf.T5EncoderModel.from_pretrained,
    ),
    "UMT5EncoderModel": (
        lambda size: hf.UMT5EncoderModel(hf.UMT5Config(vocab_size=size, **T5)),
        hf.UMT5EncoderModel.from_pretrained,
    ),
    "tables that are computed": (
        marian,
        lambda folder: hf.MarianMTModel.from_pretrained(folder).get_encoder(),
    ),
    "text beside images": (clip, lambda folder: hf.CLIPModel.from_pretrained(folder).text_model),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_the_class_that_the_config_names_is_measured(tmp_path: Path, name: str) -> None:
    make, load = ENCODERS[name]
    folder = saved(tmp_path / "made", make)
    np.testing.assert_allclose(states(folder), plain(folder, load(folder)), atol=1e-4)


def test_an_encoder_is_one_by_its_class_where_the_config_does_not_say(tmp_path: Path) -> None:
    folder = configured(saved(tmp_path / "made", bart), is_encoder_decoder=None)
    assert resolve(str(folder)).facts.kind != "encoder-decoder"
    assert complete(resolve(str(folder))).kind == "encoder-decoder"
    encoder = hf.BartModel.from_pretrained(folder).get_encoder()
    np.testing.assert_allclose(states(folder), plain(folder, encoder), atol=1e-4)


def test_of_a_tied_model_the_head_alone_may_be_stored(tmp_path: Path) -> None:
    folder = configured(tiny.llama(tmp_path / "made", tied=False), tie_word_embeddings=True)
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.embed_tokens.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    whole = hf.AutoModelForCausalLM.from_pretrained(folder)
    np.testing.assert_allclose(states(folder), plain(folder, whole.model), atol=1e-4)
    configured(folder, tie_word_embeddings=False)
    with pytest.raises(InputError, match=r"lack 1 tensors .* first embed_tokens\.weight"):
        states(folder)


@pytest.mark.parametrize("make", [tiny.llama, tiny.gpt2, tiny.encoder])
def test_a_config_that_asks_for_tuples_changes_nothing(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    before = states(folder)
    configured(folder, return_dict=False, output_hidden_states=True, use_cache=True)
    np.testing.assert_array_equal(states(folder), before)


def test_positions_and_vocabulary_are_those_of_the_class_where_the_config_is_silent(tmp_path: Path) -> None:
    folder = configured(tiny.llama(tmp_path / "made"), vocab_size=None, max_position_embeddings=None)
    facts = complete(resolve(str(folder)))
    assert (facts.vocabulary, facts.max_positions) == (32000, 2048)
    configured(folder, vocab_size=7, max_position_embeddings=9)
    assert (complete(resolve(str(folder))).vocabulary, complete(resolve(str(folder))).max_positions) == (7, 9)


def test_the_limit_of_an_encoder_with_two_is_its_own(tmp_path: Path) -> None:
    def led(size: int) -> hf.PreTrainedModel:
        return hf.LEDModel(
            hf.LEDConfig(
                vocab_size=size,
                **BART,
                max_encoder_position_embeddings=16,
                max_decoder_position_embeddings=64,
                attention_window=[8, 8],
            )
        )

    assert resolve(str(saved(tmp_path / "made", led))).facts.max_positions == 16
    assert np.isfinite(states(tmp_path / "made")).all()


def test_the_top_layer_is_the_last_hidden_state_and_a_note_says_where_that_is_another(tmp_path: Path) -> None:
    folder = saved(tmp_path / "made", clip)
    made = extract(resolve(str(folder)), TEXTS, tmp_path / "states.npy", device="cpu")
    assert made.note == (
        "the last layer of made is its last_hidden_state, which is not the last of its hidden_states in "
        "transformers"
    )
    encoder = tiny.encoder(tmp_path / "bert")
    assert extract(resolve(str(encoder)), TEXTS, tmp_path / "bert.npy", device="cpu").note is None


def test_what_a_forward_pass_raises_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tiny.llama(tmp_path / "made")
    capfd.readouterr()
    monkeypatch.setattr(hf.LlamaModel, "forward", lambda *_, **__: {}["no such key"])
    with pytest.raises(InputError) as caught:
        states(folder)
    assert str(caught.value) == (
        "The model of made cannot be run on its tokens (KeyError: 'no such key'): its config.json, weights "
        "and tokenizer do not fit each other, or the installed transformers; save it again with that, or "
        "measure vectors that you extracted yourself."
    )
    assert capfd.readouterr().err == ""


def test_a_lack_of_memory_is_not_blamed_on_the_checkpoint() -> None:
    with pytest.raises(MemoryError), one_sentence("x", "y"):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    with pytest.raises(KeyboardInterrupt), one_sentence("x", "y"):
        raise KeyboardInterrupt
    with pytest.raises(InputError, match=r"^It fails \(BaseException: a panic\): mend it\.$"):  # noqa: SIM117
        with one_sentence("It fails", "mend it"):
            raise BaseException("a panic")


def test_libraries_write_nothing_meanwhile(capfd: pytest.CaptureFixture[str]) -> None:
    from transformers.utils import logging

    logger, before = logging.get_logger("transformers.test"), logging.get_verbosity()
    logging.set_verbosity_warning()
    with quiet():
        logger.warning("padded from 43 to 48")
        warnings.warn("odd", stacklevel=1)
    assert capfd.readouterr().err == ""
    assert logging.get_verbosity() == logging.WARNING
    logging.set_verbosity(before)


def test_the_text_part_of_a_plain_model_is_the_model(tmp_path: Path) -> None:
    model = hf.AutoModel.from_pretrained(tiny.gpt2(tmp_path / "made"))
    assert text_part(model) is model


def test_a_note_says_which_code_is_left_aside(tmp_path: Path) -> None:
    folder = configured(tiny.llama(tmp_path / "made"), auto_map={"AutoModel": "modeling.LlamaModel"})
    made = extract(resolve(str(folder)), TEXTS, tmp_path / "states.npy", device="cpu")
    assert made.note and made.note.startswith("made brings its own model code (modeling.LlamaModel, ")


def test_the_named_class_of_another_model_type_is_not_taken(tmp_path: Path) -> None:
    folder = tiny.encoder(tmp_path / "odd")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    with pytest.raises(
        InputError, match=r"The weights of odd lack \d+ tensors that its config.json asks for"
    ):
        load_model(resolve(str(folder)), "cpu", torch.float32)
