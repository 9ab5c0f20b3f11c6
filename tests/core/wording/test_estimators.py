"""Labels or none, in sentences: who is ahead, by how much, and the tables of it."""

import numpy as np
import pandas as pd

from core.studies.estimators import (
    ALL,
    CHANCE,
    COLUMNS,
    DIFFERENCE,
    GEOMETRY,
    LABELS,
    NOISE,
    OVERALL,
    PERTURBED,
    STATISTICS,
    TASKS,
)
from core.wording.estimators import (
    headline,
    markdown,
    named,
    named_decoders,
    on_measuring_again,
    on_size_and_loss,
    sentences,
    size_and_loss_markdown,
    table,
)


def made(gap: float, base: str = "small encoder") -> pd.DataFrame:
    """A summary in which labelled estimators have ρ 0.2 + gap and measures 0.2, in all tasks."""
    kinds = [
        *((LABELS, name, layer, 0.2 + gap) for name in ("logme", "h_score") for layer in ("mean", "last")),
        *((GEOMETRY, name, "last", 0.2) for name in ("eee", "isoscore")),
        (NOISE, "noise", "", 0.5),
        (CHANCE, "chance", "", np.nan),
        *((DIFFERENCE, name, layer, gap) for name in ("median", "best") for layer in ("mean", "last")),
    ]
    rows = []
    for checkpoints, n in ((ALL, 47), (PERTURBED, 37)):
        for task in TASKS:
            for kind, quantity, layer, value in kinds:
                if kind == NOISE and checkpoints == ALL:
                    continue
                lacking = quantity == "h_score" and task in (OVERALL, "STS-B")
                row = {"base": base, "checkpoints": checkpoints, "task": task, "kind": kind, "n": n}
                row |= {"quantity": quantity, "layer": layer, "seconds": 3.0 if kind == LABELS else np.nan}
                for name in STATISTICS:
                    centre = np.nan if lacking else value if name in ("spearman", "kendall") else 2.0
                    row |= {name: centre, f"{name}_low": centre - 0.1, f"{name}_high": centre + 0.1}
                rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_the_headline_says_who_is_ahead_where_the_interval_leaves_out_zero() -> None:
    assert headline(made(0.3)) == (
        "Labels beat geometry in the small encoder. Median ρ with labels less that without: the small "
        "encoder +0.30 (+0.20 to +0.40) averaged over layers and +0.30 (+0.20 to +0.40) at the last layer"
    )
    assert headline(made(-0.3)).startswith("Geometry beats labels in the small encoder. ")
    assert headline(made(0.05)).startswith("Labels do not beat geometry in the small encoder. ")
    both = pd.concat([made(-0.3), made(0.4, "MiniLM")])
    assert headline(both).startswith("Labels beat geometry in MiniLM. ")
    mixed = made(-0.3)
    mixed.loc[mixed["layer"] == "last", "spearman_high"] = 0.1
    assert headline(mixed).startswith("Labels do not beat geometry in the small encoder. ")
    assert headline(made(0.3).iloc[:0]) == "No base has enough checkpoints"


def test_each_base_has_its_medians_its_best_and_noise() -> None:
    assert sentences(made(0.3)) == [
        "The small encoder, 47 checkpoints, mean of four tasks: the median ρ of the labelled estimators is "
        "+0.50 averaged over layers and +0.50 at the last layer, of the measures without labels +0.20.",
        "The small encoder: the best, chosen in hindsight, are averaged over layers LogME (ρ +0.50, regret "
        "2.0, of three 2.0), at the last layer LogME (ρ +0.50, regret 2.0, of three 2.0) and without labels "
        "Eigenvalue early enrichment (ρ +0.20, regret 2.0, of three 2.0); by chance the regret is 2.0 "
        "points, of three 2.0.",
        "The small encoder, the 37 perturbed checkpoints: the amount of noise alone has ρ +0.50 (+0.40 to "
        "+0.60); the median of the labelled estimators is +0.50, of the measures without labels +0.20.",
    ]


def test_tables_hold_the_estimators_that_have_the_tasks() -> None:
    rows = table(made(0.3), "small encoder")
    assert rows["Estimator"].tolist() == [
        *("LogME", "LogME", "Eigenvalue early enrichment", "IsoScore", "Chance")
    ]
    assert rows["ρ"].tolist()[:3] == [0.5, 0.5, 0.2] and rows["Labels"].tolist()[1:3] == ["last", ""]
    assert len(table(made(0.3), "small encoder", "with classes")) == 7
    lines = markdown(made(0.3))
    assert len(lines) == 2 + (2 + 2 + 1) + (1 + 2 + 1)
    assert "| small encoder | STS-B | LogME | +0.50 (+0.40 to +0.60) | +0.50 | 2.0 | 2.0 | 3.0 |" in lines
    assert lines[-1] == "| small encoder | STS-B | Chance | – | – | 2.0 | 2.0 | – |"


def test_a_chart_has_labelled_estimators_first_and_the_best_above() -> None:
    rows = named(pd.concat([made(0.3), made(-0.1, "MiniLM")]), "with classes")
    assert list(dict.fromkeys(rows["name"])) == [
        *("H-score, last layer", "H-score, mean of layers", "LogME, last layer", "LogME, mean of layers"),
        *("Eigenvalue early enrichment", "IsoScore"),
    ]
    assert rows["group"].tolist() == ["small encoder", "MiniLM"] * 6
    assert rows["kind"].unique().tolist() == ["with labels", "without labels"]
    assert rows["detail"].iloc[0] == "regret 2.0 points, of three 2.0"
    assert len(named(made(0.3), "STS-B")) == 4


def test_size_and_loss_are_stated_for_each_choice_of_decoders() -> None:
    rows = [
        {"decoders": "all decoders", "predictor": name, "n": 61, "spearman": 0.9, "low": 0.8, "high": 0.95}
        for name in ("parameters", "wiki_2025", "arxiv_2025", "stackexchange_2025")
    ]
    assert on_size_and_loss(pd.DataFrame(rows)) == [
        "All decoders: ρ of parameters +0.90 (+0.80 to +0.95; n = 61), of the loss on Wikipedia of 2025 "
        "+0.90 (+0.80 to +0.95; n = 61)."
    ]
    assert size_and_loss_markdown(pd.DataFrame(rows))[2].startswith(
        "| all decoders | +0.90 (+0.80 to +0.95; n = 61) |"
    )
    chart = named_decoders(pd.DataFrame(rows))
    assert chart["group"].tolist()[:2] == ["Parameters", "Loss, Wikipedia 2025"]
    assert set(chart["detail"]) == {"61 decoders"}
    assert on_size_and_loss(pd.DataFrame(rows).assign(spearman=np.nan)) == []


def test_measures_taken_again_are_compared_with_the_first() -> None:
    row = {"base": "small encoder", "quantity": "eee", "n": 47, "before": 0.5, "after": 0.51}
    again = pd.DataFrame([row | {"spearman_before": 0.4, "spearman_after": 0.3}])
    assert on_measuring_again(again) == [
        "The small encoder, made again: measures of the plain checkpoint differ from the first by 2 % to 2 "
        "%; over 47 checkpoints ρ with the scores is, before and after, of Eigenvalue early enrichment +0.40 "
        "and +0.30."
    ]
