"""What a name means, what a checkpoint is, when two are one, and the sentence for what cannot be used."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.checkpoints import loading, tokenizing
from core.checkpoints import resolve as checkpoints
from core.checkpoints.architecture import describe
from core.errors import InputError
from core.weights import tensor_files
from tests import fake_hub, tiny

resolve = checkpoints.resolve


def fails(act: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        act()
    assert str(caught.value) == message


def edit(folder: Path, name: str = "config.json", **changes: Any) -> None:
    file = folder / name
    config = {**json.loads(file.read_text()), **changes}
    gone = [key for key, value in changes.items() if value is None]
    file.write_text(json.dumps({key: value for key, value in config.items() if key not in gone}))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama to copy and spoil."""
    return tiny.llama(tmp_path_factory.mktemp("original") / "little")


@pytest.fixture
def folder(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "models" / "little"))


# Facts


@pytest.mark.parametrize("name", tiny.MAKERS)
@pytest.mark.parametrize("shard", [None, "40KB"])
def test_facts_are_those_of_the_loaded_model(name: str, shard: str | None, tmp_path: Path) -> None:
    from torch import nn
    from transformers import AutoModel, AutoModelForCausalLM

    tiny.MAKERS[name](tmp_path, shard=shard)
    facts = resolve(str(tmp_path)).facts
    loaded = (AutoModel if name == "encoder" else AutoModelForCausalLM).from_pretrained(tmp_path)
    tables = [m.weight for m in loaded.modules() if isinstance(m, nn.Embedding)]
    head = getattr(loaded, "lm_head", None)
    if head is not None and not facts.tied:
        tables.append(head.weight)
    assert facts.parameters == loaded.num_parameters()
    assert facts.parameters_without_embeddings == facts.parameters - sum(t.numel() for t in tables)
    assert (facts.layers, facts.width, facts.heads, facts.max_positions) == (2, 32, 4, 64)
    assert facts.vocabulary == loaded.config.vocab_size and facts.dtype == "float32"
    assert facts.architecture == type(loaded).__name__
    assert facts.kind == ("encoder" if name == "encoder" else "decoder")
    assert facts.family == {"encoder": "BERT", "gpt2": "GPT-2", "llama": "Llama"}[name]
    assert facts.tied == (name != "llama")
    assert len(list(tmp_path.glob("*.safetensors"))) == 1 or shard


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"n_layer": 3, "n_embd": 8, "n_head": 2, "vocab_size": 5, "n_positions": 7}, (3, 8, 2, 5, 7)),
        ({"num_layers": 3, "d_model": 8, "num_heads": 2, "vocab_size": 5}, (3, 8, 2, 5, None)),
        ({"n_layers": 3, "dim": 8, "n_heads": 2, "vocab_size": 5, "max_seq_len": 7}, (3, 8, 2, 5, 7)),
        ({"encoder_layers": 3, "d_model": 8, "encoder_attention_heads": 2}, (3, 8, 2, None, None)),
        ({"text_config": {"num_hidden_layers": 3, "hidden_size": 8}}, (3, 8, None, None, None)),
    ],
)
def test_odd_config_names(config: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    facts = describe({"model_type": "odd", **config}, [])
    assert (facts.layers, facts.width, facts.heads, facts.vocabulary, facts.max_positions) == expected
    assert facts.family == facts.architecture == "odd"


def test_parameters_leave_masks_out_and_count_shared_ones_once() -> None:
    def tensor(name: str, *shape: int, dtype: str = "F16") -> tensor_files.Tensor:
        return tensor_files.Tensor(Path("x"), name, dtype, shape, 0, 0)

    tensors = [
        tensor("transformer.wte.weight", 10, 4),
        tensor("lm_head.weight", 10, 4),
        tensor("transformer.wpe.weight", 6, 4),
        tensor("transformer.h.0.attn.bias", 1, 1, 6, 6),
        tensor("transformer.h.0.attn.masked_bias"),
        tensor("transformer.h.0.attn.c_attn.weight", 4, 12),
        tensor("transformer.h.0.attn.c_attn.bias", 12),
        tensor("position_ids", 1, 6, dtype="I64"),
    ]
    facts = describe({"model_type": "gpt2", "tie_word_embeddings": True}, tensors)
    assert (facts.parameters, facts.parameters_without_embeddings) == (40 + 24 + 48 + 12, 48 + 12)
    assert facts.tied and facts.dtype == "float16"
    apart = describe({"model_type": "gpt2", "tie_word_embeddings": False}, tensors)
    assert apart.parameters == facts.parameters + 40 and not apart.tied


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"architectures": ["BertModel"], "model_type": "bert"}, "encoder"),
        ({"architectures": ["BertLMHeadModel"], "model_type": "bert", "is_decoder": True}, "decoder"),
        ({"architectures": ["OddForMaskedLM"], "model_type": "odd"}, "encoder"),
        ({"architectures": ["LlamaModel"], "model_type": "llama"}, "decoder"),
        ({"architectures": ["T5Model"], "model_type": "t5", "is_encoder_decoder": True}, "encoder-decoder"),
    ],
)
def test_kind(config: dict[str, Any], kind: str) -> None:
    assert describe(config, []).kind == kind


# Fingerprints


def test_the_same_model_elsewhere_is_the_same(folder: Path, tmp_path: Path) -> None:
    first = resolve(str(folder))
    elsewhere = Path(shutil.copytree(folder, tmp_path / "renamed"))
    edit(elsewhere, _name_or_path="somewhere/else", transformers_version="4.0")
    (elsewhere / "README.md").write_text("a card")
    second = resolve(str(elsewhere))
    assert second.fingerprint == first.fingerprint and len(first.fingerprint) == 32
    assert (first.name, second.name, first.source, first.revision) == ("little", "renamed", "folder", None)


def test_how_tensors_are_spread_over_files_does_not_matter(folder: Path, tmp_path: Path) -> None:
    shards = tiny.llama(tmp_path / "shards", shard="30KB")
    assert len(list(shards.glob("*.safetensors"))) > 2
    assert resolve(str(shards)).fingerprint == resolve(str(folder)).fingerprint


def test_a_changed_weight_config_or_tokenizer_is_another(folder: Path, tmp_path: Path) -> None:
    def spoiled(change: Callable[[Path], None]) -> str:
        copy = Path(shutil.copytree(folder, tmp_path / "copy"))
        change(copy)
        fingerprint = resolve(str(copy)).fingerprint
        shutil.rmtree(copy)
        return fingerprint

    def weight(copy: Path) -> None:
        content = bytearray((copy / "model.safetensors").read_bytes())
        content[-1] ^= 1
        (copy / "model.safetensors").write_bytes(content)

    different = {
        resolve(str(folder)).fingerprint,
        spoiled(weight),
        spoiled(lambda copy: edit(copy, rms_norm_eps=1e-3)),
        spoiled(lambda copy: edit(copy, "tokenizer.json", version="2.0")),
        resolve(str(tiny.llama(tmp_path / "seed", seed=1))).fingerprint,
    }
    assert len(different) == 5


def test_digests_are_remembered_until_a_file_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests: dict[str, str] = {}
    first = resolve(str(folder), digests=digests)
    weights = folder / "model.safetensors"
    status = weights.stat()
    assert f"{weights.resolve()}|{status.st_size}|{status.st_mtime_ns}" in digests
    read: list[Path] = []
    through = tensor_files._sum_of_tensors
    monkeypatch.setattr(tensor_files, "_sum_of_tensors", lambda file: read.append(file) or through(file))
    assert resolve(str(folder), digests=digests) == first and read == []
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert resolve(str(folder), digests=digests).fingerprint != first.fingerprint and len(read) == 1


# Where


def test_find_lists_checkpoints_below_the_roots(folder: Path, tmp_path: Path) -> None:
    nested = Path(shutil.copytree(folder, tmp_path / "models" / "run" / "checkpoint-500"))
    pickled = tmp_path / "models" / "old"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}")
    (pickled / "pytorch_model.bin").write_bytes(b"")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    shutil.copytree(folder, tmp_path / "models" / ".hidden" / "little")
    root = tmp_path / "models"
    assert checkpoints.find([root, root / "run", tmp_path / "absent"]) == [folder, pickled, nested]
    assert resolve(str(nested)).name == "run/checkpoint-500"


def test_a_folder_is_found_by_its_name_under_a_root(folder: Path) -> None:
    assert resolve("little", roots=[folder.parent]) == resolve(str(folder))


def test_a_link_out_of_the_roots_is_not_followed(folder: Path, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "link").symlink_to(folder)
    message = (
        f"{folder} lies outside the folders that may be read ({allowed}): move it there, or add its parent "
        "to "
        "LATENT_SHORTLIST_ROOTS."
    )
    fails(lambda: resolve("link", roots=[allowed]), message)
    fails(lambda: resolve(str(folder), roots=[allowed]), message)
    assert resolve(str(allowed / "link"), roots=[allowed, tmp_path / "models"]).folder == folder


@pytest.mark.parametrize("name", ["minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_installed_encoder(name: str, minilm: Path) -> None:
    checkpoint = resolve(name, roots=[])
    assert (checkpoint.name, checkpoint.source) == ("all-MiniLM-L6-v2", "package")
    assert checkpoint.folder == minilm
    facts = checkpoint.facts
    assert (facts.parameters, facts.parameters_without_embeddings) == (22_713_216, 10_795_392)
    assert (facts.layers, facts.width, facts.vocabulary, facts.kind) == (6, 384, 30522, "encoder")


def test_resolving_imports_no_weights_library(folder: Path) -> None:
    program = (
        "import sys\n"
        "import core.hidden_states.extraction\n"
        "import core.checkpoints.output_embedding\n"
        "import core.hidden_states.devices\n"
        "from core.checkpoints import resolve as checkpoints\n"
        f"checkpoints.resolve({str(folder)!r})\n"
        "core.hidden_states.devices.resolve_precision('auto')\n"
        "print(sorted({'torch', 'transformers', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Folders that cannot be used


def test_unknown_names(tmp_path: Path, folder: Path) -> None:
    fails(
        lambda: resolve("./no/such/folder"),
        "There is no folder ./no/such/folder: give a checkpoint's folder, a hub id like org/model, or "
        "minilm.",
    )
    file = folder / "config.json"
    fails(
        lambda: resolve(str(file)),
        f"{file} is a file: give the folder that holds its config.json and weights.",
    )


def test_no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    fails(
        lambda: resolve(str(folder)),
        f"{folder} is not a checkpoint: it has no config.json; give the folder that a model was saved to.",
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_damaged_config(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    fails(
        lambda: resolve(str(folder)),
        f"{folder}/config.json is damaged: it should hold one JSON object; download or save it again.",
    )


def test_config_without_model_type(folder: Path) -> None:
    edit(folder, model_type=None)
    fails(
        lambda: resolve(str(folder)),
        "little does not say what it is: its config.json has no model_type; save it again with transformers.",
    )


def test_a_model_type_transformers_does_not_know(folder: Path) -> None:
    edit(folder, model_type="tomorrow")
    fails(
        lambda: resolve(str(folder)),
        "little is of model type tomorrow, which the installed transformers does not know: upgrade "
        "transformers, "
        "or measure vectors you extracted yourself.",
    )


def test_code_that_comes_along_is_never_run(folder: Path) -> None:
    edit(folder, model_type="theirs", auto_map={"AutoModel": "evil.Evil"})
    (folder / "evil.py").write_text("raise SystemExit('it was run')")
    fails(
        lambda: resolve(str(folder)),
        "little brings its own model code (model type theirs), which is never run here: use a version of "
        "it that "
        "transformers supports itself.",
    )


def test_code_that_comes_along_with_a_known_model_type_is_never_run(folder: Path) -> None:
    import torch

    (folder / "evil.py").write_text("raise SystemExit('it was run')")
    edit(folder, auto_map={"AutoModel": "evil.Evil"})
    with pytest.raises(InputError, match=r"brings its own model code \(evil\.Evil, by auto_map"):
        resolve(str(folder))
    edit(folder, auto_map={"AutoModel": "evil.LlamaModel", "AutoConfig": "evil.LlamaConfig"})
    model = loading.load_model(resolve(str(folder)), "cpu", torch.float32)
    assert type(model).__name__ == "LlamaModel"


def test_pickled_weights_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    fails(
        lambda: resolve(str(folder)),
        f"{folder} holds its weights only as pytorch_model.bin, a pickle that could run code when it is "
        "read: convert it where you trust it with the class that its config.json names under architectures "
        "(AutoModelForCausalLM, AutoModelForMaskedLM, …) and AutoTokenizer, "
        ".from_pretrained(folder).save_pretrained(new_folder) of each, and give the new folder.",
    )


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    fails(
        lambda: resolve(str(folder)),
        f"{folder} holds no weights: model.safetensors, or model.safetensors.index.json with its shards, "
        "is expected "
        "beside config.json.",
    )


def test_truncated_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    fails(
        lambda: resolve(str(folder)),
        f"{weights} is cut off or damaged: its header promises {len(whole):,} bytes and it holds "
        f"{len(whole) - 100:,}; download or save it again.",
    )
    for size in (0, 5, 300):
        weights.write_bytes(whole[:size])
        fails(
            lambda size=size: resolve(str(folder)),
            f"{weights} is cut off or is not a safetensors file: its {size} bytes end within the header; "
            "download "
            "or save it again.",
        )


@pytest.mark.parametrize(
    "header", [b"not json", b"[1]", b'{"w": {"dtype": "F32"}}', b'{"w": 3}', b"\xff\xff"]
)
def test_damaged_header(folder: Path, header: bytes) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    fails(
        lambda: resolve(str(folder)),
        f"{weights} is damaged: its safetensors header cannot be read; download or save it again.",
    )


def test_shards_that_are_missing_or_elsewhere(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "shards", shard="30KB")
    first, *_ = sorted(folder.glob("model-*.safetensors"))
    total = len(list(folder.glob("model-*.safetensors")))
    first.unlink()
    fails(
        lambda: resolve(str(folder)),
        f"{folder} lacks 1 of the {total} weight files its index names, first {first.name}: download the "
        "checkpoint "
        "again.",
    )
    index = folder / "model.safetensors.index.json"
    for damaged in ('{"weight_map": {"w": "../secret.safetensors"}}', '{"weight_map": {}}', "[]", "{"):
        index.write_text(damaged)
        fails(
            lambda: resolve(str(folder)),
            f"{index} is damaged: its weight_map should name the file of each tensor; download it again.",
        )


def test_an_index_that_points_to_a_wrong_shard(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "shards", shard="30KB")
    index = folder / "model.safetensors.index.json"
    whole = json.loads(index.read_text())
    shards = list(whole["weight_map"].values())
    name, right = next((n, f) for n, f in whole["weight_map"].items() if shards.count(f) > 1)
    wrong = next(file for file in shards if file != right)
    for entry, shard, where in ((name, wrong, f"it is in {right}"), ("absent", wrong, "no file holds it")):
        index.write_text(json.dumps({"weight_map": whole["weight_map"] | {entry: shard}}))
        fails(
            lambda entry=entry, where=where: resolve(str(folder)),
            f"{index} says that {entry} is in {wrong}, and {where}: download the checkpoint again.",
        )


def test_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    checkpoint = resolve(str(folder))
    fails(
        lambda: tokenizing.load_tokenizer(checkpoint),
        f"little has no tokenizer: {folder} should hold tokenizer.json or a vocabulary such as vocab.txt; "
        "save its "
        "tokenizer there with save_pretrained.",
    )


def test_damaged_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"^The tokenizer of little cannot be loaded \([^\n]+\): save [^\n]+\.$"
    ):
        tokenizing.load_tokenizer(resolve(str(folder)))


def test_weights_that_do_not_fit_the_config(folder: Path) -> None:
    import torch

    edit(folder, num_hidden_layers=3)
    fails(
        lambda: loading.load_model(resolve(str(folder)), "cpu", torch.float32),
        "The weights of little lack 9 tensors that its config.json asks for, first "
        "layers.2.input_layernorm.weight: download or save it again.",
    )


# The hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[fake_hub.FakeHub]:
    with fake_hub.serving() as served:
        served.connect(monkeypatch, tmp_path / "hub-cache")
        yield served


def test_a_hub_id_is_fetched_at_a_recorded_commit(
    hub: fake_hub.FakeHub, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {
        "README.md": b"card",
        "pytorch_model.bin": b"x" * 9,
        "consolidated.safetensors": b"y",
        "run.py": b"z",
    }
    files = {f.name: f.read_bytes() for f in model.iterdir()}
    commit = hub.add("org/little", files | extra)
    checkpoint = resolve("org/little", roots=[])
    assert (checkpoint.name, checkpoint.source, checkpoint.revision) == ("org/little", "hub", commit)
    assert checkpoint.fingerprint == resolve(str(model)).fingerprint
    fetched = {Path(path).name for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path}
    assert fetched == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("org/little", roots=[]) == checkpoint
    local = resolve(str(checkpoint.folder))
    assert (local.name, local.revision, local.fingerprint) == ("org/little", commit, checkpoint.fingerprint)


def test_a_revision_and_shards(hub: fake_hub.FakeHub, model: Path, tmp_path: Path) -> None:
    hub.add("org/little", model)
    other = hub.add("org/little", tiny.llama(tmp_path / "s", seed=1, shard="30KB"), revision="step-2")
    checkpoint = resolve("org/little", revision="step-2")
    assert checkpoint.revision == other and len(list(checkpoint.folder.glob("model-*.safetensors"))) > 2
    assert resolve("org/little", revision=other) == checkpoint
    assert resolve("org/little").fingerprint != checkpoint.fingerprint
    fails(
        lambda: resolve("org/little", revision="step-3"),
        "org/little on the hub has no revision step-3: give a branch, tag or commit of it.",
    )


def test_hub_repositories_that_cannot_be_used(hub: fake_hub.FakeHub, model: Path) -> None:
    fails(
        lambda: resolve("org/unknown"),
        "There is no folder org/unknown, and no repository org/unknown on the hub that this machine may "
        "read: check "
        "the spelling, or sign in with `hf auth login` if it is private.",
    )
    hub.add("org/gated", model)
    hub.close("org/gated", gated=True)
    fails(
        lambda: resolve("org/gated"),
        "org/gated on the hub is gated: accept its terms on its page and sign in with `hf auth login`.",
    )
    config = (model / "config.json").read_bytes()
    hub.add("org/data", {"train.csv": b"a,b"})
    fails(
        lambda: resolve("org/data"),
        "org/data on the hub is not a checkpoint: it has no config.json; give another repository.",
    )
    remedy = (
        "give a revision with model.safetensors (often refs/pr/…), or convert it on a machine that trusts "
        "it with "
        "save_pretrained and give that folder."
    )
    hub.add("org/pickled", {"config.json": config, "pytorch_model.bin": b"x"})
    fails(
        lambda: resolve("org/pickled"),
        "org/pickled on the hub holds only pytorch_model.bin, a pickle that could run code when it is "
        f"read: {remedy}",
    )
    hub.add("org/empty", {"config.json": config})
    fails(lambda: resolve("org/empty"), f"org/empty on the hub holds no safetensors: {remedy}")


def test_foreign_code_is_refused_before_its_weights_are_fetched(hub: fake_hub.FakeHub) -> None:
    config = json.dumps({"model_type": "theirs", "auto_map": {"AutoModel": "evil.Evil"}}).encode()
    hub.add("org/theirs", {"config.json": config, "model.safetensors": b"x" * 1000, "evil.py": b"1/0"})
    fails(
        lambda: resolve("org/theirs"),
        "org/theirs brings its own model code (model type theirs), which is never run here: use a version "
        "of it that "
        "transformers supports itself.",
    )
    assert hub.sent == len(config)


def test_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    fails(
        lambda: resolve("org/little"),
        "There is no folder org/little, and the hub is off (HF_HUB_OFFLINE is set) with org/little not "
        "among the "
        "models downloaded before: unset it, or give a local folder.",
    )
    fails(
        lambda: resolve("gpt2", revision="v1"),
        "There is no folder gpt2, and the hub is off (HF_HUB_OFFLINE is set) with gpt2 at revision v1 not "
        "among the "
        "models downloaded before: unset it, or give a local folder.",
    )


def test_a_hub_that_does_not_answer(hub: fake_hub.FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    message = (
        r"org/little could not be fetched from the hub \(.*\): try again later, or give a local folder\."
    )
    with pytest.raises(InputError, match=f"^{message}$"):
        resolve("org/little")


@pytest.mark.real
def test_real_checkpoints(material: Path) -> None:
    digests: dict[str, str] = {}
    result = checkpoints.find([material / "checkpoints"])
    described = {c.name: c for c in (resolve(str(folder), digests=digests) for folder in result)}
    assert len(described) == len({c.fingerprint for c in described.values()}) == 7
    expected = {
        "llama-stories260k": 260_032,
        "llama-stories-xs": 279_232,
        "llama-zhpoem-v3": 750_624,
        "gpt2-tinyshakespeare-char": 357_408,
        "gpt2-slm4096-char": 211_712,
        "gpt1-shakespeare-char-ep0": 847_360,
        "gpt1-shakespeare-char-ep3": 847_360,
    }
    assert {name: c.facts.parameters for name, c in described.items()} == expected
