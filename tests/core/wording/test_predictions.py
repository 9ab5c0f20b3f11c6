"""Sentences about predictions: each once, with its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.overview import Overview, overview
from core.prediction import Predictions, Reference, perturbed_reference, predict
from core.wording.predictions import (
    accuracy,
    basis,
    groups_of,
    headline,
    how_far,
    on_the_nonstandard,
    within_groups,
)


@pytest.fixture(scope="module")
def published() -> Overview:
    nothing = pd.DataFrame(columns=["cloud", "subject"])
    return overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores())


def predictions_of(held: Overview, predictor: str) -> Predictions:
    return predict(held, perturbed_reference(held, "glue_average"), predictor)


@pytest.fixture(scope="module")
def best(published: Overview) -> Predictions:
    return predictions_of(published, "best")


def test_the_headline_sets_the_held_out_error_against_the_mean_baseline(
    published: Overview, best: Predictions
) -> None:
    assert headline(best) == "GLUE average: leave-one-family-out RMSE 0.094, below the mean baseline (0.142)"
    mean = predictions_of(published, "mean")
    assert headline(mean) == "GLUE average: leave-one-family-out RMSE 0.142 of the mean baseline"
    alone = replace(best, model=replace(best.model, errors=None))
    assert how_far(best) == (
        "A predicted GLUE average is off by about 0.09 on a family not seen before; the mean alone by 0.14"
    )
    assert how_far(mean) == (
        "The mean says of every checkpoint the same GLUE average, and is off by about 0.14"
    )
    assert how_far(alone) == (
        "How far to believe a predicted GLUE average is not known: nothing was left out to check it"
    )
    assert headline(alone) == "GLUE average: no held-out error, since the reference has one family only"
    assert accuracy(alone) == "The reference has one family only, so there is no held-out error."


def test_what_was_fitted_to_what_is_stated_with_the_coverage(published: Overview, best: Predictions) -> None:
    families = "168 perturbed checkpoints of 3 families (BERT-base, BERT-small, RoBERTa-base)"
    assert basis(best) == (
        f"Ridge regression on ranks of EEE, VRM and IsoScore, fitted to {families}; near reference "
        "checkpoints of the same base, extra trees on all 19 measures. Coverage of the 90 % interval: 95 % "
        "on families left out (88 % when families count the same); with 3 families that is a rough figure."
    )
    assert basis(predictions_of(published, "linear+architecture")).startswith(
        "Linear regression on Point patchiness as published (LSQ), with a term for the architecture, fitted "
        f"to {families}; r² 0.51. Coverage of the 90 % interval: "
    )
    assert basis(predictions_of(published, "mean")).startswith(
        "Mean baseline, fitted to 168 perturbed checkpoints of 3 families. Coverage"
    )


def test_errors_and_rank_correlation_within_the_groups(best: Predictions) -> None:
    assert within_groups(best).startswith("Median absolute error 0.10; ")
    assert within_groups(best).count(" in ") == 3
    assert "; Spearman correlation within a family left out: " in within_groups(best)
    few = best.rows.groupby("family").head(3)
    assert within_groups(replace(best, rows=few[few["held_out"]])).count(" in ") == 0


def test_the_test_set_in_a_claim_and_its_figures(published: Overview) -> None:
    claim, figures = on_the_nonstandard(predictions_of(published, "linear+architecture"))
    assert claim == "RMSE 0.30 on the 13 non-standard checkpoints, not below the mean baseline (0.21)"
    assert figures.startswith(
        "Mean squared error 0.0885; of the reference's mean 0.0456; of their own mean, "
    )
    assert figures.endswith("3 predictions lie beyond what a score can be: 1.01, 1.10, 1.26.")
    claim, figures = on_the_nonstandard(predictions_of(published, "mean"))
    assert claim == "RMSE 0.21 of the mean baseline on the 13 non-standard checkpoints"
    assert " of 13 known scores lie within the 90 % interval." in figures
    unknown = replace(
        published,
        rows=published.rows.assign(
            glue_average=published.rows["glue_average"].where(
                published.rows["variant"] == "perturbed", np.nan
            )
        ),
    )
    assert on_the_nonstandard(predictions_of(unknown, "mean")) == ("", "")


def test_groups_in_the_plural() -> None:
    rows = pd.DataFrame()
    named = [groups_of(Reference(rows, "s", groups=name)) for name in ("family", "base", "checkpoint")]
    assert named == ["families", "base checkpoints", "checkpoints"]
