"""Chosen rows, from a few of the bytes of local files or over HTTP ranges, are those of the whole matrix."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import output_embedding as weights
from core.checkpoints import resolve as checkpoints
from core.checkpoints import tokenizing
from core.errors import InputError
from core.weights import remote_file as remote_files
from core.weights.ranges import merge
from tests import fake_hub, storage, tiny
from tests.core.checkpoints.test_output_embedding import loaded, rewrite

VOCABULARY, WIDTH = 40_000, 64
SCATTERED = list(range(7, VOCABULARY, 600))  # 67 rows, farther apart than what is read along


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sharded Llama of which the output matrix, 40,000 × 64 numbers, is nearly half."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "wide"
    tiny.save_tokenizer(folder, encoder=False)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder, max_shard_size="6MB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


@pytest.fixture(scope="module")
def matrix(wide: Path) -> np.ndarray:
    return weights.read_matrix(weights.output_embedding(checkpoints.resolve(str(wide))))


@dataclass
class Hub:
    """A hub, its storage server, and a repository org/wide in it."""

    hub: fake_hub.FakeHub
    storage: storage.Storage
    commit: str
    total: int  # bytes of the weight files


@pytest.fixture
def served(wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    import hashlib

    monkeypatch.setattr(remote_files, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with fake_hub.serving() as hub, storage.serving() as store:
        hub.connect(monkeypatch, tmp_path / "hub-cache")
        hub.storage = store.url
        commit = hub.add("org/wide", wide)
        files = list(wide.glob("*.safetensors"))
        store.files = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in files}
        yield Hub(hub, store, commit, sum(file.stat().st_size for file in files))


def located() -> weights.TensorAt:
    return weights.output_embedding(checkpoints.resolve_remote("org/wide"))


def test_local_rows_are_those_of_the_matrix_in_the_order_asked_for(wide: Path, matrix: np.ndarray) -> None:
    at = weights.output_embedding(checkpoints.resolve_unread(str(wide)))
    ids = [5, 39_999, 5, 0, 6, 20_000]
    rows = weights.read_rows(at, ids)
    assert rows.vectors.dtype == np.float32
    np.testing.assert_array_equal(rows.vectors, matrix[ids])
    headers = sum(16 + int.from_bytes(f.read_bytes()[:8], "little") for f in wide.glob("*.safetensors"))
    assert (
        rows.bytes_read == headers + 2 * WIDTH * 9
    )  # 0 to 6 in one, two more; a header's length is read twice
    assert rows.requests == 2 * len(list(wide.glob("*.safetensors"))) + 3
    assert weights.read_rows(at, []).vectors.shape == (0, WIDTH)


def test_remote_rows_are_bit_for_bit_the_local_ones_from_a_hundredth_of_the_bytes(
    served: Hub, matrix: np.ndarray
) -> None:
    checkpoint = checkpoints.resolve_remote("org/wide")
    rows = weights.read_rows(weights.output_embedding(checkpoint), SCATTERED)
    np.testing.assert_array_equal(rows.vectors, matrix[SCATTERED])
    bytes_read = checkpoint.opened.bytes_read + rows.bytes_read
    assert bytes_read < served.total / 100
    index = [r for r in served.hub.requests if r[1].endswith("index.json") and r[0] == "GET"]
    shards = len(served.storage.files)
    first_of_each = [r for r in served.hub.requests if r[1].endswith(".safetensors")]
    assert len(index) == 1 and len(first_of_each) == shards, "redirected once a file, then asked directly"
    assert len(served.storage.requests) == shards + len(SCATTERED)
    asked = len(index) + len(first_of_each) + len(served.storage.requests)
    assert checkpoint.opened.requests + rows.requests == asked
    small = served.hub.repositories["models", "org/wide"].commits[served.commit]
    assert bytes_read == served.storage.sent + len(small["model.safetensors.index.json"])


def test_adjacent_rows_are_one_request(served: Hub, matrix: np.ndarray) -> None:
    at = located()
    before = len(served.storage.requests)
    ids = [*range(100, 160), 163, *range(30_000, 30_010)]
    np.testing.assert_array_equal(weights.read_rows(at, ids).vectors, matrix[ids])
    assert len(served.storage.requests) - before == 2


def test_the_rest_is_asked_for_in_parallel_over_connections_that_are_kept(served: Hub) -> None:
    at = located()
    served.storage.latency = 0.05
    weights.read_rows(at, range(0, VOCABULARY, 200))
    assert served.storage.most_active >= 16
    assert served.storage.connections < len(served.storage.requests) / 2


def test_the_token_goes_to_the_hub_and_not_to_the_storage_server(served: Hub) -> None:
    seen: list[str | None] = []
    checkpoint = checkpoints.resolve_remote("org/wide")
    weights.read_rows(weights.output_embedding(checkpoint), SCATTERED)
    seen = [request.get("authorization") for request in served.storage.requests]
    assert set(seen) == {None}
    assert checkpoint.remote[0]._headers["authorization"] == "Bearer hf_secret"


def test_near_spans_are_merged_up_to_a_length() -> None:
    assert merge([(0, 10), (10, 20), (2**13, 2**13 + 5), (2**20, 2**20 + 1)], remote=True) == [[0, 1, 2], [3]]
    assert merge([(0, 10), (2**13, 2**13 + 5)], remote=False) == [[0], [1]]
    rows = [(i * 2**20, (i + 1) * 2**20) for i in range(20)]
    assert [len(group) for group in merge(rows, remote=True)] == [8, 8, 4]


def test_a_remote_checkpoint_knows_what_it_is_without_its_weights(served: Hub, wide: Path) -> None:
    remote = checkpoints.resolve_remote("org/wide")
    local = checkpoints.resolve(str(wide))
    assert (remote.name, remote.source, remote.revision) == ("org/wide", "hub", served.commit)
    assert remote.facts == local.facts
    words = [tokenizing.load_tokenizer(c).encode("the river") for c in (remote, local)]
    assert words[0] == words[1]
    assert not list(remote.folder.glob("*.safetensors*")), "no weights came along"
    assert checkpoints.resolve_remote("org/wide", "main").fingerprint == remote.fingerprint
    served.hub.add("other/copy", wide)
    assert checkpoints.resolve_remote("other/copy").fingerprint == remote.fingerprint
    assert checkpoints.resolve_unread("org/wide").fingerprint == remote.fingerprint


def test_of_a_checkpoint_seen_before_no_file_is_read_again(served: Hub, matrix: np.ndarray) -> None:
    digests: dict[str, str] = {}
    first = checkpoints.resolve_unread("org/wide", digests=digests)
    seen = len(served.storage.requests)
    again = checkpoints.resolve_unread("org/wide", digests=digests)
    assert again.fingerprint == first.fingerprint and again.facts == first.facts
    assert first.opened.requests > again.opened.requests == 0 == len(served.storage.requests) - seen
    rows = weights.read_rows(weights.output_embedding(again), [11])
    np.testing.assert_array_equal(rows.vectors, matrix[[11]])


def test_another_commit_is_another_checkpoint(served: Hub, wide: Path) -> None:
    import hashlib

    first = checkpoints.resolve_remote("org/wide")
    files = {str(f.relative_to(wide)): f.read_bytes() for f in wide.iterdir()}
    name = weights.output_embedding(first).file.name.rpartition("/")[2]
    changed = bytearray(files[name])
    changed[-1] ^= 1
    (wide.parent / "changed.safetensors").write_bytes(changed)
    served.storage.files[hashlib.sha256(changed).hexdigest()] = wide.parent / "changed.safetensors"
    served.hub.add("org/wide", files | {name: bytes(changed)})
    assert checkpoints.resolve_remote("org/wide").fingerprint != first.fingerprint
    pinned = checkpoints.resolve_remote("org/wide", first.revision)
    assert (pinned.fingerprint, pinned.revision) == (first.fingerprint, first.revision)


def test_a_server_that_lists_no_sizes_is_asked_for_them(
    served: Hub, matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_hub, "_blob", lambda data: {})
    np.testing.assert_array_equal(weights.read_rows(located(), [3]).vectors, matrix[[3]])


def after(count: int, fault: storage.Fault) -> storage.Fault:
    """A fault from the request of that number on."""
    return lambda handler, number: number >= count and fault(handler, number)


def ignores_ranges(handler: storage.Handler, number: int) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()
    return True


def hangs_up(handler: storage.Handler, number: int) -> bool:
    handler.answer(handler.path, kept=10)
    return True


def other_etag(handler: storage.Handler, number: int) -> bool:
    handler.answer(handler.path, etag='"two"')
    return True


def other_range(handler: storage.Handler, number: int) -> bool:
    return handler.status(206, Content_Range="bytes 0-0/1")


NOT_READ = (
    "{file} could not be read from {host} ({reason}): nothing of it is used; try again later, or download "
    "the checkpoint and give its folder."
)
FAULTS: dict[str, tuple[storage.Fault, str]] = {
    "ignores ranges": (
        ignores_ranges,
        "{host} ignores byte ranges: it would send all {size:,} bytes of {file} where 128 were asked for, "
        "so nothing was read; set HF_ENDPOINT to another server, or download the checkpoint and give its "
        "folder.",
    ),
    "drops connections": (
        hangs_up,
        NOT_READ.replace(
            "{reason}",
            "peer closed connection without sending complete message body (received 10 bytes, expected 128)",
        ),
    ),
    "401": (
        lambda handler, _: handler.status(401),
        "{file} may not be read ({host} answered 401): sign in with `hf auth login`, or accept the terms on "
        "the model's page.",
    ),
    "404": (
        lambda handler, _: handler.status(404),
        "{file} could not be read ({host} answered 404): check its id and revision, or give a local folder.",
    ),
    "429": (
        lambda handler, _: handler.status(429, Retry_After="0"),
        NOT_READ.replace("{reason}", "429 Too Many Requests"),
    ),
    "429 for long": (
        lambda handler, _: handler.status(429, Retry_After="3600"),
        NOT_READ.replace("{reason}", "429 Too Many Requests, and asks to wait 3600 seconds"),
    ),
    "503": (
        lambda handler, _: handler.status(503),
        NOT_READ.replace("{reason}", "503 Service Unavailable"),
    ),
    "another file": (
        other_etag,
        "{file} changed on {host} while it was being read: nothing of it is used; start again.",
    ),
    "cut off": (
        lambda handler, _: handler.status(416),
        "{file} changed on {host} while it was being read: nothing of it is used; start again.",
    ),
    "other bytes": (
        other_range,
        "{host} answered with other bytes of {file} than those asked for: nothing of them is used; give "
        "another HF_ENDPOINT, or download the checkpoint and give its folder.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_server_may_do_midway_is_one_sentence_and_no_rows(fault: str, served: Hub) -> None:
    at = located()
    answer, message = FAULTS[fault]
    good = len(served.storage.requests) + 20
    served.storage.fault = after(good, answer)
    with pytest.raises(InputError) as caught:
        weights.read_rows(at, SCATTERED)
    assert isinstance(at.file, remote_files.RemoteFile)
    host = served.storage.url.removeprefix("http://")
    assert str(caught.value) == message.format(file=at.file, host=host, size=at.file.size)


@pytest.mark.parametrize("fault", ["drops connections", "429", "503"])
def test_what_passes_is_tried_again(fault: str, served: Hub, matrix: np.ndarray) -> None:
    at = located()
    answer, _ = FAULTS[fault]
    asked: set[str] = set()

    def first_time(handler: storage.Handler, number: int) -> bool:
        again = handler.headers["Range"] in asked
        asked.add(handler.headers["Range"])
        return not again and answer(handler, number)

    served.storage.fault = first_time
    rows = weights.read_rows(at, SCATTERED)
    np.testing.assert_array_equal(rows.vectors, matrix[SCATTERED])
    assert rows.requests == at.found.requests + 2 * len(SCATTERED)
    assert rows.bytes_read >= at.found.bytes_read + len(SCATTERED) * 2 * WIDTH


def test_an_expired_address_is_asked_for_anew(served: Hub, matrix: np.ndarray) -> None:
    at = located()
    seen = len(served.storage.requests)
    served.storage.fault = lambda handler, number: number == seen and handler.status(403)
    np.testing.assert_array_equal(weights.read_rows(at, [4]).vectors, matrix[[4]])


def test_a_hub_that_ignores_ranges_is_found_out_before_any_file_is_read(
    served: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.storage.fault = ignores_ranges
    with pytest.raises(InputError, match="ignores byte ranges") as caught:
        checkpoints.resolve_remote("org/wide")
    assert "nothing was read" in str(caught.value) and served.storage.sent == 0


def test_a_closed_repository_and_an_unknown_revision(served: Hub) -> None:
    for name, revision, message in [
        (
            "org/nothing",
            None,
            "There is no folder org/nothing, and no repository org/nothing on the hub that this machine may "
            "read: check the spelling, or sign in with `hf auth login` if it is private.",
        ),
        ("org/wide", "v9", "org/wide on the hub has no revision v9: give a branch, tag or commit of it."),
    ]:
        with pytest.raises(InputError) as caught:
            checkpoints.resolve_remote(name, revision)
        assert str(caught.value) == message
    served.hub.close("org/wide", gated=True)
    with pytest.raises(InputError) as caught:
        checkpoints.resolve_remote("org/wide")
    assert str(caught.value) == (
        "org/wide on the hub is gated: accept its terms on its page and sign in with `hf auth login`."
    )


def test_a_measure_of_the_whole_matrix_does_not_download_it(served: Hub) -> None:
    at = located()
    with pytest.raises(InputError) as caught:
        weights.read_matrix(at)
    assert str(caught.value) == (
        f"lm_head.weight is in {at.file} on the hub, and a measure of the whole matrix needs all its bytes: "
        "download the checkpoint and give its folder."
    )


def test_measures_of_the_matrix_read_it_block_by_block(
    wide: Path, matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core import blocks as rows
    from core.measures import measure

    read: list[int] = []

    class Watched(weights.StoredMatrix):
        def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
            read.append(len(block := super().__getitem__(index)))
            return block

    monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 2**16)
    at = weights.output_embedding(checkpoints.resolve_unread(str(wide)))
    assert measure(Watched(at), "unembedding") == measure(matrix, "unembedding")
    assert max(read) == 2**16 // WIDTH


def test_an_id_beyond_the_matrix(wide: Path) -> None:
    at = weights.output_embedding(checkpoints.resolve_unread(str(wide)))
    with pytest.raises(InputError) as caught:
        weights.read_rows(at, [0, VOCABULARY])
    assert str(caught.value) == (
        f"lm_head.weight in {at.file} has the rows 0 to 39,999, and no row 40000: its tokenizer has more "
        "entries than the matrix; leave that token out."
    )


def test_a_file_cut_off_after_its_header_was_read(tmp_path: Path) -> None:
    at = weights.output_embedding(checkpoints.resolve_unread(str(tiny.llama(tmp_path))))
    assert isinstance(at.file, Path)
    with at.file.open("r+b") as stream:
        stream.truncate(at.start + 10)
    with pytest.raises(InputError) as caught:
        weights.read_rows(at, [0])
    assert str(caught.value) == (f"{at.file} was cut off while it was being read: save or download it again.")


Quantize = Callable[[np.ndarray], tuple[object, dict[str, object], np.ndarray]]


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2"])
@pytest.mark.parametrize("factors", ["one", "a row", "a block"])
def test_8_bit_numbers_are_multiplied_by_their_factors(kind: str, factors: str, tmp_path: Path) -> None:
    import torch

    folder = tiny.llama(tmp_path)
    at = weights.output_embedding(checkpoints.resolve_unread(str(folder)))
    original = torch.from_numpy(weights.read_matrix(at))
    rows = len(original)
    stored = original.to({"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}[kind])
    if factors == "a block":
        scale = torch.rand(-(-rows // 64), 2)
        expected = stored.float() * scale.repeat_interleave(64, 0)[:rows].repeat_interleave(16, 1)
        config = json.loads((folder / "config.json").read_text())
        config["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [64, 16]}
        (folder / "config.json").write_text(json.dumps(config))
    else:
        scale = torch.rand(1) if factors == "one" else torch.rand(rows, 1)
        expected = stored.float() * scale
    name = "lm_head.weight_scale_inv" if factors == "a block" else "lm_head.weight_scale"
    rewrite(folder, lambda t: t | {"lm_head.weight": stored, name: scale})
    at = weights.output_embedding(checkpoints.resolve_unread(str(folder)))
    assert at.dtype == kind
    np.testing.assert_array_equal(weights.read_matrix(at), expected.numpy())
    np.testing.assert_array_equal(weights.read_rows(at, [200, 3, 64]).vectors, expected[[200, 3, 64]].numpy())


def test_8_bit_numbers_without_factors_are_refused(tmp_path: Path) -> None:
    import torch

    folder = tiny.llama(tmp_path)
    rewrite(folder, lambda t: t | {"lm_head.weight": t["lm_head.weight"].to(torch.float8_e4m3fn)})
    at = weights.output_embedding(checkpoints.resolve_unread(str(folder)))
    with pytest.raises(InputError) as caught:
        weights.read_rows(at, [0])
    assert str(caught.value) == (
        f"lm_head.weight in {at.file} is stored as F8_E4M3 without the factors (weight_scale) that its "
        "numbers are to be multiplied by: give a checkpoint in float32, float16 or bfloat16."
    )


def test_ten_checkpoints_with_one_fine_tuned_tensor_each(tmp_path: Path) -> None:
    rows, quick, full = [], set(), set()
    for number in range(10):
        folder = tiny.llama(tmp_path / str(number))
        rewrite(folder, lambda t, n=number: t | {"lm_head.weight": t["lm_head.weight"] * (1 + n / 10)})
        checkpoint = checkpoints.resolve_unread(str(folder))
        quick.add(checkpoint.fingerprint)
        full.add(checkpoints.resolve(str(folder)).fingerprint)
        rows.append(weights.read_rows(weights.output_embedding(checkpoint), [1, 2]).vectors)
    assert len(quick) == len(full) == len(np.unique(np.stack(rows), axis=0)) == 10


def test_an_unread_checkpoint_is_known_by_its_files_until_they_were_read_through(tmp_path: Path) -> None:
    folder = str(tiny.llama(tmp_path))
    digests: dict[str, str] = {}
    quick = checkpoints.resolve_unread(folder, digests=digests).fingerprint
    assert quick == checkpoints.resolve_unread(folder, digests=digests).fingerprint
    full = checkpoints.resolve(folder, digests=digests).fingerprint
    assert full != quick and checkpoints.resolve_unread(folder, digests=digests).fingerprint == full
    rewrite(tmp_path, lambda t: t | {"model.norm.weight": t["model.norm.weight"] + 1})
    assert checkpoints.resolve_unread(folder, digests=digests).fingerprint not in (quick, full)


@pytest.mark.real
def test_real_checkpoints(material: Path) -> None:
    folders = checkpoints.find([material / "checkpoints"])
    assert len(folders) == 7
    for folder in folders:
        at = weights.output_embedding(checkpoints.resolve_unread(str(folder)))
        ids = np.random.default_rng(0).integers(0, at.shape[0], 30)
        np.testing.assert_allclose(weights.read_rows(at, ids).vectors, loaded(folder)[ids], atol=1e-6, rtol=0)
