"""The predictors that are compared: complete, deterministic, the plain ones as independent code has them."""

import numpy as np
import pandas as pd
import pytest

from core.measures import MEASURES
from core.prediction.candidates import SETS, TREES, candidate, candidates, fit_predict, named


@pytest.fixture
def made() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    names = SETS["all"]
    frame = pd.DataFrame(rng.uniform(size=(40, len(names))), columns=list(names))
    frame["family"] = np.repeat(["a", "b"], 20)
    return frame.assign(y=0.3 + 0.4 * frame["eee"] + rng.normal(0, 0.01, 40))


def test_the_mean_comes_first_and_names_are_unique_and_lead_back() -> None:
    entries = candidates()
    assert entries[0].name == "mean" and len(entries) == 43
    assert len({entry.name for entry in entries}) == len({entry.title for entry in entries}) == 43
    assert all(named(entry.name) == entry for entry in entries)
    assert {name for entry in entries for name in entry.measures} <= set(MEASURES)
    assert len(SETS["all"]) == 19


@pytest.mark.parametrize("name", [entry.name for entry in candidates()])
def test_every_predictor_predicts_the_same_twice_and_sees_no_score_of_what_it_predicts(
    made: pd.DataFrame, name: str
) -> None:
    if named(name).method in ("random-forest", "boosting") and named(name).set != "spread":
        pytest.skip("one set of measures is enough for the slow ones")
    run = fit_predict(named(name), "y")
    rest, held = made.iloc[::2], made.iloc[1::2].assign(y=np.nan)
    first, second = run(rest, held), run(rest, held)
    assert first.shape == (20,) and np.isfinite(first).all() and (first == second).all()


def test_the_line_with_architecture_is_that_of_statsmodels(made: pd.DataFrame) -> None:
    smf = pytest.importorskip("statsmodels.formula.api")
    rest, held = made.iloc[::2], made.iloc[1::2]
    told = fit_predict(candidate("line", "patchiness", architecture=True), "y")(rest, held)
    by_hand = smf.ols("y ~ lsq_patchiness_published + C(family)", rest).fit().predict(held)
    assert told == pytest.approx(by_hand.to_numpy(), abs=1e-9)


def test_ranks_do_not_change_under_a_monotone_map_and_do_not_extrapolate(made: pd.DataFrame) -> None:
    run = fit_predict(candidate("ridge", "spread", ranks=True), "y")
    rest, held = made.iloc[::2], made.iloc[::2]
    bent = rest.assign(eee=np.exp(3 * rest["eee"]))
    assert run(bent, bent) == pytest.approx(run(rest, held), abs=1e-9)
    edge = made.iloc[[0]].assign(eee=rest["eee"].max())
    assert run(rest, edge.assign(eee=50.0)) == pytest.approx(run(rest, edge), abs=1e-12)
    straight = fit_predict(candidate("ridge", "spread"), "y")
    assert straight(rest, edge.assign(eee=50.0)) > straight(rest, edge) + 5


@pytest.mark.parametrize("method", TREES)
def test_trees_predict_within_what_they_have_seen(made: pd.DataFrame, method: str) -> None:
    run = fit_predict(candidate(method, "spread"), "y")
    far = made.assign(eee=made["eee"] * 100)
    assert run(made, far).max() <= made["y"].max() + 0.05
