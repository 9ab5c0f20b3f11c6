"""Whether labelled estimators order checkpoints better than geometry does, in sentences and small tables."""

import math

import pandas as pd

from core.formatting import capital, decimal, fine_percent, listed, signed
from core.measures.titles import title_of
from core.studies.estimators import (
    ALL,
    CHANCE,
    CLASSED,
    DIFFERENCE,
    GEOMETRY,
    LABELS,
    NOISE,
    OVERALL,
    PERTURBED,
    TASKS,
)
from core.studies.labelled_study import LAST, MEAN
from core.studies.size_and_loss import PARAMETERS

KINDS = {
    LABELS: "with labels",
    GEOMETRY: "without labels",
    CHANCE: "chance",
}
TITLE = "With labels or without?"
PREDICTORS = {
    PARAMETERS: "Parameters",
    "wiki_2025": "Loss, Wikipedia 2025",
    "arxiv_2025": "Loss, arXiv 2025",
    "stackexchange_2025": "Loss, StackExchange 2025",
}
_LAYERS = {MEAN: "mean of layers", LAST: "last layer"}
CAPTION = (
    "ρ: Spearman's with the score, τ: weighted Kendall's, over checkpoints of one base, means over tasks. "
    "Regret: points of the score that the first choice falls short of the best checkpoint; of three: that "
    "the best of the first three falls short. Seconds: of a checkpoint, with loading it and reading the "
    "text (1,000 sequences; values of MiniLM rest on five times as many), on a busy processor; what shares "
    "its work is timed together. Labelled estimators read 1,000 rows of each task (column Labels: of which "
    "layer, or of the mean over layers); H-score and nearest neighbours need classes, which STS-B has not. "
    "Measures without labels have one value for all tasks, and are read in the direction that the "
    "literature expects; those without one are left out."
)


def headline(summary: pd.DataFrame) -> str:
    """Whether labels beat geometry, then by how much in each base, with the interval.

    They do in a base where the interval of the difference of medians leaves out zero, at the last layer or
    averaged over layers. summary: as `core.studies.estimators.summary` gives it.
    """
    gaps = [
        (base, [_difference(rows, "median", layer) for layer in (MEAN, LAST)])
        for base, rows in summary.groupby("base", sort=False)
    ]
    if not gaps:
        return "No base has enough checkpoints"
    ahead = [_the(base) for base, pair in gaps if any(gap["spearman_low"] > 0 for gap in pair)]
    behind = [_the(base) for base, pair in gaps if all(gap["spearman_high"] < 0 for gap in pair)]
    verdict = (
        f"Labels beat geometry in {listed(ahead)}"
        if ahead
        else f"Geometry beats labels in {listed(behind)}"
        if behind
        else f"Labels do not beat geometry in {listed(_the(base) for base, _ in gaps)}"
    )
    by_base = [
        f"{_the(base)} {_interval(mean)} averaged over layers and {_interval(last)} at the last layer"
        for base, (mean, last) in gaps
    ]
    return f"{verdict}. Median ρ with labels less that without: {'; '.join(by_base)}"


def _the(base: str) -> str:
    """A base in a sentence: "the small encoder", "MiniLM"."""
    return f"the {base}" if base[:1].islower() else base


def sentences(summary: pd.DataFrame) -> list[str]:
    """What the summary says of each base: medians, the best of each kind, noise, and what a pick costs."""
    lines = []
    for base in dict.fromkeys(summary["base"]):
        rows = summary[summary["base"] == base]
        subject = capital(_the(base))
        lines += [_medians(subject, rows), _best(subject, rows), *_noise(subject, rows)]
    return lines


def _rows(
    summary: pd.DataFrame, kind: str, checkpoints: str = ALL, task: str = OVERALL, layer: str = MEAN
) -> pd.DataFrame:
    """The rows of a kind; of labelled estimators, and of differences from them, those of a layer."""
    kept = (summary["kind"] == kind) & (summary["checkpoints"] == checkpoints) & (summary["task"] == task)
    return summary[kept & ((summary["layer"] == layer) | (kind not in (LABELS, DIFFERENCE)))]


def _median(rows: pd.DataFrame, kind: str, checkpoints: str = ALL, layer: str = MEAN) -> float:
    """The mean over the four tasks of the median ρ of the estimators that have the task."""
    medians = [_rows(rows, kind, checkpoints, task, layer)["spearman"].median() for task in TASKS[OVERALL]]
    return sum(medians) / len(medians)


def _medians(subject: str, rows: pd.DataFrame) -> str:
    n = int(_difference(rows, "median")["n"])
    return (
        f"{subject}, {n} checkpoints, mean of four tasks: the median ρ of the labelled estimators is "
        f"{signed(_median(rows, LABELS))} averaged over layers and "
        f"{signed(_median(rows, LABELS, layer=LAST))} at the last layer, of the measures without labels "
        f"{signed(_median(rows, GEOMETRY))}."
    )


def _difference(rows: pd.DataFrame, name: str, layer: str = MEAN) -> pd.Series:
    return _rows(rows, DIFFERENCE, layer=layer).set_index("quantity").loc[name]


def _best(subject: str, rows: pd.DataFrame) -> str:
    best = [
        (_rows(rows, LABELS, layer=layer).sort_values("spearman", ascending=False).iloc[0], where)
        for layer, where in ((MEAN, "averaged over layers"), (LAST, "at the last layer"))
    ]
    best.append((_rows(rows, GEOMETRY).sort_values("spearman", ascending=False).iloc[0], "without labels"))
    named = [
        f"{where} {title_of(one['quantity'])} (ρ {signed(one['spearman'])}, regret "
        f"{decimal(one['regret'], 1)}, of three {decimal(one['regret_of_three'], 1)})"
        for one, where in best
    ]
    chance = _rows(rows, CHANCE).iloc[0]
    return (
        f"{subject}: the best, chosen in hindsight, are {listed(named)}; by chance the regret is "
        f"{decimal(chance['regret'], 1)} points, of three {decimal(chance['regret_of_three'], 1)}."
    )


def _noise(subject: str, rows: pd.DataFrame) -> list[str]:
    noise = _rows(rows, NOISE, PERTURBED)
    if noise.empty:
        return []
    return [
        f"{subject}, the {int(noise['n'].iloc[0])} perturbed checkpoints: the amount of noise alone "
        f"has ρ {_interval(noise.iloc[0])}; the median of the labelled estimators is "
        f"{signed(_median(rows, LABELS, PERTURBED))}, of the measures without labels "
        f"{signed(_median(rows, GEOMETRY, PERTURBED))}."
    ]


def _interval(row: pd.Series, name: str = "spearman") -> str:
    """ "+0.31 (+0.10 to +0.52)"."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{signed(row[name])} ({signed(low)} to {signed(high)})"


def on_measuring_again(again: pd.DataFrame) -> list[str]:
    """How far measures of checkpoints made anew agree with the study's, one sentence a base.

    again: as `core.studies.estimators.measured_again` gives it.
    """
    lines = []
    for base, rows in again.groupby("base", sort=False):
        off = ((rows["after"] - rows["before"]) / rows["before"]).abs()
        shown = rows[rows["quantity"].isin(("eee", "isoscore", "dispersion"))]
        rhos = [
            f"{title_of(row.quantity)} {signed(row.spearman_before)} and {signed(row.spearman_after)}"
            for row in shown.itertuples()
        ]
        lines.append(
            f"{capital(_the(str(base)))}, made again: measures of the plain checkpoint differ from the "
            f"first by {fine_percent(off.min())} to {fine_percent(off.max())}; over {rows['n'].max()} "
            f"checkpoints ρ with the scores is, before and after, of {listed(rhos)}."
        )
    return lines


def on_size_and_loss(baseline: pd.DataFrame) -> list[str]:
    """How well size and loss alone order the mean of seven fine-tuned GLUE tasks, one sentence a choice.

    baseline: as `core.studies.size_and_loss.size_and_loss` gives it.
    """
    lines = []
    for choice, rows in baseline.groupby("decoders", sort=False):
        size, loss = (rows[rows["predictor"] == name].iloc[0] for name in (PARAMETERS, "wiki_2025"))
        if math.isfinite(size["spearman"]) and math.isfinite(loss["spearman"]):
            lines.append(
                f"{capital(str(choice))}: ρ of parameters {_with_interval(size)}, of the loss on Wikipedia "
                f"of 2025 {_with_interval(loss)}."
            )
    return lines


def _with_interval(row: pd.Series) -> str:
    return f"{signed(row['spearman'])} ({signed(row['low'])} to {signed(row['high'])}; n = {row['n']})"


def table(summary: pd.DataFrame, base: str, task: str = OVERALL) -> pd.DataFrame:
    """The estimators of a base that have the tasks, best first: Estimator, Labels (of which layer they are
    read off, "mean" for the mean over layers; "" without labels), ρ, τ, Regret, Of three, Seconds.

    task: a key of `core.studies.estimators.TASKS`.
    """
    kept = summary["base"].eq(base) & summary["checkpoints"].eq(ALL) & summary["task"].eq(task)
    rows = summary[kept & summary["kind"].isin(KINDS) & summary["regret"].notna()]
    rows = rows.sort_values("spearman", ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "Estimator": [capital(title_of(name)) for name in rows["quantity"]],
            "Labels": rows["layer"].where(rows["kind"] == LABELS, "").to_list(),
            "ρ": rows["spearman"].round(2).to_list(),
            "τ": rows["kendall"].round(2).to_list(),
            "Regret": rows["regret"].round(1).to_list(),
            "Of three": rows["regret_of_three"].round(1).to_list(),
            "Seconds": rows["seconds"].round(1).to_list(),
        }
    )


def named(summary: pd.DataFrame, task: str = OVERALL) -> pd.DataFrame:
    """The estimators that have the tasks, for a chart: name, group (base), kind, value, low, high, detail.

    Labelled ones first, then measures, each by their mean over bases, best first.
    """
    kept = (
        summary["checkpoints"].eq(ALL) & summary["task"].eq(task) & summary["kind"].isin((LABELS, GEOMETRY))
    )
    rows = summary[kept & summary["spearman"].notna()]
    names = [
        title_of(row.quantity) + (f", {_LAYERS[row.layer]}" if row.kind == LABELS else "")
        for row in rows.itertuples()
    ]
    rows = rows.assign(name=names)
    order = rows.groupby(["kind", "name"])["spearman"].mean().reset_index()
    order["later"] = order["kind"] != LABELS
    order = order.sort_values(["later", "spearman"], ascending=[True, False])["name"]
    details = [
        f"regret {decimal(row.regret, 1)} points, of three {decimal(row.regret_of_three, 1)}"
        for row in rows.itertuples()
    ]
    shown = pd.DataFrame(
        {"name": rows["name"], "group": rows["base"], "kind": rows["kind"].map(KINDS)}
        | {"value": rows["spearman"], "low": rows["spearman_low"], "high": rows["spearman_high"]}
    ).assign(detail=details)
    return shown.sort_values("name", key=lambda names: names.map(list(order).index), kind="stable")


def named_decoders(baseline: pd.DataFrame) -> pd.DataFrame:
    """Size and loss, for the same chart: name (of the decoders), group (the predictor), …"""
    rows = baseline.dropna(subset=["spearman"])
    return pd.DataFrame(
        {"name": rows["decoders"], "group": rows["predictor"].map(PREDICTORS), "kind": KINDS[GEOMETRY]}
        | {"value": rows["spearman"], "low": rows["low"], "high": rows["high"]}
        | {"detail": [f"{n} decoders" for n in rows["n"]]}
    )


def markdown(summary: pd.DataFrame) -> list[str]:
    """Labelled estimators averaged over layers, the three best measures and chance, as a table's lines."""
    lines = [
        "| base | tasks | estimator | ρ (95 % interval) | τ | regret | of three | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for base in dict.fromkeys(summary["base"]):
        rows = summary[summary["base"] == base]
        for task in (CLASSED, "STS-B"):
            for kind, most in ((LABELS, 4), (GEOMETRY, 3), (CHANCE, 1)):
                shown = _rows(rows, kind, task=task).dropna(subset=["regret"])
                for _, row in shown.sort_values("spearman", ascending=False).head(most).iterrows():
                    cells = [_interval(row), signed(row["kendall"])] if kind != CHANCE else ["–", "–"]
                    cells += [decimal(row["regret"], 1), decimal(row["regret_of_three"], 1)]
                    cells.append(decimal(row["seconds"], 1) if math.isfinite(row["seconds"]) else "–")
                    head = [base, task, capital(title_of(row["quantity"]))]
                    lines.append(f"| {' | '.join(head + cells)} |")
    return lines


def size_and_loss_markdown(baseline: pd.DataFrame) -> list[str]:
    """Size and loss of the decoders as a table's lines: one a choice of decoders, a column a predictor."""
    lines = [f"| ρ with fine-tuned GLUE | {' | '.join(PREDICTORS.values())} |", "|---|" + 4 * "---|"]
    for choice, rows in baseline.groupby("decoders", sort=False):
        by_name = rows.set_index("predictor")
        cells = [_with_interval(by_name.loc[name]) for name in PREDICTORS]
        lines.append(f"| {choice} | {' | '.join(cells)} |")
    return lines
