"""Associations of measures and scores: planted confounds and effects, and reasons for what is missing."""

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from core.errors import InputError
from core.evidence.association import association, associations, table
from core.evidence.covariates import UNKNOWN, called, controlled, covariates_of
from core.reasons import Reason
from core.statistics.regression import residuals
from core.statistics.scaling_law import fit_law
from core.wording.evidence import covariate_title

N = 120


def simulated(*, effect: float, seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Checkpoints of many sizes and 4 token budgets: measure and loss both follow the size.

    effect: of the measure's own part on the loss. Returned: rows and covariates.
    """
    rng = np.random.default_rng(seed)
    size = np.exp(rng.uniform(np.log(4e6), np.log(75e6), N))
    tokens = rng.choice([8e9, 32e9, 64e9, 128e9], N)
    own = rng.normal(size=N)
    loss = 1.7 + 400 / size**0.34 + 400 / tokens**0.28 + 0.05 * rng.normal(size=N) - 0.05 * effect * own
    index = pd.Index([f"s{i}" for i in range(N)], name="subject")
    measure = np.log(size) + 0.4 * own
    rows = pd.DataFrame({"m": measure, "loss": loss, "family": "OLMo"}, index=index)
    return rows, pd.DataFrame({"parameters": size, "training_tokens": tokens}, index=index)


def test_a_planted_confound_shows_a_high_raw_and_a_near_zero_partial_correlation() -> None:
    rows, covariates = simulated(effect=0)
    result = association(rows, covariates, "m", "loss", metric="loss")
    assert result.raw.value < -0.8 and result.raw.p < 1e-9
    for name in ("residual", "law", "partial"):
        assert abs(getattr(result, name).value) < 0.2, name
        assert getattr(result, name).low < 0 < getattr(result, name).high, name
    assert abs(result.added.value) < 0.01 and result.added.base > 0.8
    assert result.controlled.names == ("parameters", "training_tokens") and result.notes == ()


def test_a_planted_effect_stays() -> None:
    rows, covariates = simulated(effect=2)
    result = association(rows, covariates, "m", "loss", metric="loss")
    assert result.raw.value < -0.8 and result.partial.value < -0.7
    assert result.partial.high < -0.6 and result.partial.p < 1e-9
    for name in ("residual", "law"):  # the size stays in the measure, which dilutes both
        assert getattr(result, name).value < -0.25 and getattr(result, name).high < 0, name
    assert result.added.value > 0.03


def test_every_statistic_agrees_with_an_independent_computation() -> None:
    rows, covariates = simulated(effect=1)
    result = association(rows, covariates, "m", "loss", metric="loss")
    both = rows.join(covariates)
    raw = stats.spearmanr(both["m"], both["loss"])
    assert result.raw.value == pytest.approx(raw.statistic, abs=1e-9)
    assert result.raw.p == pytest.approx(raw.pvalue, rel=1e-9)
    theirs = pingouin.partial_corr(both, "m", "loss", list(covariates), method="spearman").iloc[0]
    assert result.partial.value == pytest.approx(theirs["r"], abs=1e-9)
    assert result.partial.p == pytest.approx(theirs["p_val"], abs=1e-9)
    left = residuals(both["loss"].to_numpy(), np.log(covariates.to_numpy()))
    assert result.residual.value == pytest.approx(stats.spearmanr(both["m"], left).statistic, abs=1e-9)
    law = fit_law(*(both[name].to_numpy() for name in ("loss", "parameters", "training_tokens")))
    after = both["loss"] - law.predict(both["parameters"], both["training_tokens"])
    assert result.law.value == pytest.approx(stats.spearmanr(both["m"], after).statistic, abs=1e-9)
    assert result.fitted == law and result.baseline == ("parameters", "training_tokens", "training_compute")


def test_an_accuracy_leans_the_same_way_as_the_loss_it_is_made_of() -> None:
    rows, covariates = simulated(effect=2)
    accuracy = rows.assign(accuracy=1 - rows["loss"] / 10)
    loss = association(rows.assign(loss=rows["loss"] / 10), covariates, "m", "loss", metric="loss")
    result = association(accuracy, covariates, "m", "accuracy", metric="accuracy")
    assert result.loss == "complement" and loss.loss == "loss"
    assert result.law.value == pytest.approx(-loss.law.value, abs=1e-9)


def test_q_values_are_over_all_measures_that_were_tried() -> None:
    rows, covariates = simulated(effect=1)
    rng = np.random.default_rng(3)
    noise = {f"noise{i}": rng.normal(size=N) for i in range(4)}
    result = associations(rows.assign(**noise), covariates, ["m", *noise], "loss", metric="loss")
    frame = table(result)
    for name in ("raw", "residual", "law", "partial"):
        assert frame[f"{name}_q"].to_numpy() == pytest.approx(
            stats.false_discovery_control(frame[f"{name}_p"]), abs=1e-12
        )


def test_unknown_training_tokens_are_said_to_be_unknown_and_size_alone_is_taken_out() -> None:
    rows, covariates = simulated(effect=0)
    result = association(rows, covariates[["parameters"]], "m", "loss", metric="loss")
    assert result.terms == result.baseline == ("parameters",)
    assert result.fitted is not None and result.fitted.B is None
    assert result.controlled.missing == {"training_tokens": UNKNOWN}
    assert result.notes == (Reason("size_unknown", role="training_tokens", n=0, of=N),)


def test_tokens_known_for_a_few_are_not_used_unless_asked() -> None:
    rows, covariates = simulated(effect=0)
    covariates.loc[covariates.index[30:], "training_tokens"] = np.nan
    result = association(rows, covariates, "m", "loss", metric="loss")
    assert result.controlled.names == ("parameters",)
    assert result.controlled.missing == {"training_tokens": Reason("rarely_known", n=30, of=N)}
    assert result.notes == (Reason("size_unknown", role="training_tokens", n=30, of=N),)
    asked = association(rows, covariates, "m", "loss", metric="loss", asked=["training_tokens"])
    assert asked.controlled.names == ("training_tokens",) and asked.partial.n == 30
    assert asked.notes[-1] == Reason("covariate_missing", n=90, of=N)


def test_without_sizes_nothing_is_taken_out_and_the_reasons_are_given() -> None:
    rows, covariates = simulated(effect=1)
    result = association(rows, covariates.assign(parameters=1e6)[["parameters"]], "m", "loss", metric="loss")
    assert np.isnan([result.residual.value, result.law.value, result.partial.value]).all()
    reasons = [result.residual.reason, result.law.reason, result.partial.reason]
    assert reasons == [Reason("no_sizes"), Reason("one_size"), Reason("no_covariate")]
    assert result.baseline == () and result.controlled.missing["parameters"] == Reason("constant")
    assert Reason("size_constant", role="parameters") in result.notes


def test_a_score_that_is_no_loss_has_no_law() -> None:
    rows, covariates = simulated(effect=1)
    result = association(rows.assign(bleu=30 - rows["loss"]), covariates, "m", "bleu", metric="BLEU")
    assert result.law.reason == Reason("no_loss", metric="BLEU") and result.loss == ""


def test_a_law_that_cannot_be_fitted_says_why() -> None:
    rows, covariates = simulated(effect=1)
    two = covariates.assign(parameters=np.where(covariates["parameters"] > 2e7, 1e7, 2e7))[["parameters"]]
    result = association(rows, two, "m", "loss", metric="loss")
    assert result.law.reason is not None and result.law.reason.code == "no_law" and result.fitted is None
    assert result.law.reason["sentence"].startswith(
        "The law has 3 unknowns and these checkpoints 2 different"
    )


def test_the_seed_decides_intervals_and_folds_and_nothing_else() -> None:
    rows, covariates = simulated(effect=1)
    one, again, other = (
        association(rows, covariates, "m", "loss", metric="loss", seed=seed) for seed in (1, 1, 2)
    )
    assert (one.partial, one.added) == (again.partial, again.added)
    assert one.partial.value == other.partial.value and one.partial.low != other.partial.low
    assert one.added.value != other.added.value


def test_pooling_that_misleads_is_noticed() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    shift = np.repeat([0.0, 6.0], 30)
    index = [f"s{i}" for i in range(60)]
    rows = pd.DataFrame(
        {"m": x + shift, "s": -x + shift + 0.1 * x**2, "family": np.repeat(["a", "b"], 30)}, index=index
    )
    assert association(rows, pd.DataFrame(index=index), "m", "s").known.simpson


def covariate_table(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    columns = ["subject", "covariate", "value", "origin"]
    return pd.DataFrame(rows, columns=columns).assign(source="somewhere", name="x")


def test_imported_values_go_before_published_ones_and_before_facts() -> None:
    rows = pd.DataFrame({"parameters": [1e6, 2e6], "layers": [2, 4]}, index=["a", "b"])
    wide = covariates_of(
        rows,
        covariate_table(
            ("a", "alpha", 0.1, "published"),
            ("a", "alpha", 0.2, "imported"),
            ("a", "alpha", 0.4, "imported"),
            ("b", "alpha", 0.5, "published"),
            ("b", "parameters", 3e6, "imported"),
            ("gone", "alpha", 1.0, "imported"),
        ),
    )
    assert wide["alpha"].tolist() == pytest.approx([0.3, 0.5])
    assert wide["parameters"].tolist() == [1e6, 3e6]
    assert wide["layers"].tolist() == [2, 4]


def test_the_measured_loss_is_a_covariate_to_ask_for() -> None:
    rows = pd.DataFrame({"bits_per_byte": [1.5, None, 1.2], "loss": [4.0, 3.0, None]}, index=list("abc"))
    wide = covariates_of(rows, covariate_table(("b", "loss", 9.0, "imported")))
    assert wide["bits_per_byte"].tolist()[::2] == [1.5, 1.2]
    assert wide["loss"].dropna().tolist() == [9.0]  # imported: nats of the own tokenizer are no covariate
    assert controlled(wide).names == ()
    assert controlled(wide, ["bits_per_byte"]).names == ("bits_per_byte",)
    assert covariate_title("bits_per_byte") == "measured loss in bits per byte"


def test_what_else_people_call_tokens() -> None:
    assert called(pd.DataFrame(columns=["Training Tokens"]), "training_tokens") == "Training Tokens"
    assert called(pd.DataFrame(columns=["tokens", "training_tokens"]), "training_tokens") == "training_tokens"
    assert called(pd.DataFrame(columns=["flops"]), "training_compute") == "flops"
    assert called(pd.DataFrame(columns=["alpha"]), "training_tokens") is None


def test_facts_that_follow_size_are_controlled_for_only_when_asked() -> None:
    frame = pd.DataFrame({"parameters": [1.0, 2.0], "layers": [2.0, 4.0], "lr": [0.1, 0.2]})
    assert controlled(frame).names == ("parameters", "lr")
    assert controlled(frame, ["layers", "layers"]).names == ("layers",)


def test_an_unknown_covariate_is_named() -> None:
    with pytest.raises(InputError) as caught:
        controlled(pd.DataFrame({"parameters": [1.0]}), ["momentum"])
    assert str(caught.value) == (
        "The store holds no covariate momentum for these checkpoints: choose among parameters, or import it "
        "with `cli.py covariates import FILE`."
    )
