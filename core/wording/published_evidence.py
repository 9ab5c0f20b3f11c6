"""What "Disentangling geometry, performance, and training in language models" (arXiv 2602.20433) found, in
our own words with its figures: the reasons not to lean on a score predicted from geometry.

The figures are those of the table `findings`: 108 language models trained alike but for size, tokens, batch
size, weight decay, learning rate and its decay; five measures of the output embedding and of the last layer;
loss in eight settings.

Not covered: those are decoders and losses; whether the same holds for encoders and GLUE is not known.
"""

import pandas as pd

from core.formatting import signed
from core.measures import MEASURES

SOURCE = "arXiv 2602.20433, Tables 2 to 9"
RANK = "unembedding_effective_rank_ratio"


def takeaways(findings: pd.DataFrame) -> list[tuple[str, str]]:
    """(claim, figures) of each takeaway, from the store's table `findings`; [] without that paper's rows."""
    held = findings[findings["source"].str.startswith("arXiv 2602.20433")]
    if held.empty:
        return []
    wide = held.pivot_table(index=["table_name", "metric"], columns="statistic", values="value")
    raw, partial, added = wide["raw_spearman"], wide["partial_spearman"], wide["predictive_r2"]
    settings = wide.index.get_level_values("table_name").nunique()
    rank = wide.xs(RANK, level="metric")
    signs = raw.groupby("metric").agg(["min", "max"])
    both = signs[(signs["min"] < -0.1) & (signs["max"] > 0.1)]
    flips = max(both.index, key=lambda name: both.loc[name, "max"] - both.loc[name, "min"], default="")
    said = [
        (
            "Geometry mostly tells how a model was trained.",
            f"Over {settings} settings the {MEASURES[RANK].title.lower()} correlates with loss by "
            f"{signed(rank['raw_spearman'].min())} to {signed(rank['raw_spearman'].max())}; with size and "
            f"training held fixed, by {signed(rank['partial_spearman'].min())} to "
            f"{signed(rank['partial_spearman'].max())}. Batch size and weight decay move it whether or not "
            "performance follows.",
        ),
        (
            "It adds almost nothing to knowing size and training.",
            f"Of {len(added)} pairs of measure and setting, {int((added >= 0.02).sum())} add 0.02 or more to "
            f"R² on held-out models; the largest adds {added.max():.3f}, and {int((added < 0).sum())} make "
            f"it worse. On average the correlation falls from {raw.abs().mean():.2f} to "
            f"{partial.abs().mean():.2f} in size.",
        ),
    ]
    if flips:
        low, high = both.loc[flips]
        said.append(
            (
                "The same measure can mean the opposite for another task.",
                f"{MEASURES[flips].title} goes with loss by {signed(low)} in one setting and by "
                f"{signed(high)} in another. Compare models trained alike, and evaluate those you "
                "shortlist.",
            )
        )
    return said
