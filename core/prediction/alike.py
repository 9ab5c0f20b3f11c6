"""Whether checkpoints were measured alike: on which text, how much of it, which layer, at what precision."""

import pandas as pd

# Columns of an overview → what they are called. A tokenizer is told by the size of its vocabulary.
FACTS = {
    "corpus": "text",
    "sequences": "sequences",
    "at": "layer",
    "position": "vectors",
    "max_length": "cut",
    "precision": "precision",
    "vocabulary": "tokenizer",
}
NOT_SETTINGS = ("precision", "vocabulary")  # which measuring again does not change


def facts_of(rows: pd.DataFrame) -> pd.DataFrame:
    """How each row was measured, one column a key of FACTS, as text; None where it is not known."""
    facts = rows.reindex(columns=[*FACTS, "layer", "layers"]).astype(object)
    last = facts["layer"].isna() | (facts["layer"] == facts["layers"])
    facts["at"] = facts["layer"].where(~last, "last")
    shown = facts[list(FACTS)]
    return shown.map(_text, na_action="ignore").where(shown.notna(), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}"


def usual_of(rows: pd.DataFrame) -> dict[str, str | None]:
    """How most of the rows were measured, by key of FACTS; None where it is not known of any."""
    return {
        name: column.mode().iloc[0] if column.notna().any() else None
        for name, column in facts_of(rows).items()
    }


def differences(rows: pd.DataFrame, usual: dict[str, str | None]) -> pd.DataFrame:
    """Where rows were measured otherwise than `usual`: subject, name, what (a value of FACTS), own, usual.

    What is not known of a row or of the usual is no difference.
    """
    facts = facts_of(rows)
    entries = [
        (subject, rows.loc[subject, "name"], FACTS[fact], own, usual[fact])
        for fact in FACTS
        for subject, own in facts[fact].items()
        if own is not None and usual.get(fact) is not None and own != usual[fact]
    ]
    return pd.DataFrame(entries, columns=["subject", "name", "what", "own", "usual"])
