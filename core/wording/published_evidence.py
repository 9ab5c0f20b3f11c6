"""What arXiv 2602.20433 ("Disentangling geometry, performance, and training in language models") reports, in
sentences computed from its figures: limitations of predicting from geometry, and where papers disagree.

Not covered: those are decoders and losses; whether the same holds for encoders and GLUE is not known.
"""

import numpy as np
import pandas as pd

from core.evidence.published import medians, published, wide
from core.formatting import percent, signed
from core.measures.titles import title_of

SOURCE = "arXiv 2602.20433, Tables 2 to 9"
STATISTICS = {
    "raw_spearman": "Raw",
    "residual_spearman_linear": "Controlling for size and tokens (linear)",
    "residual_spearman_chinchilla": "Controlling for the scaling law",
    "partial_spearman": "Controlling for all covariates",
}
RANK, COSINE = "effective_rank_ratio", "mean_cosine_similarity"
UNEMBEDDING_RANK = "unembedding_effective_rank_ratio"
LITTLE, MUCH = 0.2, 0.4  # |ρ|


def takeaways(findings: pd.DataFrame) -> list[tuple[str, str]]:
    """(claim, figures) of each limitation; [] without that paper's rows. findings: the store's table."""
    rows = published(findings)
    if rows.empty:
        return []
    table = wide(rows)
    rank = table[table["measure"] == UNEMBEDDING_RANK]
    raw, partial, added = table["raw_spearman"], table["partial_spearman"], table["predictive_r2"]
    claims = [
        (
            "Geometry mostly reflects how a model was trained.",
            f"Over {table['setting'].nunique()} settings the {title_of(UNEMBEDDING_RANK).lower()} correlates "
            f"with loss at ρ = {_span(rank['raw_spearman'])}; controlling for size and training, at "
            f"{_span(rank['partial_spearman'])}. Batch size and weight decay change it whether or not "
            "performance follows.",
        ),
        (
            "It adds almost nothing to size and training.",
            f"Of {len(added)} pairs of measure and setting, {int((added >= 0.02).sum())} add 0.02 or more to "
            f"R² on held-out models; the largest adds {added.max():.3f}, and {int((added < 0).sum())} make "
            f"it worse. The mean |ρ| falls from {raw.abs().mean():.2f} to {partial.abs().mean():.2f}.",
        ),
    ]
    extremes = table.groupby("measure")["raw_spearman"].agg(["min", "max"])
    both = extremes[(extremes["min"] < -0.1) & (extremes["max"] > 0.1)]
    if len(both):
        measure = str((both["max"] - both["min"]).idxmax())
        low, high = both.loc[measure]
        claims.append(
            (
                "The same measure can have the opposite sign for another task.",
                f"{title_of(measure)} correlates with loss at ρ = {signed(low)} in one setting and "
                f"{signed(high)} in another. Compare models trained alike, and evaluate those you shortlist.",
            )
        )
    return claims


def headline(rows: pd.DataFrame) -> str:
    """What the paper reports, in one sentence. rows: of `core.evidence.published.published`."""
    table, middle = wide(rows), medians(rows)
    added = table["predictive_r2"]
    return (
        f"Over {rows['setting'].nunique()} settings in arXiv 2602.20433 the median |ρ| of "
        f"{rows['measure'].nunique()} measures with the loss falls from {middle['raw_spearman']:.2f} to "
        f"{middle['partial_spearman']:.2f} controlling for size and training, and no measure adds more than "
        f"{added.max():.2f} to R² ({(added > 0.01).sum()} of {len(added)} add more than 0.01)."
    )


def beside(rows: pd.DataFrame, ours: pd.DataFrame) -> str:
    """Our fall from raw to partial next to theirs. ours: columns raw and partial, a row a measure."""
    both = ours.dropna(subset=["raw", "partial"])
    if both.empty:
        return "Here no covariate is controlled for, so there is no fall to compare."
    theirs = medians(rows)
    raw, partial = (float(np.median(both[name].abs())) for name in ("raw", "partial"))
    there = theirs["partial_spearman"] / theirs["raw_spearman"]
    here = partial / raw if raw else float("nan")
    return (
        f"Here, over {len(both)} measures, it falls from {raw:.2f} to {partial:.2f}: {percent(here)} of the "
        f"raw correlation remains, against {percent(there)} there."
    )


def disagreements(rows: pd.DataFrame) -> list[str]:
    """Where the paper disagrees with itself or with another one, a sentence each; [] where it does not."""
    table = wide(rows)
    every = [_two_residuals(table), _text_against_table(table), _spread(table), _remains(table)]
    return [sentence for sentence in every if sentence]


def _two_residuals(table: pd.DataFrame) -> str:
    raw, line, law = (
        table[f"{name}_spearman{way}"].abs()
        for name, way in (("raw", ""), ("residual", "_linear"), ("residual", "_chinchilla"))
    )
    near = (table["residual_spearman_chinchilla"] - table["raw_spearman"]).abs().median()
    if near > LITTLE / 2 or line.median() > LITTLE:
        return ""
    return (
        "Its two ways of controlling for size and tokens contradict each other: after a linear regression "
        f"the median |ρ| is {line.median():.2f}, after the scaling law {law.median():.2f}, typically within "
        f"{near:.2f} of the raw correlation and no smaller than it in {(law >= raw).sum()} of {len(table)} "
        "cases. A law that explained the loss by size would leave less; the paper reads it as more signal."
    )


def _text_against_table(table: pd.DataFrame) -> str:
    inside, outside = (
        table[table["setting"].str.startswith(where)].set_index("measure")["partial_spearman"]
        for where in ("in-distribution", "out-of-distribution")
    )
    shared = inside.index.intersection(outside.index)
    grown = [name for name in shared if abs(outside[name]) > abs(inside[name])]
    if not grown:
        return ""
    each = ", ".join(f"{title_of(name)} {signed(inside[name])} → {signed(outside[name])}" for name in grown)
    return (
        "Its text says that correlations shrink in all analyses but one from in-distribution to "
        f"out-of-distribution loss; its partial correlations grow for {len(grown)} of {len(shared)} measures "
        f"({each})."
    )


def _spread(table: pd.DataFrame) -> str:
    rank, cosine = (table.loc[table["measure"] == name, "raw_spearman"] for name in (RANK, COSINE))
    if rank.empty or not (rank > MUCH).all():
        return ""
    return (
        "According to arXiv 2506.24106, vectors are more dispersed in better models. Here a higher effective "
        f"rank of the representations correlates with a higher loss in all {len(rank)} settings "
        f"(ρ = {_span(rank)}), while a higher mean cosine similarity does so in {(cosine > 0).sum()} of "
        f"{len(cosine)}: two measures of spread disagree."
    )


def _remains(table: pd.DataFrame) -> str:
    largest = table.loc[table["partial_spearman"].abs().idxmax()]
    if abs(largest["partial_spearman"]) < MUCH:
        return ""
    return (
        f"One partial correlation remains large: {title_of(largest['measure'])} in {largest['setting']}, "
        f"ρ = {signed(largest['partial_spearman'])}."
    )


def _span(values: pd.Series) -> str:
    return f"{signed(values.min())} to {signed(values.max())}"
