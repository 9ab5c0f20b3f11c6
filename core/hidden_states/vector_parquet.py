"""Vectors out of Parquet: a file, or a folder of files as Spark and Dask write it."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core.errors import InputError
from core.formatting import first_few
from core.hidden_states.vector_readers import Choice, Reading, refuse_array, within
from core.hidden_states.vector_tables import holds_floats, list_column, of_table

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_WIDTHS = {"DOUBLE": 8, "INT64": 8, "INT96": 12}  # physical type → bytes a value; 4 of any other


def read_parquet(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """A Parquet file."""
    import pyarrow.parquet as pq

    refuse_array(choice, name)
    file = pq.ParquetFile(stream)
    lists = _lists(file, choice)
    wanted = lists or file.schema_arrow.names
    within(_unpacked(file, set(wanted)), limit, f"{name} unpacks to")
    return _of_parquet([file], lists, name, choice, file.schema_arrow.names)


def _unpacked(file: "ParquetFile", columns: set[str]) -> int:
    """Bytes of those columns in memory, as the file states them before anything of it is unpacked.

    Repeated values take no room in a file: so they are counted.
    """
    total = 0
    for group in (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)):
        for part in (group.column(j) for j in range(group.num_columns)):
            if part.path_in_schema.split(".")[0] in columns:
                total += part.num_values * _WIDTHS.get(part.physical_type, 4)
    return total


def _lists(file: "ParquetFile", choice: Choice) -> list[str]:
    """The one column of lists that holds the vectors, where it is clear."""
    schema = file.schema_arrow
    lists = [path for path in schema.names if holds_floats(schema.field(path).type)]
    return lists if len(lists) == 1 and not choice.columns else []


def _of_parquet(
    files: "list[ParquetFile]", lists: list[str], name: str, choice: Choice, names: list[str]
) -> Reading:
    """The vectors of files with the columns `names`. lists: as of `_lists`; no other column is read then."""
    import pyarrow as pa

    tables = [file.read(columns=lists or None) for file in files]
    table = pa.concat_tables([one.select(lists or names) for one in tables], promote_options="permissive")
    if not lists:
        return of_table(table, name, choice)
    others = first_few([path for path in names if path != lists[0]], 3)
    notes = (
        [f"{name}: column {others} left out, since column {lists[0]} holds the vectors."] if others else []
    )
    vectors, bad = list_column(table.column(0), lists[0], name, choice)
    return Reading(vectors, notes + bad)


def read_parquet_parts(folder: Path, name: str, choice: Choice) -> Reading:
    """A folder of Parquet files with the same columns, in the order of their names, as one table."""
    import pyarrow.parquet as pq

    refuse_array(choice, name)
    parts = parquet_parts(folder)
    if not parts:
        raise InputError(f"{name} is a folder without Parquet files: give a file of vectors.")
    files = {part: pq.ParquetFile(part) for part in parts}
    first = parts[0]
    columns = sorted(files[first].schema_arrow.names)
    for part, file in files.items():
        if sorted(file.schema_arrow.names) != columns:
            raise InputError(
                f"{part.relative_to(folder)} in {name} has other columns than {first.relative_to(folder)}: "
                "give parts of one table."
            )
    filled = [file for file in files.values() if file.metadata.num_rows] or [files[first]]
    names = files[first].schema_arrow.names
    return _of_parquet(filled, _lists(filled[0], choice), name, choice, names)


def parquet_parts(folder: Path) -> list[Path]:
    """The Parquet files in a folder, at any depth, but those that are hidden."""
    return sorted(
        part
        for part in folder.rglob("*.parquet")
        if part.is_file() and not any(one[0] in "._" for one in part.relative_to(folder).parts)
    )
