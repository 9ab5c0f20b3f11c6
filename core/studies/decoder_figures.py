"""Tables of kNN-LM and of accuracy without labels: of results, and those that come with the project.

The shipped ones are what the commands in docs/decoders.md save, of small decoders.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.studies.key_layers import CHUNKS
from core.studies.knnlm import KeyResult
from core.studies.label_free import Calibration

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = Path(__file__).parents[1] / "reference"
KNNLM, LABEL_FREE = "decoders_knnlm.csv", "decoders_label_free.csv"
ALONE = "no datastore"


def knnlm_table(keys: Iterable[KeyResult], plain: float, validation: float) -> "pd.DataFrame":
    """A row a key, and one of the model alone.

    plain, validation: perplexity of the model alone on test and validation.
    Returned: key, kind, number, dispersion_N and sd_N for N of CHUNKS (NaN where there were too few), weight,
    temperature, recall (NaN: exact), validation_perplexity, perplexity.
    """
    import pandas as pd

    rows: list[dict[str, object]] = [
        {"key": ALONE, "weight": 0.0, "validation_perplexity": validation, "perplexity": plain}
    ]
    for one in keys:
        row: dict[str, object] = {"key": one.title, "kind": one.kind, "number": one.number}
        for spread in one.spreads:
            row |= {f"dispersion_{spread.chunks}": spread.mean, f"sd_{spread.chunks}": spread.sd}
        fields = ("weight", "temperature", "recall", "validation_perplexity", "perplexity")
        rows.append(row | {name: getattr(one, name) for name in fields})
    of_chunks = [f"{name}_{count}" for count in CHUNKS for name in ("dispersion", "sd")]
    columns = ["key", "kind", "number", *of_chunks]
    columns += ["weight", "temperature", "recall", "validation_perplexity", "perplexity"]
    return pd.DataFrame(rows, columns=columns)


def label_free_table(curve: Calibration) -> "pd.DataFrame":
    """A row a mixture: share, dispersion, standard_error, expected."""
    import pandas as pd

    names = ["share", "dispersion", "standard_error", "expected"]
    return pd.DataFrame([[getattr(point, name) for name in names] for point in curve.points], columns=names)


def shipped(name: str) -> "pd.DataFrame":
    """A table that comes with the project, KNNLM or LABEL_FREE; empty where it does not."""
    import pandas as pd

    file = _FOLDER / name
    return pd.read_csv(file) if file.is_file() else pd.DataFrame()
