"""Why a number that arXiv 2406.12159 prints does not come out of its data, in sentences."""

import pandas as pd

from core.formatting import signed
from core.studies.latent_geometry import (
    ADDITIVE,
    BASE,
    ROBERTA,
    SMALL,
    error,
    error_of,
    models,
    others,
    pearson,
    perturbed,
    regression,
)
from core.studies.latent_geometry_print import comparisons, facts, printed_counts

CUT = "The print cuts the digits off where rounding would raise the last one."


def commented(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of `comparisons` with a column more, comment: a sentence, "" where there is nothing to say.

    frame: of `latent_geometry.models`.
    """
    explained = _explained(frame)
    comments = [
        ""
        if row.verdict == "same"
        else CUT
        if row.table != "Text" and row.verdict == "last digit"
        else explained.get((row.table, row.row, row.column), "")
        for row in rows.itertuples()
    ]
    return rows.assign(comment=comments)


def compared() -> pd.DataFrame:
    """The comparisons of the published models, with comments."""
    frame = models()
    return commented(comparisons(frame), frame)


def _explained(frame: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Sentences for numbers that do not come out: (table, row, column) → what we find instead."""
    file = facts()
    r = pearson(frame, ADDITIVE["RS"], ROBERTA)
    sign = f"The data give {signed(r, 3)}: the same size, the opposite sign."
    small = error(regression(frame, "eee", architecture=False, family=SMALL), others(frame))
    rows = (
        f"The authors' table of scores holds {{}} rows, {{}} of them with measures; correlations and "
        f"regressions use {len(perturbed(frame))} models in all."
    )
    comments = {
        ("Text", "perturbed models", "in all"): (
            "The three counts printed in Section 3.1 add up to "
            f"{sum(printed_counts())}; the tables hold measures for "
            f"{len(perturbed(frame))}."
        ),
        ("Text", "perturbed models", "BERT-base"): rows.format(
            file["BERT-base rows with scores"], len(perturbed(frame, BASE))
        ),
        ("Text", "perturbed models", "RoBERTa"): rows.format(
            file["RoBERTa-base rows with scores"], len(perturbed(frame, ROBERTA))
        ),
        ("Text", "models behind r", "RoBERTa, RS and RI"): (
            "One RoBERTa model has no value for RS and RI, which therefore rest on one fewer."
        ),
        ("Text", "BERT-small models", "with α ≤ 0.1"): (
            f"Also {file['BERT-small rows with alpha up to 0.1']} among all "
            f"{file['BERT-small rows with scores']} rows with scores."
        ),
        ("Text", "non-standard models", "described"): (
            "The tables also hold the unperturbed BERT-small and a second untrained BERT-base with the same "
            "GLUE average; the printed errors come out only with all of them."
        ),
        ("Text", "non-standard models", "drawn in Figure 5"): (
            "The paper's charts leave one of two untrained BERT-base models out; its errors count both."
        ),
        ("Text", "transformer blocks", "BERT-small"): (
            "BERT-small (L-4, H-512 of Turc et al. 2019) has four blocks."
        ),
        ("Text", "parameters", "BERT-small"): (
            "29.1 million is reached with the two heads of pre-training, which fine-tuning drops."
        ),
        ("Text", "parameters", "BERT-base"): "The customary rounding.",
        ("Text", "latent sample", "tokens"): (
            f"Their sequences hold {file['words']:,} words: {file['tokens of BERT']:,} tokens for BERT, "
            f"{file['tokens of RoBERTa']:,} for RoBERTa, special ones included."
        ),
        ("Table 1", "EEE", "mse"): (
            f"With the term for the architecture the data give {error_of(frame, 'eee'):.3f}. A regression on "
            f"BERT-small alone gives {small:.3f}, which may be what was printed."
        ),
    }
    for table, row in (("Table 1", "RS"), ("Table 2", "AQ RS")):
        comments[table, row, "r_roberta"] = sign
    return comments
