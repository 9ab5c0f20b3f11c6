"""Tables of kNN-LM and of accuracy without labels: of results, back to them, and those that come along.

The shipped ones are what the commands in docs/decoders.md save, of small decoders; that of queries has no
texts, which are ARC's, but the row of each in its file.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.studies.key_layers import CHUNKS, Spread
from core.studies.knnlm import KeyResult
from core.studies.label_free import Calibration, Estimate, Point

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parents[1] / "reference"
KNNLM, LABEL_FREE, QUERIES = "decoders_knnlm.csv", "decoders_label_free.csv", "decoders_queries.csv"
ALONE = "no datastore"
TEXTS = {  # files of the shipped tables → what they are
    "ptb.train.txt.xz": "Penn Treebank, training",
    "ptb.valid.txt.xz": "Penn Treebank, validation",
    "ptb.test.txt.xz": "Penn Treebank, test",
    "ARC-Challenge-Test.jsonl.xz": "ARC-Challenge, test",
    "ARC-Challenge-Dev.294of299.jsonl.xz": "ARC-Challenge, development (294 of 299)",
}
_TUNED = ("weight", "temperature", "recall", "validation_perplexity", "perplexity")
_POINT = ("share", "dispersion", "standard_error", "expected")
_CURVE = ("queries", "right", "wrong", "spearman", "within_right", "within_wrong", "between", "auc")
_ESTIMATE = ("n", "dispersion", "accuracy", "low", "high")


def knnlm_table(keys: Iterable[KeyResult], plain: float, validation: float) -> "pd.DataFrame":
    """A row a key, and one of the model alone.

    plain, validation: perplexity of the model alone on test and validation.
    Returned: key, kind, number, d, dispersion_N and sd_N for N of CHUNKS (NaN where there were too few),
    weight, temperature, recall (NaN: exact), validation_perplexity, perplexity, and segment_losses: mean nats
    a token of each test segment, with spaces between them.
    """
    import pandas as pd

    rows: list[dict[str, object]] = [
        {"key": ALONE, "weight": 0.0, "validation_perplexity": validation, "perplexity": plain}
    ]
    for one in keys:
        row: dict[str, object] = {"key": one.title, "kind": one.kind, "number": one.number, "d": one.d}
        for spread in one.spreads:
            row |= {f"dispersion_{spread.chunks}": spread.mean, f"sd_{spread.chunks}": spread.sd}
        losses = " ".join(f"{loss:.7f}" for loss in one.segment_losses)
        rows.append(row | {name: getattr(one, name) for name in _TUNED} | {"segment_losses": losses})
    of_chunks = [f"{name}_{count}" for count in CHUNKS for name in ("dispersion", "sd")]
    columns = ["key", "kind", "number", "d", *of_chunks, *_TUNED, "segment_losses"]
    return pd.DataFrame(rows, columns=columns)


def key_results(table: "pd.DataFrame") -> list[KeyResult]:
    """The results that a table of `knnlm_table` was made of, in its order."""
    results = []
    for row in table[table["key"] != ALONE].to_dict("records"):
        spreads = [
            Spread(count, row[f"dispersion_{count}"], row[f"sd_{count}"])
            for count in CHUNKS
            if not math.isnan(row[f"dispersion_{count}"])
        ]
        results.append(
            KeyResult(
                row["kind"],
                int(row["number"]),
                int(row["d"]),
                spreads,
                **{name: _or_none(row[name]) for name in _TUNED},  # type: ignore[arg-type]
                segment_losses=[float(loss) for loss in row["segment_losses"].split()],
            )
        )
    return results


def label_free_table(curve: Calibration, estimate: Estimate | None = None) -> "pd.DataFrame":
    """A row a mixture: share, dispersion, standard_error and expected; and in every row the other fields of
    the curve, and those of the estimate as estimate_n and so on, NaN without one."""
    import pandas as pd

    rows = [[getattr(point, name) for name in _POINT] for point in curve.points]
    table = pd.DataFrame(rows, columns=list(_POINT))
    of = {name: getattr(curve, name) for name in _CURVE}
    of |= {f"estimate_{name}": getattr(estimate, name, None) for name in _ESTIMATE}
    same = pd.DataFrame([of] * len(table)).astype(float)
    return pd.concat([table, same], axis="columns")


def curve_of(table: "pd.DataFrame") -> Calibration:
    """The curve that a table of `label_free_table` was made of."""
    points = [Point(*map(float, row)) for row in table[list(_POINT)].to_numpy()]
    first = table.iloc[0]
    counts = {name: int(first[name]) for name in ("queries", "right", "wrong")}
    rest = {name: float(first[name]) for name in _CURVE if name not in counts}
    return Calibration(points, **counts, **rest | {"spearman": _or_none(first["spearman"])})  # type: ignore[arg-type]


def estimate_of(table: "pd.DataFrame") -> Estimate | None:
    """The estimate that a table of `label_free_table` was made of; None where there was none."""
    n, dispersion, accuracy, low, high = (_or_none(table[f"estimate_{name}"].iloc[0]) for name in _ESTIMATE)
    if n is None or dispersion is None or accuracy is None:
        return None
    return Estimate(int(n), dispersion, accuracy, low, high)


def shipped(name: str) -> "pd.DataFrame":
    """A table that comes with the project, KNNLM, LABEL_FREE or QUERIES, its texts called as people do; empty
    where it does not."""
    import pandas as pd

    file = _FOLDER / name
    return pd.read_csv(file).replace(TEXTS) if file.is_file() else pd.DataFrame()


def _or_none(value: float) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
