"""Prediction: the regression against lstsq and published figures, the interval, and the chance to be best."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.errors import InputError
from core.overview import overview
from core.prediction.intervals import coverage
from core.prediction.regression import SPREAD, fit, held_out, probability_among_best, trust

NO_CLOUDS = pd.DataFrame(columns=["cloud", "subject"])


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    rows = overview(reference.checkpoints(), NO_CLOUDS, reference.measurements(), reference.scores()).rows
    return rows[rows["eee"].notna()]


@pytest.fixture
def made() -> pd.DataFrame:
    """Three families on one line of slope 2, each with an offset of its own and a little noise."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 0.3, 60)
    family = np.repeat(["a", "b", "c"], 20)
    offset = pd.Series(family).map({"a": 0.0, "b": 0.05, "c": -0.05}).to_numpy()
    y = 0.1 + 2 * x + offset + rng.normal(0, 0.01, 60)
    return pd.DataFrame({"eee": x, "vrm": rng.uniform(size=60), "score": y, "family": family})


def test_the_published_regression_and_its_error_on_the_non_standard_models(published: pd.DataFrame) -> None:
    # r² of Figure 4 and the mean squared errors of Table 1, arXiv 2406.12159, as its own data give them.
    perturbed = published[published["variant"] == "perturbed"]
    other = published[published["variant"] == "non-standard"]
    measures = ("lsq_patchiness_published",)
    plain = fit(perturbed, measures, "glue_average")
    typed = fit(perturbed, measures, "glue_average", architecture=True)
    actual = other["glue_average"].to_numpy()
    missed = typed.raw(other) - actual
    mean_missed = perturbed["glue_average"].mean() - actual
    assert (len(perturbed), len(other)) == (168, 13)
    assert plain.r2 == pytest.approx(0.317, abs=5e-4)
    assert typed.r2 == pytest.approx(0.506, abs=5e-4)
    assert (missed**2).mean() == pytest.approx(0.0885, abs=5e-5)
    assert (mean_missed**2).mean() == pytest.approx(0.0456, abs=5e-5)
    assert sorted(typed.raw(other))[-3:] == pytest.approx([1.01, 1.10, 1.26], abs=5e-3)
    assert typed.predict(other)["predicted"].max() == 1.0


@pytest.mark.parametrize("architecture", [False, True])
def test_the_fit_is_least_squares(made: pd.DataFrame, architecture: bool) -> None:
    model = fit(made, ("eee", "vrm"), "score", architecture=architecture)
    X = [np.ones(60), made["eee"], made["vrm"]]
    if architecture:
        X += [(made["family"] == name).astype(float) for name in "bc"]
    X = np.column_stack(X)
    weights = np.linalg.lstsq(X, made["score"].to_numpy(), rcond=None)[0]
    assert model.raw(made) == pytest.approx(X @ weights, abs=1e-12)


def test_held_out_rows_do_not_see_their_own_family(made: pd.DataFrame) -> None:
    model = fit(made, ("eee",), "score")
    before = held_out(made, model)
    changed = made.assign(score=made["score"].where(made["family"] != "a", 0.0))
    after = held_out(changed, fit(changed, ("eee",), "score"))
    own = made.index[made["family"] == "a"]
    assert after.loc[own, ["predicted", "low", "high"]].equals(before.loc[own, ["predicted", "low", "high"]])
    assert not after.drop(own)["predicted"].equals(before.drop(own)["predicted"])
    by_hand = np.polyfit(*made.loc[made["family"] != "a", ["eee", "score"]].to_numpy().T, 1)
    told = np.polyval(by_hand, made.loc[own, "eee"])
    assert before.loc[own, "predicted"].to_numpy() == pytest.approx(told)


def test_families_count_the_same_in_the_errors(made: pd.DataFrame) -> None:
    errors = fit(made, ("eee",), "score").errors
    thinned = fit(made.drop(made.index[25:40]), ("eee",), "score").errors
    assert errors is not None and thinned is not None
    assert errors.rmse == pytest.approx(np.sqrt((errors.by_family["rmse"] ** 2).mean()))
    assert list(thinned.by_family["n"]) == [20, 5, 20]
    assert 0 < errors.shared_sd <= errors.sd
    assert errors.rmse < errors.mean_rmse  # the line says more than the mean does


def test_a_family_without_a_term_gets_the_mean_of_the_terms(made: pd.DataFrame) -> None:
    model = fit(made, ("eee",), "score", architecture=True)
    known = [model.raw(made.iloc[:1].assign(family=name))[0] for name in "abc"]
    assert model.raw(made.iloc[:1].assign(family="new"))[0] == pytest.approx(np.mean(known))


def test_what_the_reference_does_not_cover_is_said(published: pd.DataFrame) -> None:
    model = fit(published, SPREAD, "glue_average")
    row = published.iloc[[0]].assign(eee=0.99, isoscore=np.nan, family="Llama", layers=5, width=64)
    row = row.assign(corpus="standard-library", sequences=500)
    said = model.predict(row).iloc[0]
    assert said["reason"] == (
        "Not measured: IsoScore. Eigenvalue early enrichment 0.99 lies above the reference's 0.565 to 0.974. "
        "The reference holds no Llama with 5 layers and width 64. Measured on other text (standard-library) "
        "than the reference (ptb+wikitext-2). Measured on 500 sequences, the reference on 5,000."
    )
    assert said["apart"] == [
        "not measured",
        "eee above range",
        "other architecture",
        "other text",
        "less text",
    ]
    assert not said["in_range"] and np.isnan(said["predicted"])
    assert model.predict(published.iloc[[0]]).iloc[0][["in_range", "reason"]].tolist() == [True, ""]


def test_uploaded_vectors_have_no_known_architecture(published: pd.DataFrame) -> None:
    row = published.iloc[[0]].assign(
        origin="uploaded", family="uploaded vectors", corpus=None, sequences=np.nan
    )
    said = fit(published, SPREAD, "glue_average").predict(row).iloc[0]
    assert said["reason"] == "Which architecture the vectors come from is not known."


def test_trust_names_a_miss_before_everything_else(published: pd.DataFrame) -> None:
    model = fit(published, SPREAD, "glue_average")
    row = published.iloc[0].to_dict() | {"low": 0.8, "high": 0.9, "reason": "", "actual": 0.7}
    missed = trust(model, pd.Series(row))
    assert missed.level == "missed"
    assert missed.reasons[0] == "The known score 0.70 lies outside the predicted range of 0.80 to 0.90."
    assert trust(model, pd.Series(row | {"actual": np.nan})).level == "fair"
    outside = trust(model, pd.Series(row | {"actual": np.nan, "reason": "One thing. Another."}))
    assert (outside.level, outside.reasons) == ("outside", ("One thing.", "Another."))


def test_the_default_predictor_beats_the_mean_on_every_family_it_had_not_seen(
    published: pd.DataFrame,
) -> None:
    model = fit(published, SPREAD, "glue_average")
    known = held_out(published, model)
    assert model.errors is not None
    assert (model.errors.by_family["rmse"] < model.errors.by_family["mean_rmse"]).all()
    assert 0.85 < coverage(known, published["glue_average"]) <= 1
    assert ((known["low"] <= known["predicted"]) & (known["predicted"] <= known["high"])).all()
    assert known[["low", "high"]].stack().between(0, 1).all()


def test_one_family_alone_gives_no_interval(made: pd.DataFrame) -> None:
    alone = made[made["family"] == "a"]
    model = fit(alone, ("eee",), "score")
    said = model.predict(alone)
    assert model.errors is None and said["low"].isna().all() and said["predicted"].notna().all()
    assert held_out(alone, model).empty


def test_too_few_checkpoints_are_refused_in_one_sentence(made: pd.DataFrame) -> None:
    with pytest.raises(InputError) as error:
        fit(made.iloc[:3], ("eee", "vrm"), "score")
    assert str(error.value) == (
        "Predicting score from eee, vrm needs at least 5 checkpoints with all of them, and there are 3; "
        "choose fewer measures or another score."
    )


def test_ties_look_like_ties_and_chances_sum_to_k() -> None:
    tied = probability_among_best(np.full(10, 0.5), 0.1, 3)
    assert tied == pytest.approx(np.full(10, 0.3), abs=0.03)
    assert tied.sum() == pytest.approx(3)
    clear = probability_among_best(np.array([0.9, 0.8, 0.7, 0.2, 0.1]), 0.01, 3)
    assert clear == pytest.approx([1, 1, 1, 0, 0])
    assert list(probability_among_best(np.array([0.1, 0.2]), 0.1, 3)) == [1, 1]


def test_the_chance_of_two_is_the_normal_one_and_a_shared_error_sharpens_it() -> None:
    predicted = np.array([0.6, 0.5])
    apart = probability_among_best(predicted, 0.1, 1, draws=40_000)[0]
    assert apart == pytest.approx(0.7602, abs=0.01)  # Φ(0.1 / (0.1 · √2))
    same = {"families": np.array(["a", "a"]), "shared_sd": 0.09, "draws": 40_000}
    assert probability_among_best(predicted, 0.1, 1, **same)[0] == pytest.approx(0.9475, abs=0.01)
    first = probability_among_best(predicted, 0.1, 1, draws=500, seed=1)
    assert (first == probability_among_best(predicted, 0.1, 1, draws=500, seed=1)).all()
    assert (first != probability_among_best(predicted, 0.1, 1, draws=500, seed=2)).any()
