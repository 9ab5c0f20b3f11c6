"""What every command of the terminal shares: its options, how it prints, how it says what went wrong."""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cache import worker
from cache.requests import Progress, Subject, Vectors
from cache.store import Store
from commands.console import UNSAFE, notices, people, safe
from core.errors import InputError
from core.formatting import first_line, typed_line
from core.hidden_states.vector_files import READERS
from core.tables.as_csv import harmless

Made = TypeVar("Made")

TRACEBACKS = "LATENT_SHORTLIST_TRACEBACKS"  # set: an unforeseen error is raised instead of reported
GAP = 2  # spaces between columns
MOST_LINES = 4  # of a cell in a table

StoreOption = Annotated[
    Path | None,
    typer.Option("--store", help="Where results live.", envvar="LATENT_SHORTLIST_STORE", show_envvar=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="End with one line of JSON, and print nothing else.")
]
DetachOption = Annotated[
    bool, typer.Option("--detach", help="Hand it to background workers and return; see `cli.py jobs`.")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        help="Files of vectors: the columns that are dimensions, by name or position from 0 (#3: a position "
        "whatever columns are called): a,b or FIRST:LAST; -a,-b: all but those; all. Default: those that are "
        "clear, else a question."
    ),
]
ArrayOption = Annotated[
    str | None, typer.Option(help="Files of vectors: which array of an .npz or .safetensors file.")
]
SkipRowsOption = Annotated[
    bool,
    typer.Option(
        "--skip-bad-rows",
        help="Files of vectors: leave out rows with NaN or of another length, and count them.",
    ),
]


def subjects_of(
    names: list[str] | None,
    vectors: list[Path] | None,
    revision: str | None = None,
    *,
    columns: str | None = None,
    array: str | None = None,
    skip_bad_rows: bool = False,
) -> list[Subject]:
    """What to measure: checkpoints, and files of vectors, plain arguments or given with --vectors.

    names: checkpoints; the name of a file, or a bare name that ends like one, is a file of vectors, so that
    the shell may expand `--vectors *.npy`. revision: of hub ids. columns, array, skip_bad_rows: what to take
    of files of vectors, see `cache.requests.Vectors`.
    Errors: InputError where nothing is given.
    """

    def of_file(path: Path) -> Vectors:
        return Vectors(path.name, path=str(path), columns=columns, array=array, skip_bad_rows=skip_bad_rows)

    subjects: list[Subject] = []
    for name in names or []:
        path = Path(name).expanduser()
        missing = path.name == name and path.suffix.lower() in READERS and not path.is_dir()
        if path.is_file() or missing:
            subjects.append(of_file(path))
        else:
            subjects.append(Subject(name, revision=revision))
    places = [index for index, subject in enumerate(subjects) if isinstance(subject, Vectors)]
    first = places[0] if places else len(subjects)
    subjects[first:first] = map(of_file, vectors or [])
    if not subjects:
        raise InputError("Nothing to measure: name checkpoints or files of vectors.")
    return subjects


def print_json(document: Any) -> None:
    """Write one line of strict JSON: what is not a number is null."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [strict(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    text = json.dumps(strict(document), ensure_ascii=False, allow_nan=False)
    print(UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def records(frame: Any) -> list[dict[str, Any]]:
    """The rows of a data frame as plain JSON values."""
    return json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))


def print_frame(frame: Any, title: str) -> None:
    """Draw a data frame as a table for people."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in frame.columns:
        table.add_column(str(column), justify="right" if frame[column].dtype.kind in "fiu" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*("" if value is None or value != value else _short(value) for value in row))
    draw(table)


def draw(table: Table) -> None:
    """Print a table of strings so that no name is broken, however narrow the terminal.

    Columns aligned to the right hold numbers and do not wrap; the others wrap between words. Where that does
    not fit, the first cell of a row stands on a line above the others; where those do not fit either, each
    stands on a line of its own beside its heading.
    """
    columns = [[safe(str(cell)) for cell in (column.header, *column.cells)] for column in table.columns]
    rights = [column.justify == "right" for column in table.columns]
    widths = _widths(columns, rights, people.width)
    if widths is not None:
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        people.print(table)
        return
    if table.title:
        people.print(table.title, style=table.title_style or "table.title", highlight=False)
    headings, *rows = zip(*columns, strict=True)
    widths = _widths(columns[1:], rights[1:], people.width - GAP)
    if widths is not None:
        people.print(headings[0], style="bold", highlight=False)
        _below([headings[1:]], widths, rights[1:], "bold")
    for first, *others in rows:
        people.print(first, highlight=False, overflow="fold")
        if widths is not None:
            _below([others], widths, rights[1:])
        else:
            pairs = [pair for pair in zip(headings[1:], others, strict=True) if pair[1]]
            _below(pairs, [_longest(headings), None], [False, False])


def _below(
    rows: Iterable[Iterable[str]], widths: Iterable[int | None], rights: Iterable[bool], style: str = ""
) -> None:
    """Print rows of cells with a margin on their left."""
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for width, right in zip(widths, rights, strict=True):
        grid.add_column(width=width, justify="right" if right else "left", style=style)
    for row in rows:
        grid.add_row(*row)
    people.print(Padding(grid, (0, 0, 0, GAP), expand=False))


def _widths(columns: list[list[str]], rights: list[bool], room: int) -> list[int] | None:
    """The width of each column of texts, the heading first, in `room` characters; None: they do not fit.

    Every word fits, and every number (`rights`); a cell takes about MOST_LINES lines at most.
    """
    whole = [_longest(texts) for texts in columns]
    unbroken = [
        _longest([*texts[0].split(), *(texts[1:] if right else " ".join(texts).split())])
        for texts, right in zip(columns, rights, strict=True)
    ]
    widths = [max(word, -(-most // MOST_LINES)) for word, most in zip(unbroken, whole, strict=True)]
    for _ in range(spare := room - sum(widths) - GAP * (len(widths) - 1)):
        growing = [i for i, most in enumerate(whole) if widths[i] < most]
        if growing:
            widths[min(growing, key=lambda i: widths[i])] += 1
    return widths if spare >= 0 else None


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0) or 1


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def save_table(frame: Any, path: Path) -> None:
    """Write a data frame as CSV, numbers to six digits; InputError where the file cannot be written."""
    try:
        harmless(frame).to_csv(path, index=False, float_format="%.6g")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({first_line(error)}): choose another file.") from error


@contextmanager
def stages(first: str = "") -> Iterator[Callable[[str], None]]:
    """A line that shows what is being done, and gives what changes it; text as it is, without markup."""
    with notices.status(Text(safe(first))) as status:
        yield lambda stage: status.update(Text(safe(stage)))


def attempt(
    names: list[str], work: Callable[[int, Progress], Made]
) -> tuple[list[Made], list[dict[str, str]]]:
    """Do `work(index, progress)` for each name; one that fails does not end the list. (results, failures)"""
    results: list[Made] = []
    failures: list[dict[str, str]] = []
    with stages() as show:
        for index, name in enumerate(names):

            def progress(stage: str, done: int, total: int, unit: str, name: str = name) -> None:
                show(f"{name}: {stage}" + (f", {done:,} of {total:,} {unit}" if total else ""))

            try:
                results.append(work(index, progress))
            except Exception as error:
                failures.append({"subject": name, "error": sentence(error)})
    return results, failures


def sentence(error: Exception) -> str:
    """What to tell a person of an error: the sentence of an InputError, or that it was not foreseen."""
    if isinstance(error, InputError):
        return str(error)
    if TRACEBACKS in os.environ:
        raise error
    return f"Failed unexpectedly ({typed_line(error)}); set {TRACEBACKS}=1 to see where."


def report(failures: list[dict[str, str]]) -> None:
    """Say each failure in one line that names its subject once; any makes the exit status 1."""
    for failure in failures:
        named = failure["error"].startswith(failure["subject"])
        say(failure["error"] if named else f"{failure['subject']}: {failure['error']}")
    if failures:
        raise typer.Exit(1)


def say(message: str) -> None:
    """One sentence on standard error."""
    notices.print(message, highlight=False, soft_wrap=True)


def numbers(text: str, option: str) -> list[float]:
    """Numbers with commas between them."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{option} takes numbers with commas between them, not {text!r}.") from error


def detached(store: Store, job: str, as_json: bool) -> None:
    """Start workers on a job just made, and say how to follow it."""
    worker.ensure_workers(store)
    if as_json:
        print_json({"job": job})
    else:
        people.print(f"Job {job} is queued; `cli.py jobs watch {job}` shows how far it is.")


def queued(store: Store, made: list[str], as_json: bool) -> None:
    """Start workers on jobs just made, and say how to follow them."""
    worker.ensure_workers(store)
    if as_json:
        print_json({"jobs": made})
    else:
        people.print(f"Queued: {', '.join(made)}; `cli.py jobs` shows how far they are.", highlight=False)
