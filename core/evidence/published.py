"""The doubting paper's own figures (arXiv 2602.20433, Tables 2–9) as data, and where papers contradict.

108 language models of one family, five measures, eight settings; the statistics are those of
`core.statistics.partial`. Every sentence is computed from the published table.

Not covered: the models behind the figures, which are not published with them.
"""

import numpy as np
import pandas as pd

from core.formatting import percent, signed
from core.measures import MEASURES

SOURCE = "arXiv 2602.20433"
STATISTICS = {
    "raw_spearman": "Raw",
    "residual_spearman_linear": "After size and tokens (linear)",
    "residual_spearman_chinchilla": "After the Chinchilla law",
    "partial_spearman": "All covariates held fixed",
}
LITTLE, MUCH = 0.2, 0.4


def published(findings: pd.DataFrame) -> pd.DataFrame:
    """One row a setting, measure and statistic: setting, measure, statistic, value. findings: the table."""
    kept = findings[findings["source"].str.startswith(SOURCE)]
    named = kept.rename(columns={"table_name": "setting", "metric": "measure"})
    return named[["setting", "measure", "statistic", "value", "source"]].reset_index(drop=True)


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a setting and measure, one column a statistic."""
    return rows.pivot(index=["setting", "measure"], columns="statistic", values="value").reset_index()


def medians(rows: pd.DataFrame) -> pd.Series:
    """The median |ρ| over settings and measures of each statistic."""
    return wide(rows)[list(STATISTICS)].abs().median()


def headline(rows: pd.DataFrame) -> str:
    """What the paper found, in one sentence of its figures."""
    table, middle = wide(rows), medians(rows)
    added = table["predictive_r2"]
    return (
        f"In the doubting paper's {rows['setting'].nunique()} settings the median |ρ| of "
        f"{rows['measure'].nunique()} measures with the loss falls from {middle['raw_spearman']:.2f} to "
        f"{middle['partial_spearman']:.2f} with size and training held fixed, and no measure adds more than "
        f"{added.max():.2f} to R² ({(added > 0.01).sum()} of {len(added)} add more than 0.01)."
    )


def disagreements(rows: pd.DataFrame) -> list[str]:
    """Where the paper disagrees with itself or with another one, a sentence each; what holds is left out."""
    table = wide(rows)
    found = [_two_ways(table), _text_against_table(table), _spread(table), _left_over(table)]
    return [sentence for sentence in found if sentence]


def _two_ways(table: pd.DataFrame) -> str:
    raw, line, law = (
        table[f"{name}_spearman{way}"].abs()
        for name, way in (("raw", ""), ("residual", "_linear"), ("residual", "_chinchilla"))
    )
    near = (table["residual_spearman_chinchilla"] - table["raw_spearman"]).abs().median()
    if near > LITTLE / 2 or line.median() > LITTLE:
        return ""
    return (
        "Its two ways of taking size and tokens out contradict each other: after a linear regression the "
        f"median |ρ| is {line.median():.2f}, after the Chinchilla law {law.median():.2f}, typically within "
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
    listed = ", ".join(f"{_title(name)} {signed(inside[name])} → {signed(outside[name])}" for name in grown)
    return (
        "Its text says that correlations shrink in all analyses from in-distribution to out-of-distribution "
        f"loss, but for one; its partial correlations grow for {len(grown)} of {len(shared)} measures "
        f"({listed})."
    )


def _spread(table: pd.DataFrame) -> str:
    rank, cosine = (
        table.loc[table["measure"] == name, "raw_spearman"]
        for name in ("effective_rank_ratio", "mean_cosine_similarity")
    )
    if rank.empty or not (rank > MUCH).all():
        return ""
    return (
        "The dispersion paper (arXiv 2506.24106) finds vectors spread more widely in better models. Here a "
        f"higher effective rank of the representations goes with a higher loss in all {len(rank)} settings "
        f"(ρ = {signed(rank.min())} to {signed(rank.max())}), while a higher mean cosine similarity does "
        f"so in {(cosine > 0).sum()} of {len(cosine)}: two ways to measure spread, two answers."
    )


def _left_over(table: pd.DataFrame) -> str:
    left = table.loc[table["partial_spearman"].abs().idxmax()]
    if abs(left["partial_spearman"]) < MUCH:
        return ""
    return (
        f"One partial correlation does not vanish: {_title(left['measure'])} in {left['setting']}, "
        f"ρ = {signed(left['partial_spearman'])}."
    )


def _title(measure: str) -> str:
    return MEASURES[measure].title if measure in MEASURES else measure


def beside(rows: pd.DataFrame, ours: pd.DataFrame) -> str:
    """Our fall from raw to partial next to theirs. ours: columns raw and partial, a row a measure."""
    known = ours.dropna(subset=["raw", "partial"])
    theirs = medians(rows)
    if known.empty:
        return "Here nothing is known to hold fixed, so the same fall cannot be looked at."
    raw, partial = (float(np.median(known[name].abs())) for name in ("raw", "partial"))
    there = theirs["partial_spearman"] / theirs["raw_spearman"]
    here = partial / raw if raw else float("nan")
    return (
        f"Here, over {len(known)} measures, it goes from {raw:.2f} to {partial:.2f}: {percent(here)} of the "
        f"raw correlation is left, against {percent(there)} there."
    )
