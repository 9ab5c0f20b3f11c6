"""What estimators are worth: planted orders are recovered, chance is chance, and the shipped tables agree."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, weightedtau

from core.studies import estimators, labelled_study, own_study
from core.studies.estimators import ALL, CLASSED, COLUMNS, OVERALL, PERTURBED, STATISTICS, TASKS, summary
from core.studies.own_study import members, table
from core.studies.own_study_findings import AVERAGED, frame
from core.studies.size_and_loss import size_and_loss
from core.wording import estimators as wording
from tests import TOP

NAMES = estimators.LABELLED


def study(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Scores that fall with noise, two measures that know the noise and one at random; scores by label."""
    found = members("minilm", Path("made"))
    subjects = {member.name: member.label for member in found}
    scores, measured = [], []
    for member in found:
        quality = 1 - (member.alpha or 0.0) + rng.normal(0, 0.02)
        for name, value in (("eee", -quality), ("isoscore", quality), ("dispersion", rng.normal())):
            row = {"subject": member.label, "measure": name, "seed": 0, "value": value}
            measured.append(row | {"n": 100, "d": 8, "text": "few"})
        for task in AVERAGED:
            value = 0.5 + 0.2 * quality + rng.normal(0, 0.001)
            scores.append({"subject": member.label, "task": task, "protocol": "x", "seed": 1, "value": value})
    long = table(found, pd.DataFrame(measured), pd.DataFrame(scores), subjects)
    return long, frame(long)


def labelled(long: pd.DataFrame, value: dict[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """Estimates that are the score times value[estimator] and some noise."""
    rows = []
    for one in long[long["kind"] == "score"].itertuples():
        for layer in ("mean", "last"):
            for name in NAMES:
                row = {"part": one.part, "label": one.label, "base": one.base, "task": one.quantity}
                estimate = value[name] * one.value + rng.normal(0, 0.001)
                if one.quantity == "STS-B" and name in ("h_score", "knn_accuracy"):
                    estimate = np.nan  # they need classes
                row |= {"layer": layer, "quantity": name, "value": estimate, "standard_error": 0.1}
                rows.append(row | {"seconds": 1.0, "extraction": 2.0, "n": 100})
    cost = {"task": "", "layer": "last", "quantity": "eee", "value": 0.0, "seconds": 0.5, "extraction": 4.0}
    rows.append({"part": "minilm", "label": "MiniLM", "base": "MiniLM"} | cost)
    return pd.DataFrame(rows, columns=list(labelled_study.COLUMNS))


@pytest.fixture(scope="module")
def planted() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(study, labelled values, summary): two estimators know the score, one its opposite, one nothing."""
    rng = np.random.default_rng(0)
    long, _ = study(rng)
    values = labelled(long, dict(zip(NAMES, (1, 1, -1, 0), strict=True)), rng)
    return long, values, summary(long, values, draws=50)


def test_every_statistic_is_that_of_scipy_or_by_hand(
    planted: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    long, values, found = planted
    assert list(found.columns) == list(COLUMNS)
    rows = frame(long).loc[:, "CoLA"]
    own = values[(values["task"] == "CoLA") & (values["layer"] == "mean")]
    for name in NAMES:
        x = own[own["quantity"] == name].set_index("label")["value"].reindex(rows.index)
        row = found[(found["checkpoints"] == ALL) & (found["task"] == "CoLA") & (found["quantity"] == name)]
        row = row[row["layer"] == "mean"].iloc[0]
        assert row["spearman"] == pytest.approx(spearmanr(x, rows).statistic)
        assert row["kendall"] == pytest.approx(weightedtau(x, rows).statistic)
        assert row["regret"] == pytest.approx(100 * (rows.max() - rows[x.idxmax()]))
        assert row["regret_of_three"] == pytest.approx(100 * (rows.max() - rows[x.nlargest(3).index].max()))
        assert row["n"] == 12 and row["seconds"] == 3


def test_over_tasks_the_mean_is_given_with_its_interval(
    planted: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    found = planted[2]
    every = found[found["checkpoints"] == ALL]
    keys = ["kind", "quantity", "layer"]
    for task in (OVERALL, CLASSED):
        parts = every[every["task"].isin(TASKS[task]) & (every["kind"] != estimators.DIFFERENCE)]
        mean = parts.groupby(keys)[list(STATISTICS)].agg(lambda values: values.mean(skipna=False))
        own = every[every["task"] == task].set_index(keys).loc[mean.index, list(STATISTICS)]
        assert np.allclose(mean, own, equal_nan=True)
        lacking = own.loc[estimators.LABELS, "spearman"].isna().sum()
        assert lacking == (4 if task == OVERALL else 0)
    known = found[(found["kind"] != estimators.CHANCE) & found["spearman"].notna()]
    assert (known["spearman_low"] <= known["spearman_high"]).all()
    assert (known["spearman"] <= known["spearman_high"]).all()
    assert (found.loc[found["kind"] != estimators.DIFFERENCE, "regret"].dropna() >= 0).all()


def test_measures_are_read_in_their_direction_and_chance_is_the_mean(
    planted: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    long, _, found = planted
    overall = found[(found["checkpoints"] == ALL) & (found["task"] == OVERALL)].set_index("quantity")
    assert overall.loc["eee", "spearman"] == overall.loc["isoscore", "spearman"] > 0.9
    assert overall.loc["eee", "seconds"] == 4.5 and np.isnan(overall.loc["isoscore", "seconds"])
    scores = frame(long)[list(AVERAGED)]
    assert overall.loc["chance", "regret"] == pytest.approx(
        100 * (scores.max() - scores.mean()).mean(), rel=0.1
    )
    noise = found[(found["kind"] == estimators.NOISE) & (found["task"] == OVERALL)]
    assert noise["checkpoints"].tolist() == [PERTURBED] and noise["n"].tolist() == [9]
    assert noise["spearman"].iloc[0] > 0.8


def test_the_difference_is_that_of_medians_and_of_the_best(
    planted: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    found = planted[2]
    of_all = found[found["checkpoints"] == ALL]
    gaps = {}
    for task in AVERAGED:
        rows = of_all[of_all["task"] == task]
        geometry = rows[rows["kind"] == estimators.GEOMETRY]["spearman"]
        for layer in ("last", "mean"):
            at_layer = rows[rows["layer"] == layer]
            labels = at_layer[at_layer["kind"] == estimators.LABELS]["spearman"]
            stated = at_layer[at_layer["kind"] == estimators.DIFFERENCE].set_index("quantity")["spearman"]
            gaps[task] = labels.median() - geometry.median()
            assert stated["median"] == pytest.approx(gaps[task])
            assert stated["best"] == pytest.approx(labels.max() - geometry.max())
    overall = of_all[(of_all["task"] == OVERALL) & (of_all["kind"] == estimators.DIFFERENCE)]
    assert overall["layer"].iloc[0] == "mean"
    assert overall["spearman"].iloc[0] == pytest.approx(np.mean(list(gaps.values())))


def test_measures_without_a_direction_have_no_regret_and_few_checkpoints_no_row() -> None:
    rng = np.random.default_rng(1)
    long, _ = study(rng)
    long["quantity"] = long["quantity"].replace("dispersion", "lsq_centroid_variance")
    values = labelled(long, dict.fromkeys(NAMES, 1.0), rng)
    found = summary(long, values, draws=5)
    rows = found[found["quantity"] == "lsq_centroid_variance"]
    assert set(rows["kind"]) == {estimators.UNDIRECTED} and rows["regret"].isna().all()
    few = values[values["label"].isin(values["label"].unique()[:4])]
    assert summary(long, few, draws=5).empty
    part = values[(values["task"] != "RTE") | (values["label"] != "MiniLM")]
    assert set(summary(long, part, draws=5).query("checkpoints == 'all'")["n"]) == {11}


def test_the_shipped_tables_agree_and_are_of_known_checkpoints(tmp_path: Path) -> None:
    values, shipped, long = labelled_study.shipped(), estimators.shipped(), own_study.shipped()
    assert list(values.columns) == list(labelled_study.COLUMNS) and list(shipped.columns) == list(COLUMNS)
    assert set(values["label"]) <= set(long["label"])
    assert values[["seconds", "extraction"]].notna().all(axis=None)
    some = values[(values["base"] == "MiniLM") | (values["task"] == "")]
    anew = summary(long, some, draws=2)
    keys = ["base", "checkpoints", "task", "kind", "quantity", "layer"]
    wanted = [*STATISTICS, "n", "seconds"]
    kept = shipped[shipped["base"] == "MiniLM"].set_index(keys)[wanted]
    assert np.allclose(anew.set_index(keys)[wanted], kept, rtol=1e-3, atol=1e-3, equal_nan=True)


def test_the_documentation_says_what_the_shipped_tables_say() -> None:
    text = " ".join((TOP / "docs" / "own-study.md").read_text().split())
    shipped, baseline = estimators.shipped(), size_and_loss()
    again = estimators.measured_again(own_study.shipped(), labelled_study.shipped())
    lines = [
        *(f"{wording.headline(shipped)}.", *wording.sentences(shipped), *wording.on_measuring_again(again)),
        *(*wording.markdown(shipped), *wording.size_and_loss_markdown(baseline)),
    ]
    assert len(lines) > 30 and [line for line in lines if line not in text] == []
