"""Choosing a predictor and predicting in two cases: the rule, what counts as near, and the reasons."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from core import reference
from core.errors import InputError
from core.overview import overview
from core.prediction import Reference, held_out, nonstandard
from core.prediction import perturbed as perturbed_of
from core.prediction.applicability import domain_of
from core.prediction.best import Best, BestModel, base_of, whole_predictor
from core.prediction.candidates import candidate, candidates, fit_predict
from core.prediction.intervals import left_out
from core.prediction.selection import (
    Choice,
    HeldOut,
    choose,
    chosen_anew,
    complete,
    fold_errors,
    held_out_errors,
)
from core.reasons import Reason

CHOICE = Choice(new=candidate("ridge", "spread", ranks=True), known=candidate("neighbours", "spread"))


def fit_best(rows: pd.DataFrame, choice: Choice, score: str) -> BestModel:
    return Best(choice).fit(Reference(rows, score))


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    nothing = pd.DataFrame(columns=["cloud", "subject"])
    return overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores()).rows


@pytest.fixture(scope="module")
def perturbed(published: pd.DataFrame) -> pd.DataFrame:
    return perturbed_of(published)


def test_the_reference_has_168_rows_and_the_test_13_in_the_order_of_their_table(
    published: pd.DataFrame, perturbed: pd.DataFrame
) -> None:
    test = nonstandard(published)
    assert len(perturbed) == 168 and len(test) == 13
    assert not set(perturbed.index) & set(test.index)
    short = [subject.rsplit("/", 1)[1] for subject in test.index]
    assert short == [
        *("chin", "germ", "shuffle_index", "untrained", "fc", "mlm", "asci", "rand"),
        *("roberta_sinha", "shuffle_corp", "shuffle_sent", "bert-small", "untrained_w_emb"),
    ]


def test_no_choice_can_see_the_non_standard_checkpoints(published: pd.DataFrame) -> None:
    # Scrambled scores of the 13 change the test's columns and nothing that a choice rests on.
    compared = [candidate("mean"), candidate("line", "spread"), candidate("ridge", "spread", ranks=True)]
    test = nonstandard(published).index
    spoiled = published.copy()
    spoiled.loc[test, "glue_average"] = 0.123
    one, other = (held_out.table(rows, compared=compared) for rows in (published, spoiled))
    tried = [name for name in one if name.startswith("test_")]
    assert_frame_equal(one.drop(columns=tried), other.drop(columns=tried), rtol=1e-9)
    assert not one["test_mse"].dropna().equals(other["test_mse"].dropna())
    assert list(one["predictor"])[-2:] == ["best", "best:anew"]


def held(family: float, fold: float) -> HeldOut:
    return HeldOut(10, {}, family, family, fold, 0.5, 0.9, 0.9, 0.4)


def test_the_rule_takes_the_lowest_of_each_error_and_the_plainer_of_equals() -> None:
    a, b, c = candidate("mean"), candidate("line", "spread"), candidate("svr", "spread")
    found = choose([(a, held(0.02, 0.03)), (b, held(0.01, 0.02)), (c, held(0.01, 0.001))])
    assert (found.new, found.known) == (b, c)


def test_the_shipped_choice_is_the_rules_and_rests_on_no_figure_of_the_test() -> None:
    shipped = reference.held_out().set_index("predictor")
    compared = [
        (entry, held(shipped.at[entry.name, "family_mse"], shipped.at[entry.name, "fold_mse"]))
        for entry in candidates()
    ]
    choice = choose(compared)
    roles = shipped["role"].dropna()
    assert roles.to_dict() == {choice.new.name: "new base", choice.known.name: "known base"}
    assert choice.new.name != shipped["test_mse"].drop(["best", "best:anew"]).idxmin()


def test_choosing_anew_looks_only_at_the_families_it_is_fitted_to(perturbed: pd.DataFrame) -> None:
    compared = [candidate("mean"), candidate("line", "spread"), candidate("ridge", "spread", ranks=True)]
    run, chosen = chosen_anew("glue_average", compared)
    told = left_out(perturbed, "family", run)
    assert set(chosen) == {"BERT-base + BERT-small", "BERT-base + RoBERTa-base", "BERT-small + RoBERTa-base"}
    own = perturbed["family"] == "BERT-base"
    again, _ = chosen_anew("glue_average", compared)
    spoiled = perturbed.assign(glue_average=perturbed["glue_average"].mask(own, 0.0))
    assert left_out(spoiled, "family", again)[own].equals(told[own])


def test_leaving_out_a_base_is_leaving_out_a_family_here(perturbed: pd.DataFrame) -> None:
    assert (perturbed.groupby("family")["base"].nunique() == 1).all()
    run = fit_predict(candidate("line", "spread"), "glue_average")
    errors = held_out_errors(perturbed, "glue_average", run)
    assert errors.base_mse == pytest.approx(errors.family_mse, abs=1e-12)


def test_fold_errors_are_those_of_scikit_learn(perturbed: pd.DataFrame) -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_predict

    X, y = perturbed[["eee", "vrm", "isoscore"]].to_numpy(), perturbed["glue_average"].to_numpy()
    told = [
        cross_val_predict(LinearRegression(), X, y, cv=KFold(10, shuffle=True, random_state=seed))
        for seed in range(3)
    ]
    mse, r2 = fold_errors(perturbed, "glue_average", fit_predict(candidate("line", "spread"), "glue_average"))
    assert mse == pytest.approx(np.mean([((t - y) ** 2).mean() for t in told]), abs=1e-12)
    assert r2 == pytest.approx(1 - mse / y.var(), abs=1e-12)


def test_near_its_own_base_it_interpolates_and_elsewhere_it_uses_the_trend(perturbed: pd.DataFrame) -> None:
    best = fit_best(perturbed, CHOICE, "glue_average")
    row = perturbed.iloc[[5]]
    others = {
        "as it is": row,
        "another base": row.assign(base="someone/else"),
        "no base": row.assign(base=None),
        "far from its base": row.assign(eee=0.97),
    }
    told = {name: best.predict(frame).iloc[0] for name, frame in others.items()}
    assert {name: bool(found["interpolated"]) for name, found in told.items()} == {
        "as it is": True,
        "another base": False,
        "no base": False,
        "far from its base": False,
    }
    trend = fit_predict(CHOICE.new, "glue_average")(perturbed, row)[0]
    inside = fit_predict(CHOICE.known, "glue_average")(perturbed, row)[0]
    assert told["as it is"]["predicted"] == pytest.approx(inside)
    assert told["no base"]["predicted"] == told["another base"]["predicted"] == pytest.approx(trend)
    assert best.errors is not None
    half = (told["no base"]["high"] - told["no base"]["low"]) / 2
    assert half == pytest.approx(best.errors.quantile) and best.near_half < best.errors.quantile


def test_an_unknown_architecture_is_an_ordinary_case_and_a_decoder_is_not(perturbed: pd.DataFrame) -> None:
    best = fit_best(perturbed, CHOICE, "glue_average")
    row = perturbed.iloc[[40]].assign(base=None, family="ELECTRA")
    said = best.predict(row).iloc[0]
    assert said["in_range"] and np.isfinite([said["predicted"], said["low"], said["high"]]).all()
    assert best.predict(row.assign(kind="decoder")).iloc[0]["reasons"] == (
        Reason("other_kind", kind="decoder", kinds=("encoder",)),
    )


def test_a_missing_measure_gives_no_prediction_and_missing_cells_give_the_trend(
    perturbed: pd.DataFrame,
) -> None:
    choice = Choice(new=CHOICE.new, known=candidate("neighbours", "all"))
    best = fit_best(perturbed, choice, "glue_average")
    row = perturbed.iloc[[5]]
    without = best.predict(row.assign(lsq_cluster_eee=np.nan)).iloc[0]
    assert not without["interpolated"] and without["in_range"] and np.isfinite(without["predicted"])
    nothing = best.predict(row.assign(eee=np.nan)).iloc[0]
    assert np.isnan(nothing["predicted"]) and nothing["reasons"][0].code == "not_measured"


def test_the_known_rows_of_the_reference_are_predicted_from_other_families(perturbed: pd.DataFrame) -> None:
    best = fit_best(perturbed, CHOICE, "glue_average")
    own = perturbed["family"] == "RoBERTa-base"
    spoiled = perturbed.assign(glue_average=perturbed["glue_average"].mask(own, 0.1))
    columns = ["predicted", "low", "high"]
    before, after = (fit_best(f, CHOICE, "glue_average").held_out() for f in (perturbed, spoiled))
    assert before.loc[own, columns].equals(after.loc[own, columns])
    assert best.held_out()["in_range"].all()


def test_both_cases_together_see_nothing_of_a_fold_left_out(perturbed: pd.DataFrame) -> None:
    run = whole_predictor(CHOICE, "glue_average")
    rest, kept = perturbed.iloc[::2], perturbed.iloc[1::2]
    assert (run(rest, kept) == run(rest, kept.assign(glue_average=0.0))).all()


def test_too_few_checkpoints_are_refused_in_one_sentence(perturbed: pd.DataFrame) -> None:
    with pytest.raises(InputError) as error:
        fit_best(perturbed.iloc[:5], CHOICE, "glue_average")
    assert str(error.value) == (
        "Predicting glue_average by the best predictor needs at least 12 checkpoints with eee, vrm, "
        "isoscore, and there are 5; choose another score."
    )


def test_a_measured_checkpoint_is_its_own_base_and_a_variant_of_it_is_not() -> None:
    frame = pd.DataFrame(
        {"base": ["x", None, None], "name": ["a", "b", "c"], "origin": ["measured", "measured", "published"]}
    )
    assert base_of(frame).tolist()[:2] == ["x", "b"] and pd.isna(base_of(frame).iloc[2])


def test_a_combination_outside_the_joint_range_is_a_reason_though_each_measure_is_in_range() -> None:
    line = np.linspace(0, 1, 30)
    frame = pd.DataFrame({"eee": line, "vrm": line, "family": "a"})
    domain = domain_of(frame, ("eee", "vrm"))
    corner = frame.iloc[[0]].assign(vrm=0.9)
    scale = line.std()
    away = np.sqrt((line - 0) ** 2 + (line - 0.9) ** 2).min() / scale
    assert domain.distances(corner)[0] == pytest.approx(away)
    assert domain.farthest == pytest.approx(np.sqrt(2) / 29 / scale)
    (reason,), inside = domain.reasons(pd.concat([corner, frame.iloc[[7]]]))
    assert inside == () and reason.code == "outside_joint_range"
    assert (reason["distance"], reason["farthest"]) == (pytest.approx(away), domain.farthest)
    assert complete(frame.assign(y=[np.nan, *line[1:]]), ["eee"], "y").shape[0] == 29
