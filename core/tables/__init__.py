"""One reader of tables from files: scores, covariates, labels.

Separator, encoding and decimal sign are found out; names stay as they are written ("007"). What separated
text holds is decided by Python's csv module and float(), for all callers alike.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core.errors import InputError
from core.formatting import first_few, first_line
from core.tables.checks import INDEX
from core.tables.objects import read_json, read_lines, read_parquet
from core.tables.separated import read_separated

if TYPE_CHECKING:
    import pandas as pd

Table = tuple["pd.DataFrame", list[str]]


def read_table(source: Path | BinaryIO, name: str, text_columns: Collection[str] = ()) -> Table:
    """The rows of a .csv, .tsv, .txt, .parquet, .jsonl or .json file, with notes on how they were read.

    Arguments:
        source: a path, or an open binary stream.
        name: what messages call the file; its ending says the format.
        text_columns: columns whose cells are text whatever they look like; others are numbers where all of
            their cells are. Case and outer blanks do not matter.

    Returns: (frame, notes). Missing cells are None in columns of text and NaN in columns of numbers. An index
    that pandas wrote is left out, with a note, where it is whole numbers; one of text stays as "Unnamed: 0".
    Raises InputError, one sentence, for a file that cannot be opened, is empty or damaged, has no heading,
    rows of other lengths than its heading, two columns of one name, or more than MOST_COLUMNS columns.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        remedy = "save it as CSV" if suffix in (".xlsx", ".xls", ".ods") else f"give {', '.join(READERS)}"
        raise InputError(f"{name} is of no known format: {remedy}.")
    data = _bytes(source, name)
    if not data.strip():
        raise InputError(f"{name} is empty: give a table with a heading.")
    text = {column.strip().lower() for column in text_columns}
    try:
        frame, notes = READERS[suffix](data, name, lambda column: column.lower() in text)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # parsers meet arbitrary bytes: what they raise is open
        raise InputError(f"{name} cannot be read as a table ({first_line(error)}): save it again.") from error
    frame, left_out = _without_index(frame)
    notes += [f"{name}: the column {first_few(left_out, 3)} was left out as an index."] if left_out else []
    if frame.columns.empty:
        raise InputError(f"{name} has no column but an index: give a table with a heading.")
    return frame, notes


def _bytes(source: Path | BinaryIO, name: str) -> bytes:
    if not isinstance(source, Path):
        return source.read()
    try:
        return source.read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}): give a file that can.") from error


def _without_index(frame: "pd.DataFrame") -> tuple["pd.DataFrame", list[str]]:
    """Without columns that number the rows under no name of their own; those of text keep a name."""
    import pandas as pd

    index = [
        column
        for column in frame.columns
        if INDEX.fullmatch(column) and pd.api.types.is_integer_dtype(frame[column])
    ]
    return frame.drop(columns=index), index


READERS: dict[str, Callable[[bytes, str, Callable[[str], bool]], Table]] = {
    ".csv": read_separated,
    ".tsv": read_separated,
    ".txt": read_separated,
    ".parquet": read_parquet,
    ".jsonl": read_lines,
    ".json": read_json,
}
