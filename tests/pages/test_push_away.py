"""Papers: the section on the push-away loss draws what there is, and queues both settings."""

from pathlib import Path

import pandas as pd
import pytest

from cache import jobs
from cache.requests import Subject
from cache.store import Store
from cache.tasks.push_away import PushAway
from core.studies import training_tables
from core.studies.push_away import Mark, Run
from pages.parts.markdown import plain
from pages.parts.push_away_view import TITLE
from tests.pages.test_papers import opened, words


def made_up() -> pd.DataFrame:
    """Three seeds of both, with the loss always one lower."""

    def of(push: float, seed: int) -> Run:
        values = {step: 30.0 - step - push * 10 + seed for step in (5, 10)}
        marks = [Mark(step, {"Wiki": 9.0}, {"Wiki": v}, 0.1 + push, None) for step, v in values.items()]
        return Run(1e-3, push, seed, marks)

    runs = [of(push, seed) for seed in range(3) for push in (0.0, 0.1)]
    return training_tables.table("push_away", training_tables.push_away_rows("single", runs))


def test_curves_sentences_and_differences_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_tables, "shipped", lambda kind: made_up())
    app = opened(tmp_path, monkeypatch)
    text = words(app)
    assert TITLE in text and plain("λ = 0.1 (chosen on validation text) lowered perplexity") in text
    table = next(one.value for one in app.dataframe if "With the loss" in one.value)
    assert list(table["Difference"]) == pytest.approx([-1.0, -1.0])


def test_the_button_queues_both_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, monkeypatch)
    app.button(key="push_away_submit").click().run()
    (job,) = jobs.list_jobs(Store.open(tmp_path))
    assert [piece.subject for piece in job.pieces] == [Subject("single"), Subject("cross")]
    assert {type(piece.request) for piece in job.pieces} == {PushAway}
