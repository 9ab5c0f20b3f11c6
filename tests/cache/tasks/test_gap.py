"""The gap of a checkpoint, from its name to rows in the store: computed once, told in one sentence if not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache import jobs
from cache.claims import claim
from cache.documents import from_json, to_json
from cache.gap_rows import measured, tied_pairs
from cache.requests import Gap, Subject
from cache.results import Distances, SkippedWord
from cache.store import Store
from cache.tasks import gap as gaps
from cache.tasks.gap import expand, gap_for
from cache.worker import carry_out
from core.checkpoints import output_embedding as weights
from core.errors import InputError
from core.measures.families.gap import gap
from core.token_sets import from_text, load
from core.token_sets.word_gap import PARTS
from tests import fake_hub, stores, tiny


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tiny Llamas that differ in their weights only, and an encoder."""
    folder = tmp_path_factory.mktemp("models")
    for seed in range(3):
        tiny.llama(folder / f"llama-{seed}", seed=seed)
    tiny.encoder(folder / "bert", seed=3)
    return folder


def ask(**options) -> Gap:
    return Gap.of("digits", "function", **options)


def text(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


def test_the_result_is_that_of_the_rows_themselves_and_is_kept(store: Store, models: Path) -> None:
    found = gap_for(store, str(models / "llama-0"), ask())
    pieces = tiny.vocabulary()
    assert found.domain_ids == [pieces[digit] for digit in "0123456789"]
    assert found.reference_ids == [pieces[w] for w in load("function").words if w in pieces]
    from safetensors.numpy import load_file

    W = load_file(models / "llama-0" / "model.safetensors")["lm_head.weight"]
    expected = gap(W[found.domain_ids], W[found.reference_ids])
    for distance, theirs in expected.items():
        assert getattr(found, distance) == Distances(**{part: getattr(theirs, part) for part in PARTS})
    rows = store.query("SELECT * FROM measurements WHERE origin = 'measured' ORDER BY measure")
    assert rows["measure"].tolist() == ["gap_cosine", "gap_euclidean"]
    assert rows["value"].tolist() == [found.cosine.gap, found.euclidean.gap]
    assert rows["standard_error"].tolist() == [found.cosine.se, found.euclidean.se]
    assert set(rows["subject"]) == {found.fingerprint}
    assert json.loads(rows["parameters"][0])["domain"] == load("digits").digest
    listed = store.query("SELECT name FROM checkpoints WHERE subject = ?", [found.fingerprint])
    assert listed["name"].tolist() == ["llama-0"]


def test_every_word_left_out_says_why(store: Store, models: Path) -> None:
    found = gap_for(store, str(models / "llama-0"), ask())
    skipped = {(entry.set, entry.word): entry.reason for entry in found.skipped}
    assert skipped["reference", "because"] == "needs 6 tokens"
    assert {which for which, _ in skipped} == {"reference"}
    count, words = len(found.reference_ids), len(load("function").words)
    assert len(skipped) + count == words
    assert found.note == f"Only {count} of the {words} words in function are counted for llama-0."


def test_a_second_run_reads_no_row_and_no_tokenizer(
    store: Store, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gap_for(store, str(models / "llama-0"), ask())
    assert first.bytes_read > 0
    assert not first.cached
    monkeypatch.setattr(weights, "read_rows", None)
    monkeypatch.setattr("core.token_sets.vocabularies.Vocabulary.read", None)
    again = gap_for(store, str(models / "llama-0"), ask())
    assert (again.cached, again.bytes_read, again.requests) == (True, 0, 0)
    same = {"cached": True, "bytes_read": 0, "requests": 0, "seconds": again.seconds}
    assert again == replace(first, **same)


def test_a_second_copy_is_found_by_its_name_and_place(store: Store, models: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(models / "llama-0", tmp_path / "copy")
    first, again = (gap_for(store, str(folder), ask()) for folder in (models / "llama-0", copy))
    assert again.cached
    gap_for(store, str(copy), ask())
    assert store.query("SELECT subject, name, path FROM names").to_numpy().tolist() == [
        [first.fingerprint, "copy", str(copy)]
    ]


def test_what_changes_the_gap_is_computed_anew_and_what_does_not_is_not(store: Store, models: Path) -> None:
    name = str(models / "llama-0")
    gap_for(store, name, ask())
    assert gap_for(store, name, Gap(from_text("mine", " ".join("0123456789")), load("function"))).cached
    for other in (
        ask(seed=1),
        ask(form="both"),
        ask(cases=True),
        ask(several="average"),
        Gap.of("digits", "everyday", several="average"),
        Gap.of("digits", "random:20"),
    ):
        assert not gap_for(store, name, other).cached
        assert gap_for(store, name, other).cached
    assert len(measured(store)) == 7


def test_a_large_checkpoint_is_known_by_its_place_and_a_changed_one_is_another(
    store: Store, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "SMALL", 0)
    name = str(shutil.copytree(models / "llama-0", tmp_path / "model"))
    first = gap_for(store, name, ask())
    assert gap_for(store, name, ask()).cached
    shutil.copy(models / "llama-1" / "model.safetensors", Path(name) / "model.safetensors")
    other = gap_for(store, name, ask())
    assert not other.cached
    assert other.cosine != first.cosine


def test_rows_of_zeros_are_left_out_and_said(store: Store, models: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(models / "llama-0", tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"][tiny.vocabulary()["7"]] = 0
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    found = gap_for(store, str(folder), ask())
    assert SkippedWord("7", "domain", "has a row of zeros") in found.skipped
    assert len(found.domain_ids) == 9


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_that_is_not_finite_names_its_weight(
    store: Store, models: Path, tmp_path: Path, value: float
) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(models / "llama-0", tmp_path / "broken")
    tensors = load_file(folder / "model.safetensors")
    token = tiny.vocabulary()["7"]
    tensors["lm_head.weight"][token] = value
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert text(lambda: gap_for(store, str(folder), ask())) == (
        "The weight lm_head.weight of broken holds NaN or infinite values, first in the row of token "
        f"{token}: download or save the checkpoint again."
    )


def test_averaged_words_are_the_mean_of_their_rows(store: Store, models: Path) -> None:
    request = Gap(from_text("mine", "cat dog"), from_text("other", "0 1 2"), several="average")
    found = gap_for(store, str(models / "llama-0"), request)
    from safetensors.numpy import load_file

    W = load_file(models / "llama-0" / "model.safetensors")["lm_head.weight"].astype(float)
    pieces = tiny.vocabulary()
    words = [["c", "##a", "##t"], ["d", "##o", "##g"]]
    T = np.array([W[[pieces[p] for p in word]].mean(0) for word in words])
    expected = gap(T, W[[pieces[d] for d in "012"]])
    assert found.cosine.gap == pytest.approx(expected["cosine"].gap, abs=1e-12)
    assert found.domain_ids == [pieces[p] for word in words for p in word]


def test_a_random_reference_is_the_same_draw_for_equal_tokenizers(store: Store, models: Path) -> None:
    request = Gap.of("digits", "random:30", seed=4)
    a, b = (gap_for(store, str(models / f"llama-{i}"), request) for i in range(2))
    assert a.reference_ids == b.reference_ids
    assert len(a.reference_ids) == 30
    assert not set(a.reference_ids) & set(a.domain_ids)


def test_a_draw_from_too_small_a_vocabulary_says_so(store: Store, models: Path) -> None:
    found = gap_for(store, str(models / "llama-0"), Gap.of("digits", "random:5000"))
    count = len(found.reference_ids)
    assert count == len(tiny.vocabulary()) - 11  # all but the digits and the unknown token
    assert found.note == f"The vocabulary of llama-0 has only {count} tokens to draw 5000 from."


def test_a_hub_id_gives_the_same_without_its_weights_being_downloaded(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.llama(tmp_path / "model", shard="40KB")
    # In a store of its own: in one, the two are one checkpoint, and the gap would be known.
    here = gap_for(stores.new(tmp_path / "other"), str(folder), ask())
    with fake_hub.serving() as hub:
        hub.connect(monkeypatch, tmp_path / "cache")
        commit = hub.add("org/model", {file.name: file.read_bytes() for file in folder.iterdir()})
        there = gap_for(store, "org/model", ask())
        again = gap_for(store, "org/model", ask())
        hub.close("org/model", gated=True)
        refused = text(lambda: gap_for(store, "org/model", ask(seed=1), revision="main"))
    assert there.cosine == here.cosine
    assert there.domain_ids == here.domain_ids
    assert there.bytes_read > 0
    assert (again.cached, again.bytes_read, again.requests) == (True, 0, 0)
    assert refused.endswith(
        f"may not be read ({hub.url.rpartition('/')[2]} answered 401): sign in with `hf auth login`, or "
        "accept the terms on the model's page."
    )
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    listed = store.query("SELECT * FROM checkpoints WHERE subject = ?", [there.fingerprint])
    assert listed[["name", "source", "revision"]].to_numpy().tolist() == [["org/model", "hub", commit]]


def test_ties_of_checkpoints(store: Store, models: Path) -> None:
    results = [gap_for(store, str(models / f"llama-{i}"), ask()) for i in (0, 1, 2, 0)]
    pairs = tied_pairs(store, results, "cosine")
    assert (0, 3) in pairs
    details = measured(store).set_index("subject")["details"]
    for i in range(3):
        for j in range(i + 1, 3):
            a, b = (details[results[k].fingerprint]["cosine"] for k in (i, j))
            apart = np.subtract(a["resamples"], b["resamples"])
            assert ((i, j) in pairs) == (abs(a["gap"] - b["gap"]) <= 1.96 * apart.std(ddof=1))


def test_an_encoder_without_a_head_says_what_stands_in(store: Store, minilm: Path) -> None:
    found = gap_for(store, "minilm", Gap.of("digits"))
    assert found.note.startswith("all-MiniLM-L6-v2 has no language-model head")
    assert len(found.domain_ids) == 10
    assert found.bytes_read < 2_000_000  # of a matrix of 46,881,792


def test_a_tokenizer_larger_than_the_matrix_is_refused(store: Store, tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "mixed")
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["vocab"]["beyond"] = 900
    (folder / "tokenizer.json").write_text(json.dumps(content))
    rows = len(tiny.vocabulary())
    assert text(lambda: gap_for(store, str(folder), ask())) == (
        f"The tokenizer of mixed gives token 900 and lm_head.weight has {rows} rows: it belongs to another "
        "model; save the right one beside the weights."
    )


def test_failures_are_one_sentence_and_leave_nothing(store: Store, models: Path) -> None:
    name = str(models / "llama-0")
    before = store.state()
    assert text(lambda: gap_for(store, name, Gap.of("medical"))) == (
        "The tokenizer of llama-0 has a single token for 0 of the 109 words in medical, and two are needed: "
        "give another domain, or average words of several tokens."
    )
    assert text(lambda: gap_for(store, name, Gap.of("digits", "legal"))) == (
        "The tokenizer of llama-0 has a single token for 0 of the 107 words in legal, and two are needed: "
        "give random:300 as the reference, or average words of several tokens."
    )
    assert text(lambda: Gap.of("random:10")) == (
        "random:10 can be a reference only: give a token set or a file as the domain."
    )
    assert text(lambda: gap_for(store, name, ask(), roots=[models / "bert"])).startswith(
        f"{models / 'llama-0'} lies outside the folders that may be read"
    )
    assert store.state() == before


def test_a_job_measures_each_checkpoint_and_one_failure_does_not_stop_it(store: Store, models: Path) -> None:
    request = Gap(from_text("typed", "0 1 2 3"), "random:25", seed=2)
    names = [str(models / "llama-0"), str(models / "nothing"), str(models / "llama-1")]
    job = jobs.submit(store, request, [Subject(name) for name in names], roots=[models])
    while piece := claim(store):
        carry_out(piece)
    found = jobs.get(store, job)
    assert [piece.state for piece in found.pieces] == ["done", "failed", "done"]
    assert found.title == "Token gap of 3 checkpoints: typed against random:25"
    assert found.pieces[1].error is not None
    assert f"There is no folder {names[1]}" in found.pieces[1].error
    rows = measured(store)
    assert sorted(rows["name"]) == ["llama-0", "llama-1"]
    assert set(rows["reference"]) == {"random:25"}
    assert gap_for(store, names[0], request).cached
    assert from_json(Gap, json.loads(json.dumps(to_json(request)))) == request


def test_a_folder_of_checkpoints_stands_for_all_in_it(models: Path, tmp_path: Path) -> None:
    names = [str(models / name) for name in ("bert", "llama-0", "llama-1", "llama-2")]
    assert expand([names[2], str(models), "org/model"]) == [
        names[2],
        names[0],
        names[1],
        names[3],
        "org/model",
    ]
    assert text(lambda: expand([str(tmp_path)])) == (
        f"{tmp_path} holds no checkpoint, nor do the folders in it: give folders with config.json and "
        "model.safetensors."
    )


@pytest.mark.real
def test_small_trained_decoders_equal_their_loaded_output_embeddings(store: Store, material: Path) -> None:
    from transformers import AutoModelForCausalLM

    for name in ("llama-stories260k", "gpt1-shakespeare-char-ep3"):
        folder = material / "checkpoints" / name
        found = gap_for(store, str(folder), Gap.of("digits", "random:20"))
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
        W = model.get_output_embeddings().weight.detach().numpy()
        expected = gap(W[found.domain_ids], W[found.reference_ids])
        for distance in ("cosine", "euclidean"):
            assert getattr(found, distance).gap == pytest.approx(expected[distance].gap, abs=1e-6)


@pytest.mark.real
def test_each_trained_decoder_gives_a_gap_or_says_why_not(store: Store, material: Path) -> None:
    gained, failed = [], {}
    for folder in sorted((material / "checkpoints").iterdir()):
        try:
            gained.append(gap_for(store, str(folder), Gap.of("digits", "random:40")).subject)
        except InputError as error:
            failed[folder.name] = str(error)
    assert len(gained) == 6
    assert failed == {
        "gpt2-tinyshakespeare-char": "The tokenizer of gpt2-tinyshakespeare-char has a single token for 1 of "
        "the 10 words in digits, and two are needed: give another domain, or average words of several tokens."
    }
