"""What the project's own study shows, in numbers; `core.wording.own_study` has the sentences.

It stands beside the figures of arXiv 2406.12159 with the same axes, so that a reader sees where a small
repetition agrees and where it does not. Correlations are over perturbed checkpoints of one base, as in the
paper's Table 2; checkpoints made from the same weights are not independent, so no interval is given.
"""

from dataclasses import dataclass

import pandas as pd

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
FEWEST = 5  # checkpoints for a correlation to be stated
CENTRAL = "lsq_patchiness_published"  # the measure of the paper's main finding
WEAK = 0.2  # |r| below which a correlation counts as having no direction
_KINDS = {"plain": "perturbed", "perturbed": "perturbed"}


@dataclass(frozen=True)
class ByVectors:
    """Pearson's r of a measure with the score on each number of vectors, fewest first."""

    base: str
    measure: str
    correlations: tuple[tuple[int, float], ...]  # (vectors, r)


@dataclass(frozen=True)
class Agreement:
    """Of `clear` measures with one sign in the paper's families: what sign they have in a base of ours."""

    base: str
    clear: int
    same: int
    weak: int  # |r| below WEAK
    opposite: tuple[str, ...]  # measures


@dataclass(frozen=True)
class Elsewhere:
    """A regression fitted to perturbed checkpoints of a base, on its others: mean squared errors."""

    base: str
    fitted: int
    others: int
    error: float
    mean_error: float  # of the mean baseline


@dataclass(frozen=True)
class NoiseControlled:
    """Spearman of a measure and the score, raw and controlling for α."""

    base: str
    measure: str
    raw: float
    controlled: float


@dataclass(frozen=True)
class RankedByPublished:
    """Spearman of the score with a regression on published checkpoints, and with its measures alone."""

    base: str
    fitted: int  # published checkpoints
    n: int
    together: float
    alone: tuple[float, ...]


@dataclass(frozen=True)
class Intercepts:
    """R² of a line on a measure, with one intercept and with one for each base: ours and the paper's."""

    measure: str
    bases: tuple[str, ...]
    ours: tuple[float, float]
    paper: tuple[float, float]


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


def protocols(long: pd.DataFrame) -> dict[str, str]:
    """Base → the protocol that most of its scores were made by, in words; bases without scores left out."""
    scores = usual(long).query("kind == 'score'")
    return {str(base): str(rows["protocol"].iloc[0]) for base, rows in scores.groupby("base", sort=False)}


def texts(long: pd.DataFrame) -> dict[str, tuple[str, int]]:
    """Base → the text that its measures were taken on, in words, and the number of vectors."""
    read = usual(long).query("kind == 'measure' and text != ''")
    return {
        str(base): (str(rows["text"].iloc[0]), int(rows["n"].iloc[0]))
        for base, rows in read.groupby("base", sort=False)
    }


def by_vectors(long: pd.DataFrame, measure: str = CENTRAL) -> list[ByVectors]:
    """For each base that was measured on several numbers of vectors: r with the score on each."""
    rows = long[(long["kind"] == "measure") & (long["quantity"] == measure)]
    made = []
    for base, own in rows.groupby("base", sort=False):
        correlations = []
        for n, part in own.groupby("n"):
            both = perturbed(frame(pd.concat([long[long["kind"] == "score"], part]))).dropna(
                subset=[GLUE, measure]
            )
            kept = both[both["family"] == base]
            if len(kept) >= FEWEST:
                correlations.append((int(n), pearson(kept, measure, str(base))))
        if len(correlations) > 1:
            made.append(ByVectors(str(base), measure, tuple(correlations)))
    return made


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


def agreement(table: pd.DataFrame) -> list[Agreement]:
    """For each base, how often a measure's correlation with the score has the paper's sign.

    table: as `beside_the_paper` gives it. Counted are measures with |r| ≥ WEAK and one sign in both of the
    paper's families; the others have no direction to agree with.
    """
    both = table[[SMALL, ROBERTA]]
    clear = table[(both.abs().min(axis=1) >= WEAK) & (both[SMALL] * both[ROBERTA] > 0)]
    made = []
    for base in table.columns[3:]:
        with_paper = clear[base] * clear[SMALL] > 0
        strong = clear[base].abs() >= WEAK
        opposite = tuple(clear.loc[~with_paper & strong, "measure"])
        same, weak = int((with_paper & strong).sum()), int((~strong).sum())
        made.append(Agreement(str(base), len(clear), same, weak, opposite))
    return made


def predicted_elsewhere(long: pd.DataFrame, measure: str = CENTRAL) -> list[Elsewhere]:
    """For each base, the error of its perturbed checkpoints' regression on `measure` on its others.

    The paper's Figure 5 on our checkpoints: mean squared error beside that of the mean baseline.
    """
    rows = frame(long).dropna(subset=[GLUE])
    if measure not in rows:
        return []
    made = []
    for base, group in rows.groupby("family", sort=False):
        noisy, rest = perturbed(group), others(group).dropna(subset=[measure])
        if len(noisy) >= FEWEST and len(rest):
            line = regression(group, measure, architecture=False)
            made.append(Elsewhere(str(base), len(noisy), len(rest), error(line, rest), mean_error(group)))
    return made


def noise_controlled(long: pd.DataFrame, measure: str = "lsq_patchiness") -> list[NoiseControlled]:
    """For each base, Spearman of the measure and the score, raw and controlling for α."""
    import numpy as np

    from core.statistics.partial import partial_spearman

    made = []
    for base, group in perturbed(frame(long)).dropna(subset=[GLUE]).groupby("family", sort=False):
        if measure in group and len(group) >= FEWEST:
            x, y, alpha = (group[name].to_numpy(np.float64) for name in (measure, GLUE, "alpha"))
            raw, controlled = (
                partial_spearman(x, y, Z).value for Z in (alpha[:, None][:, :0], alpha[:, None])
            )
            made.append(NoiseControlled(str(base), measure, raw, controlled))
    return made


def ranked_by_published(long: pd.DataFrame, paper: pd.DataFrame) -> list[RankedByPublished]:
    """For each base, how a linear regression on the spread measures, fitted to the published perturbed
    checkpoints, ranks ours.

    paper: as `latent_geometry.models` gives it. The predicted values are not compared with our scores, which
    are of four tasks only, but their order can be.
    """
    from core.prediction import Reference, estimator
    from core.prediction.candidates import SPREAD

    rows = perturbed(frame(long)).dropna(subset=[GLUE])
    if not set(SPREAD) <= set(rows):
        return []
    reference = Reference(paper[paper["variant"] == "perturbed"], GLUE, title="perturbed checkpoints")
    line = estimator("linear", SPREAD).fit(reference)
    made = []
    for base, group in rows.groupby("family", sort=False):
        if len(group) >= FEWEST:
            alone = tuple(correlation.spearman(group[name], group[GLUE]) for name in SPREAD)
            together = correlation.spearman(line.raw(group), group[GLUE])
            made.append(RankedByPublished(str(base), line.n, len(group), together, alone))
    return made


def intercepts(long: pd.DataFrame, paper: pd.DataFrame, measure: str = CENTRAL) -> Intercepts | None:
    """The paper's Figure 4 with our bases as architectures; None with fewer than two."""
    rows = perturbed(frame(long)).dropna(subset=[GLUE])
    bases = tuple(str(base) for base, group in rows.groupby("family", sort=False) if len(group) >= FEWEST)
    if len(bases) < 2 or measure not in rows:
        return None
    kept = rows[rows["family"].isin(bases)]
    ours, theirs = (
        (
            regression(models, measure, architecture=False).r2,
            regression(models, measure, architecture=True).r2,
        )
        for models in (kept, paper)
    )
    return Intercepts(measure, bases, ours, theirs)
