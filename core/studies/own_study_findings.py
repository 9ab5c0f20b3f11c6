"""What the project's own study shows, in charts' data and in words computed from it.

It stands beside the figures of arXiv 2406.12159 with the same axes, so that a reader sees where a small
repetition agrees and where it does not. Correlations are over perturbed checkpoints of one base, as in the
paper's Table 2; checkpoints made from the same weights are not independent, so no interval is given.
"""

from dataclasses import dataclass

import pandas as pd

from core.formatting import listed, percent, signed
from core.measures.titles import title_of
from core.statistics import correlation
from core.studies.latent_geometry import (
    GLUE,
    MEASURES,
    ROBERTA,
    SMALL,
    error,
    mean_error,
    others,
    pearson,
    perturbed,
    regression,
)
from core.studies.own_study import COLUMNS, usual, wide

AVERAGED = ("CoLA", "MRPC", "RTE", "STS-B")
SHOWN = ("lsq_patchiness", "lsq_reconstruction_skew", "lsq_centroid_variance", "lsq_cluster_eee", "eee")
FEWEST = 5  # checkpoints for a correlation to be stated
CENTRAL = "lsq_patchiness_published"  # the measure of the paper's main finding
WEAK = 0.2  # |r| below which a correlation counts as having no direction
_KINDS = {"plain": "perturbed", "perturbed": "perturbed"}


@dataclass(frozen=True)
class OwnFinding:
    """One picture: points (family, variant, label, x, value) of a title, an axis across and one up."""

    title: str
    x: str
    y: str
    points: pd.DataFrame
    text: str


def frame(long: pd.DataFrame) -> pd.DataFrame:
    """One row a checkpoint, as `latent_geometry.models` has them, from the study's long table.

    `glue_average` is the mean of the four tasks, for checkpoints that have all of them; `alpha` is 0 for the
    plain checkpoint. Columns that no row has are absent, but for `glue_average`.
    """
    if long.empty:
        return pd.DataFrame(columns=["family", "variant", "label", "alpha", GLUE])
    rows = wide(long[list(COLUMNS)])
    tasks = rows.reindex(columns=list(AVERAGED))
    return rows.assign(
        family=rows["base"],
        label=rows.index,
        alpha=rows["alpha"].where(rows["variant"] != "plain", 0.0),
        variant=[_KINDS.get(kind, "non-standard") for kind in rows["variant"]],
        **{GLUE: tasks.mean(axis=1, skipna=False)},
    )


def findings(long: pd.DataFrame) -> list[OwnFinding]:
    """The pictures that the study's table allows, the scores' first; [] for an empty table."""
    rows = frame(long)
    shown: list[OwnFinding] = []
    scored = rows.dropna(subset=[GLUE])
    if len(scored) >= FEWEST:
        noisy = scored.dropna(subset=["alpha"]).rename(columns={"alpha": "x"})
        shown.append(_finding("Noise in the weights", "Noise α (as a fraction)", "GLUE", noisy, GLUE))
        for name in SHOWN:
            if name in scored and scored[name].notna().sum() >= FEWEST:
                points = scored.dropna(subset=[name]).rename(columns={name: "x"})
                shown.append(_finding(title_of(name), title_of(name), "GLUE", points, GLUE))
    for name in SHOWN:
        if name in rows and rows[name].notna().sum() >= FEWEST:
            points = rows.dropna(subset=[name, "alpha"]).rename(columns={"alpha": "x"})
            title = f"{title_of(name)} under noise"
            shown.append(_finding(title, "Noise α (as a fraction)", title_of(name), points, name))
    return shown


def _finding(title: str, x: str, y: str, points: pd.DataFrame, column: str) -> OwnFinding:
    kept = points.rename(columns={column: "value"})
    y_title = "Mean of four tasks" if y == "GLUE" else y
    return OwnFinding(
        title,
        x,
        y_title,
        kept[["family", "variant", "label", "x", "value"]].reset_index(drop=True),
        " ".join(_headline(str(family), group) for family, group in kept.groupby("family")),
    )


def _headline(family: str, points: pd.DataFrame) -> str:
    """How x and value go together over the perturbed checkpoints of one base."""
    kept = points[points["variant"] == "perturbed"]
    if len(kept) < FEWEST or kept["x"].nunique() < 2 or kept["value"].nunique() < 2:
        return f"{family}: too few checkpoints to tell (n = {len(kept)})."
    low, high = kept["value"].min(), kept["value"].max()
    return (
        f"{family}: r = {signed(correlation.pearson(kept['x'], kept['value']))}, Spearman "
        f"{signed(correlation.spearman(kept['x'], kept['value']))} over {len(kept)} perturbed "
        f"checkpoints; from {low:.3g} to {high:.3g}."
    )


def protocols(long: pd.DataFrame) -> dict[str, str]:
    """Base → the protocol that most of its scores were made by, in words; bases without scores left out."""
    scores = usual(long).query("kind == 'score'")
    return {str(base): str(rows["protocol"].iloc[0]) for base, rows in scores.groupby("base", sort=False)}


def texts(long: pd.DataFrame) -> dict[str, str]:
    """Base → the text that its measures were taken on, in words."""
    read = usual(long).query("kind == 'measure' and text != ''")
    return {
        str(base): f"{rows['text'].iloc[0]}, {rows['n'].iloc[0]:,.0f} vectors"
        for base, rows in read.groupby("base", sort=False)
    }


def by_vectors(long: pd.DataFrame, measure: str = CENTRAL) -> list[str]:
    """One sentence a base measured on several texts: r with the score on each, fewest vectors first."""
    rows = long[(long["kind"] == "measure") & (long["quantity"] == measure)]
    sentences = []
    for base, own in rows.groupby("base", sort=False):
        found = []
        for n, part in own.groupby("n"):
            both = perturbed(frame(pd.concat([long[long["kind"] == "score"], part]))).dropna(
                subset=[GLUE, measure]
            )
            kept = both[both["family"] == base]
            if len(kept) >= FEWEST:
                found.append(f"r = {signed(pearson(kept, measure, str(base)))} on {n:,.0f} vectors")
        if len(found) > 1:
            sentences.append(
                f"Our {base}: {title_of(measure)} correlates with the score, {' and '.join(found)}."
            )
    return sentences


def beside_the_paper(long: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Pearson's r of each measure with the score, over perturbed checkpoints: the paper's families, then
    ours.

    paper: as `latent_geometry.models` gives it. Returned: measure, then a column for BERT-small, RoBERTa and
    each base of ours with at least FEWEST scored perturbed checkpoints; measures that ours have, in the order
    of the paper's Table 2.
    """
    rows = perturbed(frame(long)).dropna(subset=[GLUE])
    bases = [base for base, group in rows.groupby("family", sort=False) if len(group) >= FEWEST]
    measured = [name for name in MEASURES if name in rows]
    published = {family: [pearson(paper, name, family) for name in measured] for family in (SMALL, ROBERTA)}
    own = {base: [pearson(rows, name, base) for name in measured] for base in bases}
    return pd.DataFrame({"measure": measured} | published | own)


def agreement(table: pd.DataFrame) -> list[str]:
    """One sentence a base: how often a measure's correlation with the score has the paper's sign.

    table: as `beside_the_paper` gives it. Counted are measures with |r| ≥ WEAK and one sign in both of the
    paper's families; the others have no direction to agree with.
    """
    both = table[[SMALL, ROBERTA]]
    clear = table[(both.abs().min(axis=1) >= WEAK) & (both[SMALL] * both[ROBERTA] > 0)]
    sentences = []
    for base in table.columns[3:]:
        with_paper = clear[base] * clear[SMALL] > 0
        strong = clear[base].abs() >= WEAK
        against = [title_of(name) for name in clear.loc[~with_paper & strong, "measure"]]
        weak = int((~strong).sum())
        sentences.append(
            f"Of {len(clear)} measures whose correlation with the score has one sign in BERT-small and "
            f"RoBERTa (|r| ≥ {WEAK}), {int((with_paper & strong).sum())} have the same sign in our {base}"
            + (f", {weak} have |r| < {WEAK}" if weak else "")
            + (f", {len(against)} the opposite sign: {', '.join(against)}" if against else "")
            + "."
        )
    return sentences


def predicted_elsewhere(long: pd.DataFrame, measure: str = CENTRAL) -> list[str]:
    """One sentence a base: the error of its perturbed checkpoints' regression on `measure` on its others.

    The paper's Figure 5 on our checkpoints: mean squared error beside that of the mean baseline.
    """
    rows, sentences = frame(long).dropna(subset=[GLUE]), []
    if measure not in rows:
        return []
    for base, group in rows.groupby("family", sort=False):
        noisy, rest = perturbed(group), others(group).dropna(subset=[measure])
        if len(noisy) < FEWEST or rest.empty:
            continue
        line = regression(group, measure, architecture=False)
        sentences.append(
            f"Our {base}: a linear regression fitted to its {len(noisy)} perturbed checkpoints has a mean "
            f"squared error of {error(line, rest):.2g} on its {len(rest)} non-standard ones, the mean "
            f"baseline one of {mean_error(group):.2g}."
        )
    return sentences


def with_noise_fixed(long: pd.DataFrame, measure: str = "lsq_patchiness") -> list[str]:
    """One sentence a base: Spearman of the measure and the score, raw and controlling for α."""
    import numpy as np

    from core.statistics.partial import partial_spearman

    rows, sentences = perturbed(frame(long)).dropna(subset=[GLUE]), []
    for base, group in rows.groupby("family", sort=False):
        if measure not in group or len(group) < FEWEST:
            continue
        x, y, alpha = (group[name].to_numpy(np.float64) for name in (measure, GLUE, "alpha"))
        raw = partial_spearman(x, y, np.empty((len(x), 0))).value
        fixed = partial_spearman(x, y, alpha[:, None]).value
        sentences.append(
            f"Our {base}: {title_of(measure)} correlates with the score, ρ = {signed(raw)}; controlling for "
            f"the amount of noise, ρ = {signed(fixed)}."
        )
    return sentences


def ranked_by_published(long: pd.DataFrame, paper: pd.DataFrame) -> list[str]:
    """One sentence a base: how a linear regression on the spread measures, fitted to the published
    perturbed checkpoints, ranks ours.

    paper: as `latent_geometry.models` gives it. The predicted values are not compared with our scores, which
    are of four tasks only, but their order can be.
    """
    from core.prediction import Reference, estimator
    from core.prediction.candidates import SPREAD

    rows, sentences = perturbed(frame(long)).dropna(subset=[GLUE]), []
    if not set(SPREAD) <= set(rows):
        return []
    reference = Reference(paper[paper["variant"] == "perturbed"], GLUE, title="perturbed checkpoints")
    line = estimator("linear", SPREAD).fit(reference)
    for base, group in rows.groupby("family", sort=False):
        if len(group) < FEWEST:
            continue
        ranks = group[GLUE].rank()
        alone = [signed(float(group[name].rank().corr(ranks))) for name in SPREAD]
        together = float(pd.Series(line.raw(group), index=group.index).rank().corr(ranks))
        sentences.append(
            f"Our {base}: a linear regression on EEE, VRM and IsoScore, fitted to the {line.n} published "
            f"perturbed checkpoints, ranks its {len(group)} perturbed ones with ρ = {signed(together)}; "
            f"the three alone correlate with the score by ρ = {', '.join(alone)}."
        )
    return sentences


def architecture_helps(long: pd.DataFrame, paper: pd.DataFrame, measure: str = CENTRAL) -> list[str]:
    """One sentence on the paper's Figure 4 with our bases as architectures; [] with fewer than two."""
    rows = perturbed(frame(long)).dropna(subset=[GLUE])
    bases = [base for base, group in rows.groupby("family", sort=False) if len(group) >= FEWEST]
    if len(bases) < 2 or measure not in rows:
        return []
    kept = rows[rows["family"].isin(bases)]
    ours, theirs = (
        [percent(regression(frame, measure, architecture=term).r2) for term in (False, True)]
        for frame in (kept, paper)
    )
    return [
        f"One line on {title_of(measure)} explains {ours[0]} of the variance of the scores of "
        f"{listed(bases)}, with an intercept for each base {ours[1]}; in the paper's data "
        f"{theirs[0]} and {theirs[1]}."
    ]
