"""Trust, Evidence: full on first start, restored from a link, honest where nothing is known; imports."""

from pathlib import Path

import pytest

from cache import evidence, jobs, worker
from cache.store import Store
from cache.tasks.evidence import Evidence
from pages.parts.queue_cards import plain
from tests import stores
from tests.pages.test_pages import bare, opened, words

__all__ = ["bare"]
PAGE = "pages/trust.py"


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """The published figures and five checkpoints of our own with a loss, two of its measures and tokens."""
    store = stores.new(tmp_path / "store")
    checkpoints, measurements, scores, covariates = [], [], [], []
    key = {"cloud": "", "parameters": "{}", "seed": 0, "version": 1, "origin": "measured"}
    for i in range(12):
        subject = {"subject": f"s{i}", "name": f"model {i}"}
        checkpoints.append(subject | {"family": "ours", "parameters": 10**6 * (i + 1), "origin": "measured"})
        for name, value in (
            ("unembedding_isotropy", (i * 7) % 12),
            ("unembedding_mean_cosine", (i * 5) % 12),
        ):
            measurements.append({"subject": f"s{i}", "measure": name, "value": float(value)} | key)
        score = {"benchmark": "Pile", "task": "pile", "metric": "loss", "split": "", "source": "us"}
        scores.append(subject | score | {"value": 4 - i / 6 + (i % 3) / 5, "origin": "imported"})
        covariates.append(
            subject | {"covariate": "training_tokens", "value": 1e9 * (1 + i % 4), "source": "us"}
        )
    store.add("checkpoints", checkpoints)
    store.add("measurements", measurements)
    store.add("scores", scores)
    store.add("covariates", [row | {"origin": "imported"} for row in covariates])
    store.ingest()
    return store.folder


def computed(folder: Path, score: str = "glue_average", of: str = "all", fixed: tuple[str, ...] = ()) -> None:
    """Do what the page's job does for these choices."""
    store = Store.open(folder)
    expected = evidence.material(store)
    evidence.save(
        store, evidence.key(expected, score, of, fixed), evidence.compute(expected, score, of, fixed)
    )


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker starts."""
    monkeypatch.setattr(worker, "ensure_workers", lambda store, limit=None: 0)


def test_the_first_look_queues_one_job_and_shows_how_far_it_is(
    tmp_path: Path, idle: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores.new(tmp_path / "store")
    monkeypatch.setattr(evidence, "compute", lambda *arguments: pytest.fail("computed in the server"))
    app = opened(store.folder, monkeypatch, PAGE, tab="evidence")
    assert app.title[0].value == "Evidence" and not app.dataframe
    (job,) = jobs.list_jobs(store)
    (piece,) = job.pieces
    assert (piece.subject.name, type(piece.request)) == ("glue_average", Evidence)
    app.run()
    assert len(jobs.list_jobs(store)) == 1 and len(app.get("progress")) == 1


def test_the_job_keeps_what_the_page_shows_and_leaves_the_queue(
    full: Path, idle: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(full, monkeypatch, PAGE, tab="evidence", predicted="pile")
    worker.work(Store(full))
    assert jobs.list_jobs(Store(full)) == []
    app.run()
    assert app.title[0].value.startswith("Of 2 measures ") and len(app.dataframe) == 1


def test_a_job_that_failed_is_tried_again_when_asked(
    full: Path, idle: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(full, monkeypatch, PAGE, tab="evidence", predicted="pile")
    with monkeypatch.context() as patch:
        patch.setattr(evidence, "compute", lambda *arguments: 1 / 0)
        worker.work(Store(full))
    app.run()
    (failed,) = jobs.list_jobs(Store(full))
    assert failed.state == "failed" and "ZeroDivisionError" in words(app)
    app.button(key="evidence again").click().run()
    (again,) = jobs.list_jobs(Store(full))
    assert again.state == "queued" and again.id != failed.id


def test_it_is_full_once_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stores.new(tmp_path / "store").folder
    computed(folder)
    app = opened(folder, monkeypatch, PAGE, tab="evidence")
    covariates = "number of parameters, amount of noise and run"  # these figures stand in docs/evidence.md
    title = f"Of 19 measures 16 correlate with GLUE average; controlling for {covariates}, 3 still do"
    assert app.title[0].value == title
    shown = app.dataframe[0].value
    assert len(shown) == 19 and shown["n"].between(180, 181).all()
    first = shown.set_index("Measure").loc["Point patchiness as published (LSQ)"]
    assert first["Pearson"] == pytest.approx(0.559, abs=1e-3)
    text = words(app)
    assert (
        plain("Not controlled for: training tokens (not known)") in text
        and "known for none of these checkpoints" in text
    )
    assert "the median |ρ| of 5 measures with the loss falls from 0.59" in text
    assert "Where the papers disagree" in text and "two ways of controlling for size and tokens" in text
    assert "None of its five measures is known here together with this score" in text
    assert len(app.get("vega_lite_chart")) == 4
    assert "Reconstruction skew" in app.warning[0].value  # pooled less than within every family


def test_a_link_restores_it(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"predicted": "SST-2", "of": "BERT-small", "fixed": ["alpha"], "measure": "eee"}
    computed(full, "SST-2", "BERT-small", ("alpha",))
    computed(full, "SST-2", "perturbed", ("alpha",))
    computed(full, "SST-2", "all", ("alpha",))
    app = opened(full, monkeypatch, PAGE, tab="evidence", **asked)
    shown = {key: app.selectbox(key=key).value for key in ("predicted", "of", "measure")}
    assert shown == {key: asked[key] for key in shown}
    assert app.multiselect(key="fixed").value == ["alpha"]
    assert "controlling for amount of noise" in app.title[0].value
    app.selectbox(key="of").set_value("perturbed").run()
    assert not app.exception and app.query_params["of"] == "perturbed"
    app.selectbox(key="of").set_value("all").run()
    assert "of" not in app.query_params


def test_imported_scores_and_covariates_count_like_published_ones(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed(full, "pile")
    app = opened(full, monkeypatch, PAGE, tab="evidence", predicted="pile")
    assert app.title[0].value.startswith("Of 2 measures ")
    assert plain("Controlling for number of parameters and training tokens.") in words(app)
    shown = app.dataframe[0].value
    assert set(shown["n"]) == {12} and shown[["Residual", "After law", "Partial"]].notna().all(axis=None)
    chart = app.get("vega_lite_chart")[2].proto.spec
    assert "here, pile" in chart  # two of the measures of the published table are known here
    assert "None of its five measures" not in words(app)


def test_what_cannot_be_computed_says_why(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed(full, of="BERT-small")
    app = opened(full, monkeypatch, PAGE, tab="evidence", predicted="glue_average", of="BERT-small")
    text = words(app)
    assert "No scaling law correlation: A scaling law needs checkpoints of several sizes." in text
    assert app.dataframe[0].value["Residual"].isna().all()


def test_an_empty_store_says_what_to_do(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(bare, monkeypatch, PAGE, tab="evidence")
    assert "No evidence yet" in words(app)
    assert [link.value for link in app.page_link] == ["Add models", "Bring your own scores and covariates"]
