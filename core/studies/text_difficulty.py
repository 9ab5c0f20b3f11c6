"""The studies of text by its difficulty as tables, and those of small decoders that come with the project.

The shipped tables were made on the validation texts of the Penn Treebank and of WikiText-2 with small trained
decoders, named in the column `checkpoint`, by:

    cli.py study perplexity CHECKPOINT… --corpus FILE… --segments 1500 --length 96 --bin 50 --contexts 16,64
        --save core/reference/text_difficulty_points.csv
    cli.py study layers … --bin 50 --save core/reference/text_difficulty_layers.csv
        (with --untrained of the two Llamas trained on stories)
    cli.py study clusters … --corpus FILE --save core/reference/text_difficulty_clusters.csv
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.studies.layers import LayerFigures
from core.studies.perplexity import Curve

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = Path(__file__).parents[1] / "reference"
TEXTS = {  # files of the shipped tables → what they are
    "ptb.valid.txt.xz": "Penn Treebank, validation",
    "wiki.valid.tokens.xz": "WikiText-2, validation",
}
COLUMNS = {
    "points": (
        *("checkpoint", "text", "tokens", "layer", "last_token"),
        *("perplexity", "dispersion", "segments", "picked"),
    ),
    "layers": (
        *("checkpoint", "text", "layer", "measure", "value", "n"),
        *("pearson", "pearson_low", "pearson_high", "spearman", "spearman_low", "spearman_high"),
    ),
    "clusters": (
        *("checkpoint", "text", "tokens", "context", "occurrences", "clusters"),
        *("layer", "within", "between", "loss"),
    ),
}


def shipped(kind: str) -> "pd.DataFrame":
    """The table that comes with the project. kind: a key of COLUMNS."""
    import pandas as pd

    return pd.read_csv(REFERENCE / f"text_difficulty_{kind}.csv").replace({"text": TEXTS})


def table(kind: str, rows: list[dict[str, Any]]) -> "pd.DataFrame":
    """Rows, as the functions below give them, as a table. kind: a key of COLUMNS."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS[kind]))


def points(checkpoint: str, text: str, curves: list[Curve]) -> list[dict[str, Any]]:
    """A row a bin of each curve."""
    return [
        {"checkpoint": checkpoint, "text": text, "tokens": one.tokens, "layer": one.layer}
        | {"last_token": one.last_token, "perplexity": point.perplexity, "dispersion": point.dispersion}
        | {"segments": point.segments, "picked": point.picked}
        for one in curves
        for point in one.points
    ]


def layer_rows(checkpoint: str, text: str, layers: list[LayerFigures]) -> list[dict[str, Any]]:
    """A row a layer and measure: its value, and its correlation with perplexity where there is one."""
    return [
        {"checkpoint": checkpoint, "text": text, "layer": layer.layer, "measure": measure, "value": value}
        | (vars(layer.correlations[measure]) if measure in layer.correlations else {})
        for layer in layers
        for measure, value in layer.values.items()
    ]
