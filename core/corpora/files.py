"""Passages of text from a file: one a line, or one a row of a named column."""

import json
from pathlib import Path
from typing import IO

from core.corpora import packed
from core.errors import InputError


def read_texts(path: Path, column: str | None = None) -> list[str]:
    """The passages of a file, stripped of outer white space, empty ones left out, in the file's order.

    path: .jsonl, .parquet and .csv are tables of which `column` is read (needless where there is a column
    `text` or only one of text); anything else is plain text in UTF-8, one passage a line. Each may be packed
    as .xz or .gz.
    Errors: InputError for a missing, damaged or binary file, a missing column, and one that holds no text.
    """
    kind = Path(packed.inner_name(path)).suffix.lower()
    try:
        with packed.opened(path) as stream:
            if kind in _TABLES:
                texts = _TABLES[kind](stream, path.name, column)
            elif column is not None:
                raise InputError(f"{path.name} is plain text without columns: leave '{column}' away.")
            else:
                texts = stream.read().decode("utf-8-sig").split("\n")
    except InputError:
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path} cannot be opened ({error.strerror}): give a text file.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not text in UTF-8: save it so, one passage a line.") from None
    except Exception as error:  # a damaged archive or table: what the parsers raise is open
        raise InputError(
            f"{path.name} is cut off, damaged or no {path.suffix} file: save or download it again."
        ) from error
    return [text for text in map(str.strip, texts) if text]


def _read_jsonl(stream: IO[bytes], name: str, column: str | None) -> list[str]:
    rows = []
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            rows.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            raise InputError(
                f'Line {number:,} of {name} is no JSON object: give one object a line, like {{"text": "…"}}.'
            ) from None
    columns = list(dict.fromkeys(key for row in rows for key in row))
    texts = [c for c in columns if all(isinstance(row.get(c), str | None) for row in rows)]
    chosen = _choose(columns, texts, name, column)
    return [row[chosen] for row in rows if row.get(chosen) is not None]


def _read_parquet(stream: IO[bytes], name: str, column: str | None) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.PythonFile(stream, mode="r"))
    schema = file.schema_arrow
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    chosen = _choose(schema.names, texts, name, column)
    return [text for text in file.read(columns=[chosen]).column(0).to_pylist() if text is not None]


def _read_csv(stream: IO[bytes], name: str, column: str | None) -> list[str]:
    import pandas as pd

    table = pd.read_csv(stream, dtype=str, keep_default_na=False)
    columns = [str(c) for c in table.columns]
    return table[_choose(columns, columns, name, column)].tolist()


_TABLES = {".jsonl": _read_jsonl, ".parquet": _read_parquet, ".csv": _read_csv}


def _choose(columns: list[str], texts: list[str], name: str, column: str | None) -> str:
    """The column asked for; without one asked for, `text`, or the only one that holds text."""
    listed = ", ".join(columns) or "none"
    if column is None:
        if "text" in texts:
            return "text"
        if len(texts) == 1:
            return texts[0]
        raise InputError(f"{name} is a table: say which column holds the text, of {listed}.")
    if column not in columns:
        raise InputError(f"{name} has no column '{column}': it has {listed}.")
    if column not in texts:
        raise InputError(f"Column '{column}' of {name} does not hold text: choose another of {listed}.")
    return column
