"""Accuracy without labels as a job: tables and ARC's form, kept, exported, refused in a sentence."""

import json
import lzma
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM

import cli
from cache import jobs, worker
from cache.requests import Subject
from cache.store import Store
from cache.tasks.label_free import LabelFree, check, study
from core.checkpoints.resolve import Checkpoint, resolve
from core.corpora.questions import PROMPT
from core.errors import InputError
from core.hidden_states.extraction import extract
from core.hidden_states.tokens import tokenize
from core.studies import label_free
from tests import stores, tiny


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.gpt2(tmp_path / "small-gpt2")


@pytest.fixture
def asked(tmp_path: Path) -> LabelFree:
    known, new = tmp_path / "known.csv", tmp_path / "new.csv"
    frame = pd.DataFrame({"text": tiny.sentences(60, longest=20)})
    frame["correct"] = [len(text) % 2 == 0 for text in frame["text"]]
    frame["confidence"] = 0.25
    frame.to_csv(known, index=False)
    pd.DataFrame({"text": tiny.sentences(30, seed=1, longest=20)}).to_csv(new, index=False)
    return LabelFree(str(known), str(new), queries=20, seeds=3)


def test_curve_and_estimate_are_those_of_the_last_tokens_vectors(
    store, folder, asked, tmp_path: Path
) -> None:
    result = study(store, Subject(str(folder)), asked)
    frame, vectors = pd.read_csv(asked.calibration), {}
    for name in ("calibration", "unlabelled"):
        texts = pd.read_csv(getattr(asked, name))["text"].tolist()
        extract(resolve(str(folder)), texts, tmp_path / "x.npy", position="last", device="cpu")
        vectors[name] = np.load(tmp_path / "x.npy")
    correct = frame["correct"].to_numpy()
    assert result.curve == label_free.calibrate(vectors["calibration"], correct, queries=20, seeds=3)
    assert result.estimate == label_free.estimate(vectors["calibration"], correct, vectors["unlabelled"])
    assert (result.accuracy, result.confidence) == pytest.approx((correct.mean(), 0.25))
    assert (result.truth, result.mean_confidence, result.layer) == (None, None, 2)
    distances = [one.distance for one in result.queries]
    assert distances == sorted(distances) and len(distances) == 30
    assert np.sign(result.queries[0].change) == -1 and np.sign(result.queries[-1].change) == 1
    again = study(store, Subject(str(folder)), asked)
    assert again == replace(result, seconds=again.seconds, cached=True)
    other = folder.with_name("other-name")
    other.symlink_to(folder)
    renamed = study(store, Subject(str(other)), asked)
    assert (renamed.subject, renamed.name, renamed.cached) == (str(other), "other-name", True)
    assert not list(store.folder.glob(".tmp-label-free-*"))


def test_multiple_choice_is_answered_by_the_checkpoint_itself(store, folder, tmp_path: Path) -> None:
    file = tmp_path / "arc.jsonl"
    rows = []
    for row, stem in enumerate(tiny.sentences(80, longest=8)):
        choices = [{"text": one, "label": "AB"[i]} for i, one in enumerate(tiny.sentences(2, seed=row))]
        rows.append({"question": {"stem": stem, "choices": choices}, "answerKey": "AB"[row % 2]})
    file.write_text("\n".join(map(json.dumps, rows)))
    result = study(store, Subject(str(folder)), LabelFree(str(file), str(file), queries=20, seeds=3))
    assert result.truth == result.accuracy == result.curve.right / (result.curve.right + result.curve.wrong)
    assert result.mean_confidence == result.confidence and 0.5 < (result.confidence or 0) <= 1
    assert sum(one.correct or False for one in result.queries) == result.curve.right


def pieces(checkpoint: Checkpoint, texts: list[str]) -> list[list[int]]:
    """The tokens of each text."""
    made = tokenize(checkpoint, texts, None, None)
    return [made.ids[start:stop].tolist() for start, stop in pairwise(made.starts)]


@pytest.mark.real
@pytest.mark.parametrize("name", ["llama-stories260k", "gpt2-slm4096-char"])
def test_real_checkpoints_answer_as_a_plain_loop_does(
    store, material: Path, tmp_path: Path, name: str
) -> None:
    folder, file = material / "checkpoints" / name, tmp_path / "arc.jsonl"
    rows = lzma.decompress((material / "data/arc/ARC-Challenge-Test.jsonl.xz").read_bytes()).splitlines()
    rows = sorted(map(bytes.decode, rows), key=len)[:80]  # short enough for both
    file.write_text("\n".join(rows))
    result = study(store, Subject(str(folder)), LabelFree(str(file), str(file), queries=20, seeds=3))
    checkpoint = resolve(str(folder))
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    by_row, vectors = {one.row: one for one in result.queries}, []
    asked = [json.loads(row) for row in rows]
    texts = [PROMPT.format(stem=one["question"]["stem"]) for one in asked]
    choices = [[choice["text"] for choice in one["question"]["choices"]] for one in asked]
    whole = [f"{text} {choice}" for text, of in zip(texts, choices, strict=True) for choice in of]
    wholes = iter(pieces(checkpoint, whole))
    for number, (one, of_prompt) in enumerate(zip(asked, pieces(checkpoint, texts), strict=True), 1):
        scores = []
        for ids in islice(wholes, len(one["question"]["choices"])):
            first = next((at for at, piece in enumerate(of_prompt) if ids[at] != piece), len(of_prompt))
            with torch.no_grad():
                given = model(torch.tensor(ids)[None]).logits[0].log_softmax(-1)
            scores.append(sum(float(given[at - 1, ids[at]]) for at in range(first, len(ids))))
        with torch.no_grad():
            states = model(torch.tensor(of_prompt)[None], output_hidden_states=True).hidden_states
        vectors.append(states[-1][0, -1].numpy())
        best = int(np.argmax(scores))
        right = one["question"]["choices"][best]["label"] == one["answerKey"]
        assert by_row[number].correct == right and by_row[number].text == texts[number - 1]
        sure = 1 / np.exp(np.array(scores) - scores[best]).sum()
        assert by_row[number].confidence == pytest.approx(sure, rel=1e-3)
    assert result.estimate is not None and len(result.queries) == 80
    assert result.estimate.dispersion == pytest.approx(
        label_free.dispersion(label_free.directions(np.stack(vectors))), rel=1e-4
    )


def test_an_encoder_takes_tables_and_a_job_gives_the_same(store, asked, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(worker, "LINGER", 0.05)
    subject = Subject(str(tiny.encoder(tmp_path / "bert")))
    job = jobs.submit(store, replace(asked, unlabelled=""), [subject])
    worker.work(store)
    (results, failures) = jobs.outcome(store, jobs.get(store, job))
    assert failures == [] and results[0]["estimate"] is None and len(results[0]["queries"]) == 60


def test_what_cannot_be_used_is_refused_before_any_work(asked, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(replace(asked, calibration=asked.unlabelled))
    assert str(refused.value) == (
        "new.csv does not say which answers are correct: calibration needs a column correct, or an answerKey "
        "for every question."
    )
    with pytest.raises(InputError, match=r"^Give a file of questions for calibration"):
        check(LabelFree())
    with pytest.raises(InputError, match=r"^A mixture needs two queries and two seeds at least"):
        check(replace(asked, seeds=1))
    with pytest.raises(InputError, match="cannot be opened"):
        check(replace(asked, unlabelled=str(tmp_path / "gone.csv")))


def test_the_command_prints_exports_and_queues(
    store, folder, asked, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store: None)
    words = [
        "study",
        "label-free",
        str(folder),
        "--store",
        str(store.folder),
        "--queries",
        "20",
        "--seeds",
        "3",
    ]
    words += ["--calibration", asked.calibration, "--unlabelled", asked.unlabelled]
    export = tmp_path / "queries.csv"
    assert cli.main([*words, "--json", "--export", str(export)]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    table = pd.read_csv(export)
    assert list(table) == ["row", "text", "distance", "change"] and len(table) == 30
    assert table["distance"].is_monotonic_increasing
    assert pd.read_csv(asked.unlabelled)["text"][table["row"] - 1].tolist() == table["text"].tolist()
    assert len(result["sentences"]) == 4 and len(result["curve"]["points"]) == 11
    assert cli.main([*words, "--save", str(tmp_path / "curve.csv")]) == 0
    saved = pd.read_csv(tmp_path / "curve.csv")
    assert (
        len(saved) == 11 and set(saved["estimate_n"]) == {30} and set(saved["checkpoint"]) == {"small-gpt2"}
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert all(sentence in shown for sentence in result["sentences"])
    assert "The 5 queries nearest to the others, of 30" in shown
    assert cli.main([*words, "--detach", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["job"]
    assert cli.main([*words, "--detach", "--export", str(export)]) == 1
    assert "--export writes the queries of one checkpoint" in capsys.readouterr().err
    assert cli.main([*words, "--export", str(tmp_path / "no/folder.csv")]) == 1
    assert "choose another file" in capsys.readouterr().err
