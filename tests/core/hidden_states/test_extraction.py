"""Clouds are what the model gives one sequence at a time, whatever the batches, layer or position."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.checkpoints import loading, tokenizing
from core.checkpoints import resolve as checkpoints
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states import devices
from core.hidden_states.extraction import Extraction, extract
from tests import tiny

TEXT = tiny.sentences(60)
TOLERANCE = 2e-5  # of the largest value: float32 sums in another order, through a few layers


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    folder = tmp_path_factory.mktemp("tiny")
    return {name: checkpoints.resolve(str(make(folder / name))) for name, make in tiny.MAKERS.items()}


def cloud(
    checkpoint: Checkpoint, text: list[str], out: Path, **options: Any
) -> tuple[np.ndarray, Extraction]:
    extraction = extract(checkpoint, text, out, **options)
    vectors = np.load(out)
    assert vectors.dtype == np.float32 and vectors.shape == (extraction.n, extraction.d)
    return vectors, extraction


def plainly(checkpoint: Checkpoint, text: list[str], layer: int = -1) -> list[np.ndarray]:
    """The paper's way: transformers, one sequence at a time."""
    tokenizer = tokenizing.load_tokenizer(checkpoint)
    model = loading.load_model(checkpoint, "cpu", torch.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads wait for each other in models this small
    with torch.no_grad():
        each = [
            model(**tokenizer(one, return_tensors="pt"), output_hidden_states=True)
            .hidden_states[layer][0]
            .numpy()
            for one in text
        ]
    torch.set_num_threads(threads)
    return each


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max())


@pytest.mark.parametrize("name", tiny.MAKERS)
@pytest.mark.parametrize("layer", [None, 0, 1, 2])
def test_each_layer_is_the_models_own(
    made: dict[str, Checkpoint], name: str, layer: int | None, tmp_path: Path
) -> None:
    ours, extraction = cloud(made[name], TEXT, tmp_path / "x.npy", layer=layer)
    close(ours, np.concatenate(plainly(made[name], TEXT, -1 if layer is None else layer)))
    assert extraction.layer == (2 if layer is None else layer)
    assert extraction.tokens == extraction.n == len(ours)
    assert (extraction.precision, extraction.device) == ("float32", "cpu")


@pytest.mark.parametrize("name", tiny.MAKERS)
def test_last_and_mean_leave_padding_out(made: dict[str, Checkpoint], name: str, tmp_path: Path) -> None:
    each = plainly(made[name], TEXT)
    last = cloud(made[name], TEXT, tmp_path / "l.npy", position="last")[0]
    mean = cloud(made[name], TEXT, tmp_path / "m.npy", position="mean")[0]
    close(last, np.stack([one[-1] for one in each]))
    close(mean, np.stack([one.mean(0) for one in each]))


@pytest.mark.parametrize("name", tiny.MAKERS)
@pytest.mark.parametrize("position", ["all", "last", "mean"])
def test_batching_changes_rounding_only(
    made: dict[str, Checkpoint], name: str, position: str, tmp_path: Path
) -> None:
    one = cloud(made[name], TEXT, tmp_path / "1.npy", position=position, batch_tokens=1)[0]
    many = cloud(made[name], TEXT, tmp_path / "64.npy", position=position, batch_tokens=64 * 16)[0]
    close(many, one)


@pytest.mark.parametrize("name", tiny.MAKERS)
def test_sequences_a_little_shorter_share_a_batch_under_a_mask(
    made: dict[str, Checkpoint], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.hidden_states import extraction as hidden_states

    text = ["the " * n for n in (20, 19, 19, 18, 3)]
    lengths = np.array([len(one) for one in plainly(made[name], text)])
    batches = list(hidden_states.batches(lengths, hidden_states.Budget(1024, 128)))
    assert [list(batch) for batch in batches] == [[0, 1, 2, 3], [4]]
    padded: list[bool] = []
    pad = hidden_states.pad
    monkeypatch.setattr(
        hidden_states, "pad", lambda *given: padded.append(pad(*given)[1] is not None) or pad(*given)
    )
    close(cloud(made[name], text, tmp_path / "x.npy")[0], np.concatenate(plainly(made[name], text)))
    assert sorted(padded) == [False, True]


def test_same_input_same_bits(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    for name in ("a", "b"):
        extract(made["llama"], TEXT, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    extract(made["llama"], TEXT[1:], tmp_path / "c")
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_rows_follow_the_sequences(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    forward = cloud(made["gpt2"], TEXT, tmp_path / "a.npy", position="last")[0]
    backward = cloud(made["gpt2"], TEXT[::-1], tmp_path / "b.npy", position="last")[0]
    close(backward[::-1], forward)


def test_layers_above_the_chosen_one_are_not_run(
    made: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.hidden_states.layers import states_of

    model = loading.load_model(made["gpt2"], "cpu", torch.float32)
    runs: list[int] = []
    model.h[1].register_forward_hook(lambda *_: runs.append(1))
    example = torch.tensor([[5, 6, 7]])
    states, layer, _ = states_of(model, 1, example, "gpt2")
    assert layer == 1 and runs == [1]  # once, to know what is right
    states(example, None)
    assert runs == [1]


def test_a_model_that_cannot_be_stopped_gives_the_same(made: dict[str, Checkpoint], monkeypatch: Any) -> None:
    from core.hidden_states import layers

    model = loading.load_model(made["gpt2"], "cpu", torch.float32)
    example = torch.tensor([[5, 6, 7]])
    short = layers.states_of(model, 1, example, "gpt2")[0](example, None)
    other = loading.load_model(made["gpt2"], "cpu", torch.float32)
    monkeypatch.setattr(layers, "_stop", lambda *_: None)
    assert torch.equal(layers.states_of(other, 1, example, "gpt2")[0](example, None), short)


def test_long_documents_are_cut_at_the_positions_minus_three(
    made: dict[str, Checkpoint], tmp_path: Path
) -> None:
    long = ["the " * 500]
    assert cloud(made["encoder"], long, tmp_path / "a.npy")[1].n == tiny.MAX_POSITIONS - 3
    assert cloud(made["encoder"], long, tmp_path / "b.npy", max_length=64)[1].n == 64
    assert cloud(made["gpt2"], long, tmp_path / "c.npy", max_length=7)[1].n == 7


def test_progress_counts_tokens_to_the_end(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    seen: list[tuple[str, int, int, str]] = []
    _, extraction = cloud(made["encoder"], TEXT, tmp_path / "x.npy", progress=lambda *p: seen.append(p))
    assert seen[0] == ("tokenising", len(TEXT), len(TEXT), "sequences")
    counts = [done for stage, done, total, unit in seen[1:]]
    assert {(s, t, u) for s, _, t, u in seen[1:]} == {("hidden states", extraction.tokens, "tokens")}
    assert counts == sorted(set(counts)) and counts[-1] == extraction.tokens and len(counts) > 2


def test_cancelling_leaves_nothing_behind(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    class CancelledError(Exception):
        pass

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if stage == "hidden states":
            raise CancelledError

    threads = torch.get_num_threads()
    with pytest.raises(CancelledError):
        extract(made["encoder"], TEXT, tmp_path / "x.npy", progress=stop)
    assert list(tmp_path.iterdir()) == [] and torch.get_num_threads() == threads


def test_empty_sequences(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    with_gap = cloud(made["gpt2"], ["the of", "", "and"], tmp_path / "a.npy")[0]
    close(with_gap, cloud(made["gpt2"], ["the of", "and"], tmp_path / "b.npy")[0])
    assert cloud(made["encoder"], [""], tmp_path / "c.npy")[1].n == 2  # [CLS] and [SEP]


def test_encoder_decoders_give_their_encoder(tmp_path: Path) -> None:
    from transformers import T5Config, T5Model

    size = tiny.save_tokenizer(tmp_path / "t5", encoder=True)
    config = T5Config(vocab_size=size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = T5Model(config).eval()
    model.save_pretrained(tmp_path / "t5")
    checkpoint = checkpoints.resolve(str(tmp_path / "t5"))
    assert checkpoint.facts.kind == "encoder-decoder"
    ours = cloud(checkpoint, TEXT[:5], tmp_path / "x.npy")[0]
    tokenizer = tokenizing.load_tokenizer(checkpoint)
    with torch.no_grad():
        each = [
            model.encoder(input_ids=torch.tensor([tokenizer(one)["input_ids"]])).last_hidden_state[0].numpy()
            for one in TEXT[:5]
        ]
    close(ours, np.concatenate(each))


def moved_by_bfloat16(
    checkpoint: Checkpoint, text: list[str], folder: Path, of: int | None = None
) -> dict[str, float]:
    """How far bfloat16 moves each measure of all tokens, in standard deviations between samples of sequences.

    The sd is that of ten halves of the text, halved by whole sequences; of: scaled to so many sequences.
    """
    from core.measures import measure

    each, _ = cloud(checkpoint, text, folder / "f.npy", precision="float32")
    half, extraction = cloud(checkpoint, text, folder / "b.npy", precision="bfloat16")
    assert extraction.precision == "bfloat16" and not np.array_equal(each, half)
    lengths = [len(one["input_ids"]) for one in map(tokenizing.load_tokenizer(checkpoint), text)]
    belongs = np.repeat(np.arange(len(text)), lengths)
    draw, few = np.random.default_rng(0), len(text) // 2
    halves = [measure(each[np.isin(belongs, draw.permutation(len(text))[:few])]) for _ in range(10)]
    exact, rounded = measure(each), measure(half)
    scale = 1.0 if of is None else (few / of) ** 0.5
    noise = {name: scale * float(np.std([one[name] for one in halves], ddof=1)) for name in exact}
    return {name: abs(rounded[name] - exact[name]) / noise[name] for name in exact}


@pytest.mark.parametrize("name", tiny.MAKERS)
def test_bfloat16_moves_measures_of_few_sequences_less_than_sampling(
    made: dict[str, Checkpoint], name: str, tmp_path: Path
) -> None:
    assert max(moved_by_bfloat16(made[name], tiny.sentences(200, seed=1), tmp_path).values()) < 1


def test_auto_is_float32(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    assert [devices.resolve_precision(word) for word in devices.PRECISIONS] == [
        "float32",
        "float32",
        "bfloat16",
    ]
    assert cloud(made["gpt2"], TEXT[:3], tmp_path / "x.npy")[1].precision == "float32"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    assert devices.resolve_device("auto") == "cpu"
    fails(
        lambda: extract(made["gpt2"], TEXT, tmp_path / "x.npy", device="cuda"),
        "There is no CUDA device that this installation of PyTorch can use: give --device cpu or auto, or "
        "install "
        "a CUDA build of torch.",
    )


def fails(act: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        act()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "gpt2 has no layer 3: its layers are 0 (embeddings) to 2 (last)."),
        ({"layer": -1}, "gpt2 has no layer -1: its layers are 0 (embeddings) to 2 (last)."),
        ({"position": "first"}, "The position first is unknown: give one of all, last, mean."),
        ({"device": "tpu"}, "The device tpu is unknown: give one of auto, cpu, cuda."),
        ({"precision": "int8"}, "The precision int8 is unknown: give one of auto, float32, bfloat16."),
        ({"max_length": 65}, "A maximum length of 65 does not fit gpt2: give 1 to 64 tokens."),
        ({"max_length": 0}, "A maximum length of 0 does not fit gpt2: give 1 to 64 tokens."),
    ],
)
def test_options_that_cannot_be(
    made: dict[str, Checkpoint], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    fails(lambda: extract(made["gpt2"], TEXT, tmp_path / "x.npy", **options), message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ([], "all", "There is no sequence to run gpt2 on: give a corpus with text in it."),
        (["", ""], "all", "None of the 2 sequences has a token for gpt2: give other text."),
        (["the", ""], "last", "Sequence 2 of 2 has no token for gpt2, so no last one: leave it out."),
    ],
)
def test_text_that_cannot_be(
    made: dict[str, Checkpoint], text: list[str], position: str, message: str, tmp_path: Path
) -> None:
    fails(lambda: extract(made["gpt2"], text, tmp_path / "x.npy", position=position), message)


def test_what_a_closed_vocabulary_lacks_is_left_out_and_said(tmp_path: Path) -> None:
    """A character tokenizer without a token for the unknown: "a!b" reads as "ab", and the note says so."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = tiny.llama(tmp_path / "chars")
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate("abc ")}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    checkpoint = checkpoints.resolve(str(folder))

    def read(text: list[str]) -> tuple[Extraction, np.ndarray]:
        made = extract(checkpoint, text, tmp_path / "cloud.npy")
        return made, np.load(tmp_path / "cloud.npy")

    whole, expected = read(["ab c", "cab"])
    cut, rows = read(["a!b c", "?cab"])
    assert whole.note is None
    assert cut.note == (
        "22.2% of the text's characters or words are unknown to the tokenizer of chars, which has no token "
        "for the unknown: they are left out"
    )
    assert np.array_equal(rows, expected)
    fails(
        lambda: extract(checkpoint, ["!!"], tmp_path / "cloud.npy"),
        "None of the 1 sequences has a token for chars: give other text.",
    )


def test_a_tokenizer_of_another_model(tmp_path: Path) -> None:
    folder, pieces = tiny.llama(tmp_path / "mixed"), tiny.vocabulary()
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace(f'"vocab_size": {len(pieces)}', '"vocab_size": 40'))
    fails(
        lambda: extract(checkpoints.resolve(str(folder)), ["zzz"], tmp_path / "x.npy"),
        f"The tokenizer of mixed gives token {pieces['##z']} and its model knows 40 tokens: it belongs to "
        "another model; save the right one beside the weights.",
    )


@pytest.mark.real
def test_real_checkpoints(material: Path, minilm: Path, tmp_path: Path) -> None:
    folders = [str(folder) for folder in checkpoints.find([material / "checkpoints"])]
    for name in [checkpoints.MINILM, *folders]:
        checkpoint = checkpoints.resolve(name)
        few = TEXT[:20]
        one = cloud(checkpoint, few, tmp_path / "1.npy", batch_tokens=1)[0]
        close(one, np.concatenate(plainly(checkpoint, few)))
        close(cloud(checkpoint, few, tmp_path / "64.npy")[0], one)
        half = checkpoint.facts.layers // 2  # type: ignore[operator]
        close(
            cloud(checkpoint, few, tmp_path / "h.npy", layer=half)[0],
            np.concatenate(plainly(checkpoint, few, half)),
        )


@pytest.mark.real
def test_bfloat16_would_do_for_a_real_encoder_and_not_for_a_small_decoder(
    material: Path, minilm: Path, tmp_path: Path
) -> None:
    """Why `auto` stays in float32: at 5,000 sequences the one moves less than sampling, the other more."""
    from core.corpora import sources as corpora

    docstrings = corpora.load(corpora.STANDARD_LIBRARY)
    for name, count, below in (
        (checkpoints.MINILM, 60, True),
        (str(material / "checkpoints" / "llama-stories260k"), 60, False),
    ):
        text = corpora.sample(docstrings, count).sequences
        moved = moved_by_bfloat16(checkpoints.resolve(name), text, tmp_path, of=5000)
        assert (max(moved.values()) < 1) == below, moved
