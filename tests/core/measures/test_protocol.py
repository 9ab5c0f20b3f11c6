"""Cell measures compare on one text and number of vectors only: who is shown, left out, and brought in."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cache import jobs
from cache.requests import Subject
from cache.store import Store
from cache.tasks.cell_study import settings_at, subject_of, too_small
from core import reference
from core.measures.protocol import PUBLISHED, left_out, sample_of, samples
from core.overview import Overview, at_sample, overview
from core.prediction import perturbed_reference, predict
from core.wording.applicability import labels, sentences, sizes
from tests import stores
from tests.pages.test_pages import opened, words

NAME = "lsq_patchiness_published"
PROTOCOL = {"corpus": "ptb+wikitext-2", "sequences": 5000, "position": "all", "layer": 12}


def cloud(subject: str, number: int = 0, **differs: Any) -> dict[str, Any]:
    return (
        PROTOCOL
        | {"cloud": f"{subject}{number}", "subject": subject, "text_seed": number, "n": 90_000}
        | differs
    )


def value(subject: str, value: float, number: int = 0, **differs: Any) -> dict[str, Any]:
    usual = {
        "subject": subject,
        "cloud": f"{subject}{number}",
        "measure": NAME,
        "parameters": "{}",
        "seed": 0,
    }
    return usual | {"version": 1, "value": value, "n": 90_000, "origin": "measured"} | differs


def checkpoint(subject: str, **differs: Any) -> dict[str, Any]:
    usual = {"subject": subject, "name": f"our {subject}", "origin": "measured", "source": "folder"}
    facts = {"path": f"/models/{subject}", "architecture": "BertModel", "layers": 12, "width": 768}
    return usual | facts | {"family": "BERT"} | differs


def expected(clouds: list, values: list, checkpoints: list) -> Overview:
    tables = (reference.checkpoints(), pd.DataFrame(columns=["cloud"]), reference.measurements())
    added = (checkpoints, clouds, values)
    joined = [
        pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
        for table, rows in zip(tables, added, strict=True)
    ]
    return overview(*joined, reference.scores())


@pytest.fixture(scope="module")
def mixed() -> Overview:
    """a: by the protocol. b: other text. c: a draw of its vectors. d: another layer. u: uploaded."""
    clouds = [
        cloud("a"),
        cloud("b", corpus="standard-library", n=1398),
        cloud("c"),
        cloud("d", layer=6),
        {"cloud": "u0", "subject": "u", "n": 1398},
    ]
    values = [
        value("a", 1.03),
        value("b", 1.5, n=1398),
        value("c", 1.4, parameters='{"n": 1398}', n=1398),
        value("c", 1.6, parameters='{"n": 900}', n=900),
        value("c", 9.0, parameters='{"k": 64}'),
        value("d", 1.2),
        value("u", 1.3, n=1398),
    ]
    rows = [checkpoint(subject) for subject in "abcd"]
    return expected(clouds, values, [*rows, checkpoint("u", origin="uploaded", layers=None, width=None)])


def test_only_the_protocol_stands_beside_the_published_tables(mixed: Overview) -> None:
    assert mixed.sample == PUBLISHED
    assert mixed.rows.loc[["a", "b", "c", "d", "u"], NAME].notna().tolist() == [True, *[False] * 4]
    assert mixed.rows[NAME].notna().sum() == 182
    others = left_out(mixed.cells, PUBLISHED, ["eee", NAME])
    assert {subject: sizes(at) for subject, at in others.items()} == {
        "b": "1,398 vectors of standard-library (5,000 sequences)",
        "c": "1,398 vectors of ptb+wikitext-2 (5,000 sequences) and one other size",
        "d": "90,000 vectors of ptb+wikitext-2 (5,000 sequences) layer 6",
        "u": "1,398 vectors of text unknown here",
    }


def test_another_sample_shows_its_rows_alone(mixed: Overview) -> None:
    drawn = next(s for s in samples(mixed.cells) if s.n == 1398 and s.corpus == "ptb+wikitext-2")
    other = at_sample(mixed, drawn.id)
    assert other.rows[NAME].dropna().to_dict() == {"c": 1.4}
    assert other.rows["eee"].equals(mixed.rows["eee"])
    assert sample_of(drawn.id) == drawn
    assert at_sample(other, PUBLISHED).rows[NAME].equals(mixed.rows[NAME])


def test_the_spread_is_between_texts_where_there_are_several_else_between_seeds() -> None:
    texts = [cloud("a", i, n=90_000 + i) for i in range(3)]
    seeds = [value("a", 1.0 + i / 10, 0, seed=i) for i in range(3)]
    others = [value("a", v, i, n=90_000 + i) for i, v in ((1, 1.4), (2, 1.3))]
    both = expected(texts, [*seeds, *others], [checkpoint("a")])
    assert both.rows.loc["a", NAME] == pytest.approx(np.mean([1.1, 1.4, 1.3]))
    assert both.errors.loc["a", NAME] == pytest.approx(np.std([1.1, 1.4, 1.3], ddof=1))
    assert both.over.loc["a", NAME] == "text samples"
    one = expected(texts[:1], seeds, [checkpoint("a")])
    assert (one.over.loc["a", NAME], one.errors.loc["a", NAME]) == ("quantizer seeds", pytest.approx(0.1))
    single = expected(texts[:1], seeds[:1], [checkpoint("a")])
    assert (single.over.loc["a", NAME], np.isnan(single.errors.loc["a", NAME])) == ("", True)


def test_text_samples_of_one_text_are_one_sample_whatever_their_size() -> None:
    texts = [cloud("a", i, corpus="standard-library", n=1390 + i) for i in range(3)]
    result = expected(texts, [value("a", 1.0, i, n=1390 + i) for i in range(3)], [checkpoint("a")])
    (own,) = [s for s in samples(result.cells) if s.id != PUBLISHED]
    assert own.n == 1390


def test_prediction_takes_cells_of_the_protocol_and_says_who_has_others(mixed: Overview) -> None:
    rows = mixed.rows.assign(**{name: mixed.rows[name].fillna(mixed.rows[name].mean()) for name in SPREAD})
    whole = Overview(rows, mixed.errors, mixed.measures, mixed.scores, mixed.cells)
    reference = perturbed_reference(whole, "glue_average")
    rows = predict(whole, reference, "linear", [*SPREAD, NAME]).rows
    assert np.isfinite(rows.loc["a", "predicted"]) and np.isnan(rows.loc["b", "predicted"])
    assert labels(rows.loc["b", "reasons"]) == ["other text or size of cells"]
    assert sentences(rows.loc["b", "reasons"]).endswith(
        " Its cells were measured on 1,398 vectors of standard-library (5,000 sequences), which does not "
        "compare."
    )
    assert "b" not in predict(whole, reference, "linear").rows.index


SPREAD = ["eee", "vrm", "isoscore"]


def test_what_to_measure_again_and_how(mixed: Overview) -> None:
    row = pd.Series(checkpoint("a"))
    assert subject_of(row) == Subject("/models/a")
    assert subject_of(row.replace({"folder": "package"})) == Subject("minilm")
    hub = pd.Series(checkpoint("a", source="hub", revision="main", name="o/a"))
    assert subject_of(hub) == Subject("o/a", revision="main")
    drawn = next(s for s in samples(mixed.cells) if s.n == 1398 and s.corpus == "standard-library")
    settings = settings_at(drawn, [NAME])
    assert settings is not None
    assert (settings.corpus, settings.sequences, settings.at, settings.measures) == (
        *("standard-library", 5000, 1398, NAME),
    )
    whole = settings_at(sample_of(PUBLISHED), [NAME])
    assert whole is not None and (whole.corpus, whole.sequences, whole.at) == ("ptb+wikitext-2", 5000, None)
    clouds = pd.DataFrame(
        [cloud("a", corpus="standard-library", n=900), cloud("b", corpus="standard-library")]
    )
    assert too_small(clouds, ["a", "b", "c"], drawn) == {"a": 900}
    assert settings_at(sample_of('["mine.txt", 40, "all", null, null, 9]'), [NAME]) is None


def test_pages_say_who_is_left_out_and_bring_them_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    store: Store = stores.new(tmp_path / "store")
    for subject in ("b", "e", "f"):
        store.add("checkpoints", [checkpoint(subject)])
        store.add("clouds", [cloud(subject, corpus="standard-library", n=1398)])
        eee = value(subject, 0.3 + ord(subject) % 7 / 10, measure="eee")
        store.add("measurements", [value(subject, 1.5 + ord(subject) % 5 / 10, n=1398), eee])
    store.add("checkpoints", [checkpoint("u", origin="uploaded", layers=None)])
    store.add("clouds", [{"cloud": "u0", "subject": "u", "n": 1398}])
    store.add("measurements", [value("u", 1.3, n=1398)])
    store.ingest()
    folder = tmp_path / "store"
    app = opened(folder, monkeypatch, "pages/explore.py")
    text = words(app).replace("\\", "")
    assert "our b (1,398 vectors of standard-library (5,000 sequences))" in text
    assert "Of uploaded vectors the text is not known." in text
    assert "n = 181" in app.get("vega_lite_chart")[0].proto.spec
    app.button(key="bring_explore").click().run()
    (job,) = jobs.list_jobs(Store(folder))
    assert {piece.subject.path for piece in job.pieces} >= {"/models/b", "/models/e", "/models/f"}
    settings = job.pieces[0].request.settings
    assert (settings.corpus, settings.measures) == ("ptb+wikitext-2", NAME)
    app.selectbox(key="y").set_value("eee").run()
    own = next(name for name in app.selectbox(key="cells").options if name.startswith("1,398 vectors"))
    app.selectbox(key="cells").select(own).run()
    assert "n = 3" in app.get("vega_lite_chart")[0].proto.spec
