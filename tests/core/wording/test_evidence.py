"""Associations in words: each sentence once, from figures made by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from core.evidence.association import Association
from core.evidence.correlation_matrix import Matrix
from core.evidence.correlations import Evidence
from core.evidence.covariates import UNKNOWN, Controlled
from core.evidence.loss_scale import FORMED
from core.reasons import Reason
from core.statistics.correlation import Correlation
from core.statistics.partial import Added, Statistic
from core.wording import evidence as words
from tests.core.wording.codes import codes_of

NAN = float("nan")
SURE, UNSURE = 0.001, 0.4
USED = Controlled(("parameters", "alpha"), {})


def entry(
    measure: str,
    raw: float,
    partial: float,
    *,
    q: tuple[float, float] = (SURE, SURE),
    added: float = 0.0,
    used: Controlled = USED,
    notes: tuple[Reason, ...] = (),
    families: dict[str, float] | None = None,
) -> Association:
    """A measure with these correlations, and their q-values."""

    def pearson(r: float) -> Correlation:
        return Correlation(20, r, r - 0.1, r + 0.1, r, r - 0.1, r + 0.1)

    within = {name: pearson(r) for name, r in (families or {}).items()}
    return Association(
        measure=measure,
        score="glue_average",
        known=Evidence(pearson(raw), within, "partly", ()),
        raw=Statistic(raw, 20),
        residual=Statistic(NAN, 20, reason=Reason("no_sizes")),
        terms=(),
        law=Statistic(NAN, 20, reason=Reason("one_size")),
        fitted=None,
        loss="",
        partial=Statistic(partial, 20),
        controlled=used,
        added=Added(added, -0.3, added - 0.3, 20),
        baseline=("parameters", "training_tokens"),
        notes=notes,
        q={"raw": q[0], "partial": q[1]},
    )


NONE = Controlled((), {"parameters": UNKNOWN})


@pytest.mark.parametrize(
    ("entries", "claim"),
    [
        (
            [
                entry("eee", 0.8, 0.5),
                entry("vrm", 0.7, -0.5),
                entry("isoscore", 0.1, 0.1, q=(UNSURE, UNSURE)),
            ],
            "Of 3 measures 2 correlate with S; controlling for number of parameters and amount of noise, 1 "
            "still does",
        ),
        (
            [entry("eee", 0.8, 0.1, q=(SURE, UNSURE)), entry("vrm", 0.1, 0.1, q=(UNSURE, UNSURE))],
            "Of 2 measures 1 correlates with S; controlling for number of parameters and amount of noise, "
            "none still do",
        ),
        ([entry("eee", 0.1, 0.1, q=(UNSURE, NAN))] * 2, "Of 2 measures none correlate with S"),
        (
            [entry("eee", 0.8, NAN, used=NONE)] * 2,
            "Of 2 measures 2 correlate with S; whether size explains it is not known",
        ),
        (
            [entry("eee", 0.8, -0.1)],
            "Eigenvalue early enrichment and S: ρ = +0.80, and −0.10 controlling for number of parameters "
            "and amount of noise",
        ),
        (
            [entry("eee", 0.8, NAN, used=NONE)],
            "Eigenvalue early enrichment and S: ρ = +0.80; whether size explains it is not known",
        ),
    ],
)
def test_the_headline(entries: list[Association], claim: str) -> None:
    assert words.headline(entries, "S") == claim


def test_how_far_correlations_fall() -> None:
    falls = [entry("eee", 0.8, 0.1), entry("vrm", -0.6, -0.5)]
    assert words.fall(falls) == (
        "Controlling for number of parameters and amount of noise, the median |ρ| falls from 0.70 to 0.30; "
        "Eigenvalue early enrichment falls most, from +0.80 to +0.10."
    )
    assert words.fall([entry("eee", 0.3, -0.3)]).endswith("from 0.30 to 0.30; 1 changes sign.")
    assert words.fall([entry("eee", 0.3, -0.4), entry("vrm", 0.3, -0.4)]).endswith("; 2 change sign.")
    assert words.fall([entry("eee", 0.8, NAN, used=NONE)]) == (
        "No covariate is controlled for, so there is no partial correlation to compare the raw one with."
    )


def test_what_the_best_measure_adds() -> None:
    assert words.gain([entry("eee", 0, 0, added=0.002), entry("vrm", 0, 0, added=0.05)]) == (
        "On held-out checkpoints 1 of 2 measures add more than 0.01 to the R² of a regression on number of "
        "parameters and training tokens (−0.30); Vasicek ratio MSE adds most, +0.05."
    )
    mean = replace(entry("eee", 0, 0, added=0.2), baseline=())
    assert "to the R² of the mean baseline (−0.30)" in words.gain([mean])
    few = Reason("too_few_for_folds", n=9, folds=5, needed=10)
    assert words.gain([replace(mean, added=Added(NAN, NAN, NAN, 9, few))]) == (
        "5 folds need at least 10 checkpoints, and there are 9."
    )


def test_pooling_that_misleads_is_told_family_by_family() -> None:
    misled = entry("eee", 0.8, 0.8, families={"a": -0.9, "b": -0.7})
    assert words.simpsons([misled, entry("vrm", 0.8, 0.8, families={"a": 0.9, "b": 0.7})]) == [
        "Eigenvalue early enrichment: pooled r = +0.80, but −0.90 in a and −0.70 in b."
    ]


@pytest.mark.parametrize(
    ("used", "said"),
    [
        (
            Controlled(("parameters", "alpha", "lr"), {}),
            "Controlling for number of parameters, amount of noise and lr.",
        ),
        (
            Controlled(("alpha",), {"training_tokens": UNKNOWN, "lr": Reason("rarely_known", n=3, of=9)}),
            "Controlling for amount of noise. Not controlled for: training tokens (not known), lr "
            "(known for 3 of 9).",
        ),
        (
            Controlled((), {"parameters": Reason("constant")}),
            "No covariate is controlled for. Not controlled for: number of parameters (the same for all).",
        ),
    ],
)
def test_what_is_controlled_for(used: Controlled, said: str) -> None:
    assert words.controlling(used) == said


def test_notes_that_differ_in_their_counts_only_are_said_once() -> None:
    notes = [
        (Reason("size_unknown", role="training_tokens", n=0, of=n), Reason("covariate_missing", n=3, of=n))
        for n in (180, 179)
    ]
    constant = Reason("size_constant", role="parameters")
    steep = Reason("law_at_its_limit", exponent=5.0)
    entries = [entry("eee", 0, 0, notes=notes[0]), entry("vrm", 0, 0, notes=(*notes[1], constant, steep))]
    assert words.notes(entries) == [
        "Training tokens: known for none of these checkpoints, so residuals do not account for it.",
        "3 of 180 checkpoints lack a covariate that is controlled for and are left out of the partial "
        "correlation.",
        "Number of parameters: the same for all of these checkpoints, so residuals need not account for it.",
        "The fitted law has the largest exponent that is allowed (1/N^5): beyond the smallest size these "
        "scores do not follow size, and the law explains little.",
    ]
    some = Reason("size_unknown", role="parameters", n=30, of=120)
    assert "known for only 30 of 120 of these checkpoints" in words.sentence(some)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason("no_covariate"), "No covariate is known that varies."),
        (
            Reason("no_sizes"),
            "Neither size nor training tokens are known and vary, so no residual can be taken.",
        ),
        (Reason("one_size"), "A scaling law needs checkpoints of several sizes."),
        (
            Reason("no_loss", metric="BLEU"),
            "The metric 'BLEU' is not known as a loss, a perplexity, a share or a correlation, so no scaling "
            "law is fitted.",
        ),
        (Reason("no_law", sentence="Too few sizes."), "Too few sizes."),
        (Reason("too_few", n=2), "2 checkpoints with all the values it needs are too few."),
        (
            Reason("too_few_for_covariates", n=3),
            "3 checkpoints are too few to control for so many covariates.",
        ),
        (Reason("constant"), "One of the two does not vary."),
        (Reason("constant_score"), "The score does not vary."),
        (Reason("explained", which="score"), "The covariates explain the ranks of the score completely."),
    ],
)
def test_why_a_statistic_has_no_value(reason: Reason, sentence: str) -> None:
    assert words.sentence(reason) == sentence


def test_every_reason_has_words() -> None:
    assert codes_of("core.evidence.association", "core.statistics.partial") == set(words._SENTENCES)
    assert codes_of("core.evidence.covariates") == set(words._MISSING)
    assert set(words.FORMED) == {*FORMED, ""}


def test_how_much_measures_overlap() -> None:
    names = ["eee", "vrm", "isoscore"]
    rho = pd.DataFrame([[1, 0.9, 0.1], [0.9, 1, -0.2], [0.1, -0.2, 1]], names, names)
    grouped = Matrix(rho, rho, (("eee", "vrm"), ("isoscore",)))
    assert words.matrix(grouped) == (
        "The median |ρ| between two of the 3 measures is 0.20; grouped where |ρ| averages 0.8 or more, the 3 "
        "form 2 groups. The largest is Eigenvalue early enrichment, Vasicek ratio MSE."
    )
    apart = replace(grouped, groups=tuple((name,) for name in names))
    assert words.matrix(apart).endswith("is 0.20; no two form a group (mean |ρ| of 0.8 or more).")
    one = Matrix(rho.iloc[:1, :1], rho.iloc[:1, :1], (("eee",),))
    assert words.matrix(one) == "Too few measures are known for these checkpoints to compare them."
