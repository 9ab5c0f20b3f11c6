"""Perplexity against dispersion as a job: kept, read again, stopped and resumed, refused in a sentence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cache import jobs, text_studies, worker
from cache.measuring import segments
from cache.measuring.segments import SegmentedText
from cache.requests import Subject, Vectors
from cache.store import Store
from cache.tasks.perplexity import Perplexity, StudiedPerplexity, check, study
from core.errors import InputError
from core.studies.perplexity import curve
from tests import stores, tiny


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(str(tiny.llama(tmp_path / "small-llama")))


@pytest.fixture
def asked(tmp_path: Path) -> Perplexity:
    file = tmp_path / "words.txt"
    file.write_text("\n".join(tiny.sentences(300, longest=20)))
    text = SegmentedText(str(file), segments=60, length=20, contexts=(8, 16))
    return Perplexity(text, size=10, count=4)


def test_a_study_is_that_of_its_segments_and_is_kept(store, subject, asked) -> None:
    first = study(store, subject, asked)
    assert (first.name, first.corpus, first.segments, first.length) == ("small-llama", "words.txt", 60, 20)
    checkpoint = text_studies.checkpoint_of(store, subject, None, lambda *far: None)
    made = segments.obtain(store, checkpoint, asked.text, False, lambda *far: None)
    assert not made.new and not first.cached
    options: dict[str, Any] = {"layer": 2, "size": 10, "count": 4}
    assert first.whole == curve(made.read.perplexity, made.vectors[2], tokens=20, last_token=False, **options)
    assert [one.tokens for one in first.contexts] == [8, 16]
    last = np.exp(made.read.last_loss[8])
    assert first.contexts[0] == curve(last, made.vectors[3], tokens=8, last_token=True, **options)
    assert first.loss == pytest.approx(np.log(first.perplexity)) == pytest.approx(made.read.loss.mean())
    again = study(store, subject, asked)
    assert again == replace(first, seconds=again.seconds, cached=True)
    assert list(text_studies.kept(store, StudiedPerplexity)) == [first]


def test_another_layer_needs_no_other_pass_and_another_draw_does(store, subject, asked) -> None:
    first = study(store, subject, asked)
    lower = study(store, subject, replace(asked, layer=1))
    assert lower.cached and lower.whole.layer == 1 and lower.whole != first.whole
    assert not study(store, subject, replace(asked, text=replace(asked.text, seed=1))).cached
    with pytest.raises(InputError, match=r"has no layer 3: its layers are 0 .embeddings. to 2 .last."):
        study(store, subject, replace(asked, layer=3))


@pytest.mark.parametrize("folder", ["clouds", "segments"])
def test_lost_files_are_made_again(store, subject, asked, folder: str) -> None:
    first = study(store, subject, asked)
    for lost in (folder, "text_studies"):
        (path,) = (path for path in (store.folder / lost).iterdir() if path.suffix != ".lock")
        path.unlink()
    again = study(store, subject, asked)
    assert again == replace(first, seconds=again.seconds)


def test_a_stopped_job_goes_on(store, subject, asked, monkeypatch) -> None:
    monkeypatch.setattr(worker, "LINGER", 0.05)
    job = jobs.submit(store, asked, [subject])
    jobs.cancel(store, job)
    worker.work(store)
    assert jobs.get(store, job).state == "cancelled"
    jobs.resume(store, job)
    worker.work(store)
    (results, failures) = jobs.outcome(store, jobs.get(store, job))
    assert failures == [] and results[0]["segments"] == 60


def test_what_cannot_be_studied_is_refused(store, asked, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(replace(asked, size=40))
    assert str(refused.value) == (
        "60 segments do not make two bins of 40: ask for 80 or more, or for smaller bins."
    )
    with pytest.raises(InputError, match=r"^Bins need two segments at least"):
        check(replace(asked, count=1))
    with pytest.raises(InputError, match=r"^There is no corpus and no file"):
        check(replace(asked, text=SegmentedText("/nowhere.txt")))
    with pytest.raises(InputError, match="is an encoder and has no head"):
        study(store, Subject(str(tiny.encoder(tmp_path / "bert"))), asked)
    with pytest.raises(InputError) as refused:
        study(store, Vectors("cloud.npy", path="cloud.npy"), asked)
    assert str(refused.value) == "cloud.npy is a file of vectors, which reads no text: give a checkpoint."
