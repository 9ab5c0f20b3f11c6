"""The table of predictors by held-out error: as shipped or computed anew, and written to a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cache.files import reason, replacing
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from core.prediction.selection import Say


def table_of(again: bool, names: Sequence[str] = (), say: "Say | None" = None) -> "pd.DataFrame":
    """The held-out table: as shipped, or computed `again` from the published figures, which takes minutes.

    Arguments:
        names: only these predictors, by their names in the table.
    """
    from core.prediction.candidates import candidates
    from core.prediction.held_out import ANEW, BEST
    from core.reference import held_out

    if unknown := sorted(set(names) - {entry.name for entry in candidates()} - {BEST, ANEW}):
        raise InputError(
            f"The held-out table has no predictor {', '.join(unknown)}: `cli.py study held-out` lists those "
            "that it has."
        )
    if not again:
        shipped = held_out()
        return shipped[shipped["predictor"].isin(names)] if names else shipped
    import pandas as pd

    from core import reference
    from core.overview import overview
    from core.prediction.held_out import table

    nothing = pd.DataFrame(columns=["cloud", "subject"])
    rows = overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores()).rows
    compared = [entry for entry in candidates() if not names or entry.name in names]
    return table(rows, compared=compared, say=say or (lambda text: None))


def save(table: "pd.DataFrame", file: Path) -> None:
    """Write a table to a .csv file, whole or not at all."""
    if file.suffix != ".csv":
        raise InputError(f"{file} is of no known format: give a name that ends in .csv.")
    try:
        with replacing(file) as temporary:
            table.to_csv(temporary, index=False, float_format="%.10g")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({reason(error)}): give another place.") from error
