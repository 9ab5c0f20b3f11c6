"""Published correlations of measures with loss (arXiv 2602.20433, Tables 2 to 9) as data.

108 language models of one family, five measures, eight settings; the statistics are those of
`core.statistics.partial`.

Not covered: the models behind the figures, which are not published with them.
"""

import pandas as pd

SOURCE = "arXiv 2602.20433"
STATISTICS = {  # as the table `findings` names them → the names that `core.evidence.association` uses
    "raw_spearman": "raw",
    "residual_spearman_linear": "residual",
    "residual_spearman_chinchilla": "law",
    "partial_spearman": "partial",
}


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
