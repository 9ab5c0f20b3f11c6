"""What a measure is worth: planted confounds and effects, and what is said where something is not known."""

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from core.errors import InputError
from core.evidence.association import worth, worth_table, worths
from core.evidence.covariates import called, covariates_of, held
from core.statistics.regression import residuals
from core.statistics.scaling_law import fit_law
from core.wording.evidence import document, fall, gain, headline, simpsons

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
    found = worth(rows, covariates, "m", "loss")
    assert found.raw.value < -0.8 and found.raw.p < 1e-9
    for name in ("residual", "law", "partial"):
        assert abs(getattr(found, name).value) < 0.2, name
        assert getattr(found, name).low < 0 < getattr(found, name).high, name
    assert abs(found.added.value) < 0.01 and found.added.base > 0.8
    assert found.held.used == ("parameters", "training_tokens") and found.notes == ()


def test_a_planted_effect_stays() -> None:
    rows, covariates = simulated(effect=2)
    found = worth(rows, covariates, "m", "loss")
    assert found.raw.value < -0.8 and found.partial.value < -0.7
    assert found.partial.high < -0.6 and found.partial.p < 1e-9
    for name in ("residual", "law"):  # the size stays in the measure, which dilutes both
        assert getattr(found, name).value < -0.25 and getattr(found, name).high < 0, name
    assert found.added.value > 0.03


def test_every_statistic_agrees_with_an_independent_computation() -> None:
    rows, covariates = simulated(effect=1)
    found = worth(rows, covariates, "m", "loss")
    both = rows.join(covariates)
    raw = stats.spearmanr(both["m"], both["loss"])
    assert found.raw.value == pytest.approx(raw.statistic, abs=1e-9)
    assert found.raw.p == pytest.approx(raw.pvalue, rel=1e-9)
    theirs = pingouin.partial_corr(both, "m", "loss", list(covariates), method="spearman").iloc[0]
    assert found.partial.value == pytest.approx(theirs["r"], abs=1e-9)
    assert found.partial.p == pytest.approx(theirs["p_val"], abs=1e-9)
    left = residuals(both["loss"].to_numpy(), np.log(covariates.to_numpy()))
    assert found.residual.value == pytest.approx(stats.spearmanr(both["m"], left).statistic, abs=1e-9)
    law = fit_law(*(both[name].to_numpy() for name in ("loss", "parameters", "training_tokens")))
    after = both["loss"] - law.predict(both["parameters"], both["training_tokens"])
    assert found.law.value == pytest.approx(stats.spearmanr(both["m"], after).statistic, abs=1e-9)
    assert found.fitted == law and found.baseline == ("parameters", "training_tokens", "training_compute")


def test_an_accuracy_leans_the_same_way_as_the_loss_it_is_made_of() -> None:
    rows, covariates = simulated(effect=2)
    accuracy = rows.assign(accuracy=1 - rows["loss"] / 10)
    loss = worth(rows.assign(loss=rows["loss"] / 10), covariates, "m", "loss")
    found = worth(accuracy, covariates, "m", "accuracy")
    assert found.loss == "1 − score" and loss.loss == "the loss as it is"
    assert found.law.value == pytest.approx(-loss.law.value, abs=1e-9)


def test_q_values_are_over_all_measures_that_were_tried() -> None:
    rows, covariates = simulated(effect=1)
    rng = np.random.default_rng(3)
    noise = {f"noise{i}": rng.normal(size=N) for i in range(4)}
    found = worths(rows.assign(**noise), covariates, ["m", *noise], "loss")
    table = worth_table(found)
    for name in ("raw", "residual", "law", "partial"):
        assert table[f"{name}_q"].to_numpy() == pytest.approx(
            stats.false_discovery_control(table[f"{name}_p"]), abs=1e-12
        )
    assert headline(found, "loss").startswith("Of 5 measures 1 goes with loss; it still does with ")


def test_unknown_training_tokens_are_said_to_be_unknown_and_size_alone_is_taken_out() -> None:
    rows, covariates = simulated(effect=0)
    found = worth(rows, covariates[["parameters"]], "m", "loss")
    assert found.terms == found.baseline == ("parameters",)
    assert found.fitted is not None and found.fitted.B is None
    assert found.held.missing == {"training_tokens": "not known"}
    assert found.notes == (
        "The number of training tokens is known for none of these checkpoints, so it is not taken out.",
    )


def test_tokens_known_for_a_few_are_not_used_unless_asked() -> None:
    rows, covariates = simulated(effect=0)
    covariates.loc[covariates.index[30:], "training_tokens"] = np.nan
    found = worth(rows, covariates, "m", "loss")
    assert found.held.told == "Held fixed: parameters. Not held fixed: training_tokens (known for 30 of 120)."
    assert "known for only 30 of 120 of these checkpoints" in found.notes[0]
    asked = worth(rows, covariates, "m", "loss", asked=["training_tokens"])
    assert asked.held.used == ("training_tokens",) and asked.partial.n == 30
    assert asked.notes[-1] == (
        "90 of 120 checkpoints lack a covariate that is held fixed and are left out of the partial "
        "correlation."
    )


def test_without_sizes_nothing_is_taken_out_and_the_reasons_are_given() -> None:
    rows, covariates = simulated(effect=1)
    found = worth(rows, covariates.assign(parameters=1e6)[["parameters"]], "m", "loss")
    assert np.isnan([found.residual.value, found.law.value, found.partial.value]).all()
    assert found.residual.reason.startswith("Neither size nor training tokens are known and vary")
    assert found.law.reason == "A scaling law needs checkpoints of several sizes."
    assert found.partial.reason == "No covariate is known that varies."
    assert found.baseline == () and found.held.missing["parameters"] == "the same for all"
    assert headline([found], "loss").endswith("whether more than size stands behind it cannot be told yet")


def test_a_score_that_is_no_loss_has_no_law() -> None:
    rows, covariates = simulated(effect=1)
    found = worth(rows.assign(bleu=30 - rows["loss"]), covariates, "m", "bleu")
    assert found.law.reason == "The score is neither a loss nor a fraction, so no scaling law describes it."


def test_the_seed_decides_intervals_and_folds_and_nothing_else() -> None:
    rows, covariates = simulated(effect=1)
    one, again, other = (worth(rows, covariates, "m", "loss", seed=seed) for seed in (1, 1, 2))
    assert (one.partial, one.added) == (again.partial, again.added)
    assert one.partial.value == other.partial.value and one.partial.low != other.partial.low
    assert one.added.value != other.added.value


def test_a_confounded_pooling_is_told_family_by_family() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    shift = np.repeat([0.0, 6.0], 30)
    index = [f"s{i}" for i in range(60)]
    rows = pd.DataFrame(
        {"m": x + shift, "s": -x + shift + 0.1 * x**2, "family": np.repeat(["a", "b"], 30)}, index=index
    )
    found = worth(rows, pd.DataFrame(index=index), "m", "s")
    assert found.known.simpson
    (said,) = simpsons([found])
    assert said.startswith("m: pooled r = +0.") and "but −0.99 in a and −0.99 in b." in said


def test_words_are_computed_from_the_figures() -> None:
    rows, covariates = simulated(effect=0)
    found = [worth(rows, covariates, "m", "loss")]
    fixed = "number of parameters and training tokens"
    r, left = (f"{getattr(found[0], name).value:+.2f}".replace("-", "−") for name in ("raw", "partial"))
    assert headline(found, "loss") == f"m and loss: ρ = {r}, and {left} with {fixed} held fixed"
    assert fall(found).startswith(f"With {fixed} held fixed the median |ρ| goes from {r[1:]} to {left[1:]}; ")
    assert gain(found).startswith("On held-out checkpoints 0 of 1 measures explain more than 0.01")


def test_the_document_bears_the_published_names() -> None:
    rows, covariates = simulated(effect=1)
    told = document(worth(rows, covariates, "m", "loss"), "all", 1)
    assert {
        "raw_spearman",
        "residual_spearman_linear",
        "residual_spearman_chinchilla",
        "partial_spearman",
    } <= set(told)
    assert told["residual_spearman_chinchilla"]["law"]["E"] == pytest.approx(1.7, abs=0.3)
    assert told["partial_spearman"]["given"] == ["parameters", "training_tokens"]


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


def test_what_else_people_call_tokens() -> None:
    assert called(pd.DataFrame(columns=["Training Tokens"]), "training_tokens") == "Training Tokens"
    assert called(pd.DataFrame(columns=["tokens", "training_tokens"]), "training_tokens") == "training_tokens"
    assert called(pd.DataFrame(columns=["flops"]), "training_compute") == "flops"
    assert called(pd.DataFrame(columns=["alpha"]), "training_tokens") is None


def test_facts_that_follow_size_are_held_fixed_only_when_asked() -> None:
    frame = pd.DataFrame({"parameters": [1.0, 2.0], "layers": [2.0, 4.0], "lr": [0.1, 0.2]})
    assert held(frame).used == ("parameters", "lr")
    assert held(frame, ["layers", "layers"]).used == ("layers",)


def test_an_unknown_covariate_is_named() -> None:
    with pytest.raises(InputError) as caught:
        held(pd.DataFrame({"parameters": [1.0]}), ["momentum"])
    assert str(caught.value) == (
        "The store holds no covariate momentum for these checkpoints: choose among parameters, or import it "
        "with `cli.py covariates import FILE`."
    )
