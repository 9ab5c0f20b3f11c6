"""Scores and covariates of one's own, out of files: whole, or not at all.

Each refusal is one sentence that names the file, the thing and the remedy. A value imported again takes the
place of the earlier one; what is published is never replaced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cache.files import now
from cache.store import Store
from core.checkpoints.resolve import MINILM_NAMES
from core.errors import InputError
from core.formatting import first_few
from core.scores.covariates import read_covariates
from core.scores.files import ScoreFile, read_scores, score_files
from core.scores.names import match

NAMED = 5  # of many wrong ones, how many a message names
IDENTITY = ("subject", "benchmark", "task", "metric", "split")  # of a score
KEY = (*IDENTITY, "source")


@dataclass(frozen=True)
class Imported:
    """What an import has done."""

    count: int  # values taken in
    notes: list[str] = field(default_factory=list)  # a sentence each: how files were read, what was replaced
    unmatched: list[str] = field(default_factory=list)  # names that no checkpoint in the store has


def sentences(done: Imported) -> list[str]:
    """What a person should know of an import beside the number of values."""
    if not done.unmatched:
        return done.notes
    names = first_few(done.unmatched, NAMED)
    return [*done.notes, f"No measured checkpoint is called {names}: measure it, and its scores count."]


def import_scores(
    store: Store,
    files: Path | Sequence[Path],
    *,
    checkpoint: str | None = None,
    benchmark: str | None = None,
    metric: str | None = None,
) -> Imported:
    """Take in files of scores, whole or not at all.

    Arguments:
        files: tables, result files of lm-evaluation-harness or MTEB, or folders of such; `core.scores.files`
            says what they hold. Accuracies and the like are kept as fractions.
        checkpoint, benchmark, metric: what holds where a file does not say it.

    The newest value of a checkpoint's score counts: of several files the one made last, of several imports
    the last. Scores of names that no checkpoint in the store has are kept for when it is measured, unless
    none of the names is known.
    Raises InputError, one sentence, for the first thing that cannot be used.
    """
    paths = score_files([files] if isinstance(files, Path) else list(files))
    read = [read_scores(path, checkpoint=checkpoint, benchmark=benchmark, metric=metric) for path in paths]
    name = first_few([file.name for file in read], 2)
    words = [str(row["checkpoint"]) for file in read for row in file.rows]
    subjects, unmatched = _subjects(store, words, name)
    notes = [note for file in read for note in file.notes]
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for file in sorted(read, key=lambda file: file.made_at):
        made, repeated = _score_rows(file, subjects)
        notes += repeated
        notes += _older(rows, made, file)
        rows = {key: row for key, row in rows.items() if key[:-1] not in {one[:-1] for one in made}} | made
    _refuse_published(store, "scores", list(rows.values()), KEY, name, "score")
    notes += _replaced(store, rows)
    moment = now()
    store.add(
        "scores",
        [
            {column: value for column, value in row.items() if column != "file"}
            | {"added_at": moment + timedelta(microseconds=place)}
            for place, row in enumerate(rows.values())
        ],
    )
    store.ingest()
    return Imported(len(rows), notes, unmatched)


def _score_rows(
    file: ScoreFile, subjects: dict[str, tuple[str, str]]
) -> tuple[dict[tuple[str, ...], dict[str, Any]], list[str]]:
    """({key: row of the store}, notes) of one file."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    again = 0
    for given in file.rows:
        subject, called = subjects[str(given["checkpoint"])]
        row = {
            "subject": subject,
            "name": called,
            "benchmark": str(given["benchmark"]),
            "task": str(given["task"]),
            "metric": str(given["metric"]),
            "value": given["value"],
            "standard_error": given.get("standard_error"),
            "split": str(given.get("split") or ""),
            "formed": given.get("formed"),
            "source": str(given.get("source") or f"imported from {file.name}"),
            "origin": "imported",
            "file": file,
        }
        key = tuple(row[column] for column in KEY)
        if key in rows and rows[key]["value"] != row["value"]:
            raise InputError(
                f"{file.name} gives {row['name']} two values for {row['benchmark']} {row['task']} "
                f"({row['metric']}): keep one, or tell them apart by split or source."
            )
        again += key in rows
        rows[key] = row
    return rows, [f"{file.name} says {again} of its scores twice: each counts once."] if again else []


def _older(
    rows: dict[tuple[str, ...], dict[str, Any]], newer: dict[tuple[str, ...], dict[str, Any]], file: ScoreFile
) -> list[str]:
    """A note where scores of earlier files stand in a newer one too."""
    again = {key[:-1] for key in newer}
    gone = [row for key, row in rows.items() if key[:-1] in again]
    if not gone:
        return []
    names = first_few([other.name for other in {id(row["file"]): row["file"] for row in gone}.values()], 3)
    day = datetime.fromtimestamp(file.made_at, UTC).strftime("%Y-%m-%d %H:%M")
    return [f"{len(gone)} scores of {names} are those of {file.name} instead, which is newer ({day} UTC)."]


def _replaced(store: Store, rows: dict[tuple[str, ...], dict[str, Any]]) -> list[str]:
    """A note on the values of earlier imports that no longer count."""
    before = store.query(
        f"SELECT {', '.join(KEY)}, name, value FROM scores WHERE origin = 'imported' ORDER BY added_at"
    )
    earlier = {tuple(row[:5]): row for row in before.itertuples(index=False, name=None)}
    changed = [
        f"{row['name']}, {row['task']}: {before[7]:g} ({before[5]}) is now {row['value']:g}"
        for key, row in rows.items()
        if (before := earlier.get(key[:-1])) is not None and before[7] != row["value"]
    ]
    if not changed:
        return []
    return [f"{len(changed)} scores of earlier imports are replaced: {first_few(changed, NAMED)}."]


def import_covariates(store: Store, file: Path) -> Imported:
    """Take in a table of covariates, whole or not at all.

    Either one value a row, with the columns checkpoint, covariate, value, or one checkpoint a row, with the
    column checkpoint and one column a covariate, where an empty cell means not known; optional in both:
    source. `training_tokens` and `training_compute` are the names that scaling laws and baselines look for.
    `alpha`, the fraction of noise, may be in percent throughout.
    Raises InputError, one sentence, for the first thing that cannot be used.
    """
    name = file.name
    long, values, notes = read_covariates(file)
    words = [str(word).strip() for word in long["checkpoint"]]
    subjects, unmatched = _subjects(store, words, name)
    if unmatched:
        raise _unknown(unmatched, name)
    rows = [
        {
            "subject": subjects[word][0],
            "name": subjects[word][1],
            "covariate": str(row["covariate"]).strip(),
            "value": value,
            "source": str(row.get("source") or f"imported from {name}"),
            "origin": "imported",
        }
        for word, row, value in zip(words, long.to_dict("records"), values, strict=True)
    ]
    key = ("subject", "covariate", "source")
    if (twice := _repeated(rows, key)) is not None:
        raise InputError(
            f"{name} gives {twice['name']} two values for {twice['covariate']}: keep one, or tell them apart "
            "by source."
        )
    _refuse_published(store, "covariates", rows, key, name, "covariate")
    store.add("covariates", rows)
    store.ingest()
    return Imported(len(rows), notes)


def _repeated(rows: list[dict[str, Any]], key: Iterable[str]) -> dict[str, Any] | None:
    """The first row whose key an earlier one has; None: there is none."""
    seen = set()
    for row in rows:
        one = tuple(row[column] for column in key)
        if one in seen:
            return row
        seen.add(one)
    return None


def _refuse_published(
    store: Store, table: str, rows: list[dict[str, Any]], key: tuple[str, ...], name: str, what: str
) -> None:
    published = store.query(f"SELECT {', '.join(key)} FROM {table} WHERE origin = 'published'")
    keys = {tuple(row[column] for column in key) for row in rows}
    if clash := set(published.itertuples(index=False, name=None)) & keys:
        raise InputError(
            f"{name} would replace a published {what} ({', '.join(min(clash))}): name your own source for it."
        )


def _subjects(store: Store, words: Iterable[str], name: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """({what files call a checkpoint: (subject, name in the store)}, names that none has).

    A name that none has stands for itself, so that its scores are found once such a checkpoint is measured.
    """
    called, names, published = _called(store)
    asked = list(dict.fromkeys(words))
    matches = match(asked, called, published)
    paths = {word: str(Path(word).expanduser().resolve()) for word in matches.unmatched}
    by_path = match(paths.values(), called)
    subjects = dict(matches.found)
    subjects |= {word: by_path.found[path] for word, path in paths.items() if path in by_path.found}
    if matches.ambiguous:
        word, meant = min(matches.ambiguous.items())
        raise InputError(
            f"{name} names {word}, which {len(meant)} checkpoints are called: give one of {', '.join(meant)}."
        )
    unmatched = [word for word in asked if word not in subjects]
    if not subjects:
        raise _unknown(unmatched, name)
    return {word: (subject, names[subject]) for word, subject in subjects.items()} | {
        word: (word, word) for word in unmatched
    }, unmatched


def _unknown(words: Iterable[str], name: str) -> InputError:
    return InputError(
        f"{name} names checkpoints that the store does not know ({first_few(sorted(words), NAMED)}): measure "
        "them first, or use a name that `cli.py export` gives."
    )


def _called(store: Store) -> tuple[dict[str, set[str]], dict[str, str], set[str]]:
    """({subject: everything it is called}, {subject: its name}, subjects that are published)."""
    called: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    published = set()
    rows = store.query("SELECT subject, name, path, source, origin FROM checkpoints")
    for subject, name, path, source, origin in rows.itertuples(index=False):
        words = {word for word in (name, path) if isinstance(word, str)}
        called[subject] = words | (set(MINILM_NAMES) if source == "package" else set())
        names[subject] = name
        if origin == "published":
            published.add(subject)
    for subject, name, path in store.query("SELECT subject, name, path FROM names").itertuples(index=False):
        if subject in called:
            called[subject] |= {name, path}
    return called, names, published
