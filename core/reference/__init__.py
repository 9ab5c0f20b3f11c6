"""Published figures, shaped as the store's tables, each row with its source.

- arXiv 2406.12159 (latent geometry): 181 checkpoints with 19 measures and GLUE: 125 perturbed BERT-small,
  36 perturbed RoBERTa-base, 7 perturbed BERT-base, 13 non-standard. Three BERT-small rows and one RoBERTa row
  of the authors' tables have scores but no measures and are left out, and so are the `under_mu…` columns,
  which the paper does not use.
- GLUE scores of the small BERT models and of the word-order models; each row says where from.
- arXiv 2506.24106 (representation dispersion): the parts of the dispersion gap, dispersion of sub-layers.
- arXiv 2602.20433: how a measure correlates with loss, raw and controlling for training.

Scores are fractions (−1 to 1), noise `alpha` too. What is not known is null, never a guess: parameters stand
only where the architecture fixes them.
"""

from pathlib import Path

import pandas as pd

_HERE = Path(__file__).parent

_TASKS = {  # how arXiv 2406.12159 forms a task's score, read off its tables (MNLI counts in 1/9,815: matched)
    "CoLA": ("matthews", "Matthews correlation"),
    "MNLI": ("accuracy", "accuracy on the matched pairs"),
    "MRPC": ("mean of accuracy and F1", "mean of accuracy and F1"),
    "QNLI": ("accuracy", "accuracy"),
    "QQP": ("mean of accuracy and F1", "mean of accuracy and F1"),
    "RTE": ("accuracy", "accuracy"),
    "SST-2": ("accuracy", "accuracy"),
    "STS-B": ("mean of Pearson and Spearman", "mean of Pearson and Spearman correlation"),
    "WNLI": ("accuracy", "accuracy"),
}
_EIGHT = [task for task in _TASKS if task != "WNLI"]

_DEVIATIONS = {  # where the authors' figure is not quite what the measure of that name is here
    "count_kl": "against an unseeded random histogram, not the exact uniform",
    "reconstruction_skew": "biased form of the skewness",
    "eee": "rounded to 4 digits by the authors",
    "vrm": "rounded to 4 digits, scaled to the variance of an unseeded normal sample",
    "isoscore": "rounded to 4 digits by the authors",
}


def checkpoints() -> pd.DataFrame:
    """Every checkpoint that has a published figure: 181 of arXiv 2406.12159, 13 with GLUE scores only.

    Columns of the store's table `checkpoints`; `variant` is 'perturbed', 'non-standard' or null, `alpha` the
    fraction of noise, `base` the checkpoint it was made from. Null: path, revision, added_at, unknown facts.
    """
    rows = pd.read_csv(_HERE / "checkpoints.csv").drop(columns="run")
    counts = ["parameters", "parameters_without_embeddings", "layers", "width", "heads", "vocabulary"]
    rows = rows.astype(dict.fromkeys([*counts, "max_positions"], "Int64") | {"tied": "boolean"})
    return rows.assign(origin="published", path=None, revision=None, added_at=None)


def measurements() -> pd.DataFrame:
    """The 19 measures of the 181 checkpoints, one row a value; columns of the store's table `measurements`.

    `seed` and `version` are 0: the authors state no seed, and versions of this project's measures start at 1.
    `note` says where their figure departs from the definition that the same name has here. Values that they
    lack have no row.
    """
    wide = pd.read_csv(_HERE / "latent_geometry_measures.csv")
    rows = wide.melt(["subject", "d", "source"], var_name="measure").dropna(subset="value")
    suffix = rows["measure"].str.replace("^(?:lsq|pq)_", "", regex=True)
    return rows.assign(
        cloud="",
        parameters="{}",
        seed=0,
        version=0,
        standard_error=None,
        note=suffix.map(_DEVIATIONS),
        n=None,
        seconds=None,
        origin="published",
        created_at=None,
    ).reset_index(drop=True)


def scores() -> pd.DataFrame:
    """Published benchmark scores as fractions; columns of the store's table `scores`.

    Task `glue_average` is the average as its authors give it: over 8 tasks for BERT-small and RoBERTa-base, 9
    (with WNLI) for BERT-base, 5 for two checkpoints whose other runs are missing; `formed` says which.
    `glue_average_8_tasks` is the mean of the same 8 tasks, computed here from the task scores, for the
    checkpoints that have all 8.
    """
    wide = pd.read_csv(_HERE / "latent_geometry_scores.csv")
    tasks = wide.melt(["subject", "source"], list(_TASKS), var_name="task").dropna(subset="value")
    tasks["metric"] = tasks["task"].map({task: metric for task, (metric, _) in _TASKS.items()})
    tasks["formed"] = tasks["task"].map({task: formed for task, (_, formed) in _TASKS.items()})
    average = wide[["subject", "source"]].assign(
        task="glue_average",
        metric="mean over tasks",
        value=wide["glue_average"],
        formed=wide["averaged"].map(_formed),
    )
    eight = average.assign(
        task="glue_average_8_tasks",
        value=wide[_EIGHT].mean(axis=1, skipna=False),
        formed=_formed(";".join(_EIGHT)) + "; computed here from the task scores",
    ).dropna(subset="value")
    paper = pd.concat([average, eight, tasks]).assign(benchmark="GLUE", split="dev")
    rows = pd.concat([paper, pd.read_csv(_HERE / "published_scores.csv")], ignore_index=True)
    names = pd.read_csv(_HERE / "checkpoints.csv", index_col="subject")["name"]
    return rows.assign(name=rows["subject"].map(names), origin="published")


def covariates() -> pd.DataFrame:
    """Of each perturbed checkpoint: its fraction of noise, `alpha`, and its `run` (which noise was drawn)."""
    rows = pd.read_csv(_HERE / "checkpoints.csv")
    long = rows.melt(["subject", "name", "source"], ["alpha", "run"], var_name="covariate")
    return long.dropna(subset="value").assign(origin="published").reset_index(drop=True)


def gap() -> pd.DataFrame:
    """The dispersion gap of 12 checkpoints (arXiv 2506.24106, Tables 3 and 4), its parts, and their accuracy.

    Per distance (cosine, euclidean): mean pairwise distance `…_within_domain` among the domain tokens' rows
    of the output embedding, `…_within_reference`, `…_between` the two; `gap_…` = within domain + between.
    `score` is a fraction.
    """
    rows = pd.read_csv(_HERE / "dispersion_gap.csv")
    return rows.assign(
        gap_cosine=rows["cosine_within_domain"] + rows["cosine_between"],
        gap_euclidean=rows["euclidean_within_domain"] + rows["euclidean_between"],
    )


def findings() -> pd.DataFrame:
    """Published statistics: `table_name` (the setting), `metric` (a measure's name), `statistic`, `value`.

    arXiv 2602.20433: Spearman correlation of five measures with loss (raw, of residuals, partial) and the R²
    that they add, over 108 models in eight settings. arXiv 2506.24106, Table 1: dispersion of the last
    block's sub-layers, with its standard deviation over 10 repeats.
    """
    return pd.read_csv(_HERE / "findings.csv")


def held_out() -> pd.DataFrame:
    """Predictors by their error on checkpoints they were not fitted to; columns as of
    `core.prediction.held_out.table`.

    Computed here from the published tables by `cli.py study held-out --again --save
    core/reference/held_out.csv`; a test computes a part of it anew.
    """
    return pd.read_csv(_HERE / "held_out.csv")


def _formed(tasks: str | float) -> str:
    if not isinstance(tasks, str):
        return "as printed with the result tables; which tasks it averages is not stated there"
    names = tasks.split(";")
    missing = [task for task in _EIGHT if task not in names]
    text = f"mean of {len(names)} tasks ({', '.join(names)})"
    return f"{text}; {', '.join(missing)} missing" if missing else text
