"""kNN-LM and accuracy without labels on Text difficulty: at first start, studies of one's own, the forms."""

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.requests import Subject
from cache.store import Store
from cache.tasks import knnlm, label_free
from cache.tasks.knnlm import KnnLm
from cache.tasks.label_free import LabelFree
from core.studies.decoder_figures import KNNLM, LABEL_FREE, QUERIES, key_results, shipped
from core.studies.knnlm import verdict
from core.wording import knnlm as knnlm_wording
from tests import stores, tiny
from tests.pages.test_text_difficulty import lines, opened


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path / "models"))
    return stores.new(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.gpt2(tmp_path / "models" / "small-gpt2")


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Three files where local copies of corpora lie, which the form offers."""
    monkeypatch.setenv("LATENT_SHORTLIST_CORPORA", str(tmp_path / "corpora"))
    (tmp_path / "corpora" / "ptb").mkdir(parents=True)
    made = {}
    for seed, name in enumerate(knnlm.TEXTS):
        made[name] = str(tmp_path / "corpora" / "ptb" / f"{name}.txt")
        Path(made[name]).write_text("\n".join(tiny.sentences(60, seed=seed, longest=20)))
    return made


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    frame = pd.DataFrame({"text": tiny.sentences(60, longest=20)})
    frame["correct"] = [len(text) % 2 == 0 for text in frame["text"]]
    path = tmp_path / "models" / "known.csv"
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=False)
    return path


def shown_text(app: AppTest) -> str:
    return "\n".join(one.value for one in [*app.markdown, *app.caption]).replace("\\", "")


def test_at_first_start_knn_lm_of_small_decoders_is_drawn_said_and_listed(store: Store) -> None:
    app = opened(difficulty="knnlm")
    table = shipped(KNNLM)
    first = table[table["checkpoint"] == table["checkpoint"][0]]
    assert len(app.selectbox(key="knn_study").options) == table["checkpoint"].nunique()
    alone = float(first["perplexity"].iloc[0])
    assert [line.removeprefix("- ") for line in lines(app)] == knnlm_wording.sentences(
        verdict(key_results(first)), alone
    )
    shown = app.dataframe[0].value
    assert shown["Test perplexity"].tolist() == sorted(first["perplexity"]) and len(shown) == 8
    assert all("±" in cell for cell in shown["Dispersion, 10 chunks"][:-1])
    assert {"Dispersion, 50 chunks", "Dispersion, 100 chunks", "λ", "Temperature"} <= set(shown)
    (chart,) = app.get("vega_lite_chart")
    assert "Dispersion over 100 chunks" in chart.proto.spec
    app.segmented_control(key="chunks").set_value("10").run()
    (chart,) = app.get("vega_lite_chart")
    assert "Dispersion over 10 chunks" in chart.proto.spec


def test_at_first_start_accuracy_without_labels_has_curve_baselines_and_queries(store: Store) -> None:
    app = opened(difficulty="label_free")
    table, queries = shipped(LABEL_FREE), shipped(QUERIES)
    (chart,) = app.get("vega_lite_chart")
    assert len(json.loads(chart.proto.spec)["layer"]) == 4  # line, bars, points, the unlabelled set
    assert [line[2:20] for line in lines(app)] == [
        "Estimated accuracy",
        "Dispersion falls w",
        "Single queries: di",
        "Nearest to the lab",
    ]
    sources, listed = (one.value for one in app.dataframe)
    estimate, _, confidence, labels = sources["Accuracy"]
    assert (estimate, sources["95 % interval"][0]) == ("100.0 %", "13 % to 100 %")
    assert labels == f"{100 * table['truth'][0]:.1f} %" and confidence == "93.6 %"
    assert listed["change"].is_monotonic_increasing and len(listed) == len(queries)
    labels_of_buttons = [button.proto.label for button in app.get("download_button")]
    assert labels_of_buttons == ["PNG", "SVG", "Queries as CSV"]


def test_a_study_of_ones_own_comes_first_and_the_form_of_knn_lm_queues(
    store: Store,
    folder: Path,
    texts: dict[str, str],
) -> None:
    asked = KnnLm(**texts, train_tokens=600, tokens=200, length=20, neighbours=8, flat_up_to=100)
    knnlm.study(store, Subject(str(folder)), asked)
    app = opened(difficulty="knnlm")
    assert app.selectbox(key="knn_study").value == "small-gpt2, 570 tokens of train.txt"
    shown = app.dataframe[0].value
    assert (
        len(shown) == 8 and "Dispersion, 100 chunks" not in shown and shown["Recall of the search"].max() <= 1
    )
    assert "The search for neighbours is inexact: recall " in shown_text(app)
    app.multiselect(key="folders_difficulty").set_value([str(folder)]).run()
    button = "difficulty_submit_knnlm"
    assert app.button(key=button).disabled
    for name, file in texts.items():
        app.selectbox(key=f"knnlm_{name}").set_value(file)
    app.number_input(key="knnlm_tokens").set_value(400).run()
    app.button(key=button).click().run()
    assert not app.exception
    (job,) = jobs.list_jobs(store)
    request = job.main[0].request
    assert isinstance(request, KnnLm) and {name: getattr(request, name) for name in knnlm.TEXTS} == texts
    assert (request.tokens, request.train_tokens, request.shorter) == (400, 30_000, True)
    assert job.page is not None and job.page.address["difficulty"] == "knnlm"
    app.selectbox(key="knnlm_validation").set_value(texts["test"]).run()
    app.button(key=button).click().run()
    assert "must be chosen on another text than the test text" in shown_text(app)


def test_a_new_study_takes_the_place_of_the_newest_and_without_a_set_has_no_estimate(
    store: Store, folder: Path, questions: Path
) -> None:
    open_before = opened(difficulty="label_free")
    shipped_title = open_before.selectbox(key="label_free_study").value
    asked = LabelFree(str(questions), queries=20, seeds=3)
    label_free.study(store, Subject(str(folder)), asked)
    assert open_before.run().selectbox(key="label_free_study").value == "small-gpt2, known.csv"
    app = opened(difficulty="label_free", label_free_study=shipped_title)
    assert app.run().selectbox(key="label_free_study").value == shipped_title
    app = opened(difficulty="label_free")
    assert app.selectbox(key="label_free_study").value == "small-gpt2, known.csv"
    assert len(lines(app)) == 2 and len(app.dataframe) == 1
    listed = app.dataframe[0].value
    assert list(listed) == ["row", "text", "distance", "change", "correct"]
    assert listed["change"].is_monotonic_increasing and len(listed) == 60
    assert [one.value for one in app.header] == ["The 60 calibration queries, the least dispersion first"]


def test_the_form_of_questions_takes_paths_that_pages_may_read_and_uploads(
    store: Store,
    folder: Path,
    questions: Path,
    tmp_path: Path,
) -> None:
    app = opened(difficulty="label_free")
    app.multiselect(key="folders_difficulty").set_value([str(folder)]).run()
    button = "difficulty_submit_label_free"
    outside = tmp_path / "elsewhere.csv"
    outside.write_text("secret,correct\n1,1\n")
    app.text_input(key="questions_path_calibration").set_value(str(outside)).run()
    assert f"{outside} lies outside the folders that may be read" in shown_text(app)
    assert app.button(key=button).disabled
    app.text_input(key="questions_path_calibration").set_value(str(questions)).run()
    assert "lies outside" not in shown_text(app)
    assert app.selectbox(key=f"questions_correct_{questions}").value == "correct"
    unlabelled = json.dumps({"text": "who is it"}) + "\n" + json.dumps({"text": "what is it"})
    app.file_uploader(key="questions_unlabelled").upload("new.jsonl", unlabelled.encode()).run()
    app.button(key=button).click().run()
    assert not app.exception
    (job,) = jobs.list_jobs(store)
    request = job.main[0].request
    assert isinstance(request, LabelFree)
    assert (request.calibration, request.text, request.correct) == (str(questions), "text", "correct")
    kept = Path(request.unlabelled)
    assert kept.name == "new.jsonl" and kept.is_relative_to(store.folder / "questions")
    assert request.confidence is None and job.page is not None
    assert job.page.address == {"tab": "difficulty", "difficulty": "label_free"}


def test_a_table_whose_columns_are_not_clear_asks_for_them(
    store: Store,
    folder: Path,
    questions: Path,
) -> None:
    pd.read_csv(questions).rename(columns={"text": "item", "correct": "right"}).to_csv(questions, index=False)
    app = opened(difficulty="label_free")
    app.multiselect(key="folders_difficulty").set_value([str(folder)]).run()
    app.text_input(key="questions_path_calibration").set_value(str(questions)).run()
    assert app.button(key="difficulty_submit_label_free").disabled
    for name, column in (("text", "item"), ("correct", "right")):
        app.selectbox(key=f"questions_{name}_{questions}").set_value(column).run()
    app.button(key="difficulty_submit_label_free").click().run()
    (job,) = jobs.list_jobs(store)
    assert job.main[0].request == LabelFree(str(questions), text="item", correct="right")
