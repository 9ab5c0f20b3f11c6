"""Linear regression against lstsq and published figures, its interval, and the reasons for trust."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.errors import InputError
from core.overview import overview
from core.prediction import Model, Reference
from core.prediction.candidates import SPREAD
from core.prediction.intervals import coverage
from core.prediction.regression import Linear
from core.prediction.trust import trust
from core.reasons import Reason

NO_CLOUDS = pd.DataFrame(columns=["cloud", "subject"])


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    rows = overview(reference.checkpoints(), NO_CLOUDS, reference.measurements(), reference.scores()).rows
    return rows[rows["eee"].notna()]


def fit(rows: pd.DataFrame, measures: tuple[str, ...], score: str, *, architecture: bool = False) -> Model:
    return Linear(measures, architecture).fit(Reference(rows, score))


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
    before = model.held_out()
    changed = made.assign(score=made["score"].where(made["family"] != "a", 0.0))
    after = fit(changed, ("eee",), "score").held_out()
    own = made.index[made["family"] == "a"]
    assert after.loc[own, ["predicted", "low", "high"]].equals(before.loc[own, ["predicted", "low", "high"]])
    assert not after.drop(own)["predicted"].equals(before.drop(own)["predicted"])
    by_hand = np.polyfit(*made.loc[made["family"] != "a", ["eee", "score"]].to_numpy().T, 1)
    assert before.loc[own, "predicted"].to_numpy() == pytest.approx(np.polyval(by_hand, made.loc[own, "eee"]))


def test_families_count_the_same_in_the_errors(made: pd.DataFrame) -> None:
    errors = fit(made, ("eee",), "score").errors
    thinned = fit(made.drop(made.index[25:40]), ("eee",), "score").errors
    assert errors is not None and thinned is not None
    assert errors.rmse == pytest.approx(np.sqrt((errors.by_group["rmse"] ** 2).mean()))
    assert list(thinned.by_group["n"]) == [20, 5, 20]
    assert 0 < errors.shared_sd <= errors.sd
    assert errors.rmse < errors.mean_rmse  # the line says more than the mean does


def test_a_family_without_a_term_gets_the_mean_of_the_terms(made: pd.DataFrame) -> None:
    model = fit(made, ("eee",), "score", architecture=True)
    known = [model.raw(made.iloc[:1].assign(family=name))[0] for name in "abc"]
    assert model.raw(made.iloc[:1].assign(family="new"))[0] == pytest.approx(np.mean(known))


def test_what_the_reference_does_not_cover_has_its_reasons(published: pd.DataFrame) -> None:
    model = fit(published, SPREAD, "glue_average")
    row = published.iloc[[0]].assign(eee=0.99, isoscore=np.nan, family="Llama", layers=5, width=64)
    row = row.assign(corpus="standard-library", sequences=500)
    prediction = model.predict(row).iloc[0]
    low, high = published["eee"].min(), published["eee"].max()
    assert prediction["reasons"] == (
        Reason("not_measured", measures=("isoscore",)),
        Reason("outside_range", measure="eee", value=0.99, low=low, high=high),
        Reason("other_architecture", family="Llama", layers=5, width=64),
        Reason("other_text", corpus="standard-library", corpora=("ptb+wikitext-2",)),
        Reason("less_text", sequences=500.0, reference=5000.0),
    )
    assert not prediction["in_range"] and np.isnan(prediction["predicted"])
    assert model.predict(published.iloc[[0]]).iloc[0][["in_range", "reasons"]].tolist() == [True, ()]


def test_uploaded_vectors_have_no_known_architecture(published: pd.DataFrame) -> None:
    row = published.iloc[[0]].assign(
        origin="uploaded", family="uploaded vectors", corpus=None, sequences=np.nan
    )
    prediction = fit(published, SPREAD, "glue_average").predict(row).iloc[0]
    assert prediction["reasons"] == (Reason("unknown_architecture"),)


def test_trust_names_a_miss_before_everything_else(published: pd.DataFrame) -> None:
    model = fit(published, SPREAD, "glue_average")
    values = {"low": 0.8, "high": 0.9, "reasons": (), "interpolated": False, "actual": 0.7}
    row = pd.Series(published.iloc[0].to_dict() | values)
    missed = trust(model, row)
    assert missed.level == "missed"
    assert missed.reasons[0] == Reason("outside_interval", actual=0.7, low=0.8, high=0.9)
    own = trust(model, pd.Series(row.to_dict() | {"actual": np.nan}))
    assert own.level == "fair" and [reason.code for reason in own.reasons] == [
        "all_in_range",
        "held_out_group",
    ]
    outside = trust(model, pd.Series(row.to_dict() | {"actual": np.nan, "reasons": (Reason("less_text"),)}))
    assert (outside.level, outside.reasons) == ("outside", (Reason("less_text"),))


def test_spread_measures_have_a_lower_error_than_the_mean_on_every_family_left_out(
    published: pd.DataFrame,
) -> None:
    model = fit(published, SPREAD, "glue_average")
    known = model.held_out()
    assert model.errors is not None
    assert (model.errors.by_group["rmse"] < model.errors.by_group["mean_rmse"]).all()
    assert 0.85 < coverage(known, published["glue_average"]) <= 1
    assert ((known["low"] <= known["predicted"]) & (known["predicted"] <= known["high"])).all()
    assert known[["low", "high"]].stack().between(0, 1).all()


def test_one_family_alone_gives_no_interval(made: pd.DataFrame) -> None:
    alone = made[made["family"] == "a"]
    model = fit(alone, ("eee",), "score")
    inside = model.predict(alone)
    assert model.errors is None and inside["low"].isna().all() and inside["predicted"].notna().all()
    assert model.held_out().empty


def test_too_few_checkpoints_are_refused_in_one_sentence(made: pd.DataFrame) -> None:
    with pytest.raises(InputError) as error:
        fit(made.iloc[:3], ("eee", "vrm"), "score")
    assert str(error.value) == (
        "Predicting score from eee, vrm needs at least 5 checkpoints with all of them, and there are 3; "
        "choose fewer measures or another score."
    )


def test_an_interval_of_another_level_is_another_quantile_of_the_same_errors(made: pd.DataFrame) -> None:
    narrow, wide = (Linear(("eee",)).fit(Reference(made, "score"), level=level) for level in (0.5, 0.9))
    assert narrow.errors is not None and wide.errors is not None
    assert narrow.errors.quantile < wide.errors.quantile and narrow.errors.rmse == wide.errors.rmse
    assert (narrow.predict(made)["level"] == 0.5).all()


def test_groups_of_a_reference_may_be_another_column(made: pd.DataFrame) -> None:
    rows = made.assign(base=np.repeat([f"base {i}" for i in range(6)], 10))
    model = Linear(("eee",)).fit(Reference(rows, "score", groups="base"))
    assert model.groups == tuple(f"base {i}" for i in range(6)) and model.families == ("a", "b", "c")
    own = rows["base"] == "base 0"
    by_hand = np.polyfit(*rows.loc[~own, ["eee", "score"]].to_numpy().T, 1)
    assert model.held_out().loc[own, "predicted"].to_numpy() == pytest.approx(
        np.polyval(by_hand, rows.loc[own, "eee"])
    )


def test_candidates_may_lack_columns(made: pd.DataFrame) -> None:
    model = fit(made, ("eee", "vrm"), "score")
    prediction = model.predict(pd.DataFrame({"eee": [0.2]}, index=["new"])).loc["new"]
    assert [reason.code for reason in prediction["reasons"]] == ["not_measured", "other_architecture"]
