"""The studies that train models as tables, and the figures that come with the project.

docs/training.md has the commands that made them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.studies.push_away import Comparison, Mark, Run, compare

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = Path(__file__).parents[1] / "reference"
COLUMNS = {
    "push_away": (
        *("setting", "rate", "push", "seed", "step", "domain"),
        *("valid_perplexity", "test_perplexity", "dispersion", "across"),
    ),
}


def table(kind: str, rows: list[dict[str, Any]]) -> "pd.DataFrame":
    """Rows of a kind of table as a data frame with its columns."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS[kind]))


def shipped(kind: str) -> "pd.DataFrame":
    """The figures of a kind that come with the project; empty where there are none."""
    import pandas as pd

    file = REFERENCE / f"training_{kind}.csv"
    return pd.read_csv(file) if file.is_file() else table(kind, [])


def push_away_rows(setting: str, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row a run, mark and domain; runs of the same λ and seed once."""
    return [
        {
            "setting": setting,
            "rate": run.rate,
            "push": run.push,
            "seed": run.seed,
            "step": mark.step,
            "domain": domain,
            "valid_perplexity": mark.valid[domain],
            "test_perplexity": mark.test[domain],
            "dispersion": mark.dispersion,
            "across": mark.across,
        }
        for run in runs
        for mark in run.marks
        for domain in mark.test
    ]


def push_away_runs(frame: "pd.DataFrame") -> list[Run]:
    """The runs of one setting from the rows that `push_away_rows` makes."""
    import pandas as pd

    runs = []
    for (rate, push, seed), rows in frame.groupby(["rate", "push", "seed"], sort=False):
        marks = []
        for step, own in rows.groupby("step"):
            by_domain = own.set_index("domain")
            across = own["across"].iloc[0]
            marks.append(
                Mark(
                    int(step),
                    {str(key): float(value) for key, value in by_domain["valid_perplexity"].items()},
                    {str(key): float(value) for key, value in by_domain["test_perplexity"].items()},
                    float(own["dispersion"].iloc[0]),
                    None if pd.isna(across) else float(across),
                )
            )
        runs.append(Run(float(rate), float(push), int(seed), marks))
    return runs


def push_away_comparisons(frame: "pd.DataFrame") -> list[Comparison]:
    """`compare` of the rows of one setting."""
    return compare(push_away_runs(frame))
