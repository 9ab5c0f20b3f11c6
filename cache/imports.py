"""Scores and covariates of one's own, out of files: whole, or not at all.

Each refusal is one sentence that names the file, the thing and the remedy. A value imported again takes the
place of the earlier one; what is published is never replaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cache import limited
from cache.files import now
from cache.import_names import NAMED, Named, named, unknown
from cache.store import Store
from core.errors import InputError
from core.formatting import first_few
from core.scores.covariates import CovariateFile, look_at_covariates
from core.scores.files import ScoreFile, look_at_scores, score_files

IDENTITY = ("subject", "benchmark", "task", "metric", "split")  # of a score
KEY = (*IDENTITY, "source")


@dataclass(frozen=True)
class Imported:
    """What an import has done."""

    count: int  # values taken in
    notes: list[str] = field(default_factory=list)  # a sentence each: how files were read, what was replaced
    unmatched: list[str] = field(default_factory=list)  # names that no checkpoint in the store has


@dataclass(frozen=True)
class Preview:
    """What an import would take in, and everything that is in its way.

    rows: of the store's table; beside its columns `given`, the checkpoint as the file calls it, `place`,
    where the value stands in the file, and `known`, whether the store has that checkpoint. problems: a
    sentence each; nothing is taken in while there is one. alike: a name that no checkpoint has → one that
    resembles it.
    """

    table: str  # "scores" or "covariates"
    rows: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    alike: dict[str, str] = field(default_factory=dict)


def sentences(done: Imported) -> list[str]:
    """What a person should know of an import beside the number of values."""
    if not done.unmatched:
        return done.notes
    names = first_few(done.unmatched, NAMED)
    return [*done.notes, f"No measured checkpoint is called {names}: measure it, and its scores count."]


def take_in(store: Store, preview: Preview) -> Imported:
    """Add what a preview holds to the store. Raises InputError, one sentence, for its first problem."""
    if preview.problems:
        raise InputError(preview.problems[0])
    moment = now()
    beside = {"given", "place", "known"}
    rows = [{key: value for key, value in row.items() if key not in beside} for row in preview.rows]
    if preview.table == "scores":
        rows = [row | {"added_at": moment + timedelta(microseconds=n)} for n, row in enumerate(rows)]
    store.add(preview.table, rows)
    store.ingest()
    return Imported(len(rows), preview.notes, preview.unmatched)


def import_scores(
    store: Store,
    files: Path | Sequence[Path],
    *,
    checkpoint: str | None = None,
    benchmark: str | None = None,
    metric: str | None = None,
) -> Imported:
    """Take in files of scores, whole or not at all; arguments as of `preview_scores`.

    Raises InputError, one sentence, for the first thing that cannot be used.
    """
    options = {"checkpoint": checkpoint, "benchmark": benchmark, "metric": metric}
    return take_in(store, preview_scores(store, files, **options))


def preview_scores(
    store: Store,
    files: Path | Sequence[Path],
    *,
    checkpoint: str | None = None,
    benchmark: str | None = None,
    metric: str | None = None,
) -> Preview:
    """What importing files of scores would take in.

    Arguments:
        files: tables, result files of lm-evaluation-harness or MTEB, or folders of such; `core.scores.files`
            says what they hold. Accuracies and the like are kept as fractions.
        checkpoint, benchmark, metric: what holds where a file does not say it.

    The newest value of a checkpoint's score counts: of several files the one made last, of several imports
    the last. Scores of names that no checkpoint in the store has are kept for when it is measured, unless
    none of the names is known.
    Raises InputError, one sentence, for a file that cannot be used at all.
    """
    given = {"checkpoint": checkpoint, "benchmark": benchmark, "metric": metric}
    read = _scores([files] if isinstance(files, Path) else list(files), given)
    name = first_few([file.name for file in read], 2)
    names = named(store, [str(row["checkpoint"]) for file in read for row in file.rows], name)
    notes = [note for file in read for note in file.notes]
    problems = [problem for file in read for problem in file.problems]
    problems += _of_names(names, name, all_known=False)
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for file in sorted(read, key=lambda file: file.made_at):
        made, repeated, twice = _score_rows(file, names)
        notes += repeated
        problems += twice
        notes += _older(rows, made, file)
        rows = {key: row for key, row in rows.items() if key[:-1] not in {one[:-1] for one in made}} | made
    problems += _over_published(store, "scores", list(rows.values()), KEY, name, "score")
    notes += _replaced(store, rows)
    kept = [{column: value for column, value in row.items() if column != "file"} for row in rows.values()]
    return Preview("scores", kept, problems, notes, names.unmatched, names.alike)


def _scores(paths: list[Path], given: dict[str, str | None]) -> list[ScoreFile]:
    """What files hold, read in a process of its own where they are not small."""
    if limited.harmless(paths):
        return [look_at_scores(path, **given) for path in score_files(paths)]
    name, size = first_few([path.name for path in paths], 2), limited.size_of(paths)
    read = limited.read("scores", name, size, files=[str(path.absolute()) for path in paths], given=given)
    return [ScoreFile(**file) for file in read]


def _covariates(path: Path) -> CovariateFile:
    if limited.harmless([path]):
        return look_at_covariates(path)
    read = limited.read("covariates", path.name, limited.size_of([path]), file=str(path.absolute()))
    return CovariateFile(**read)


def _of_names(names: Named, file: str, *, all_known: bool) -> list[str]:
    """A sentence for each name that means several checkpoints, and one where too many mean none.

    all_known: whether every name must mean one; else one of them must.
    """
    unmatched = names.unmatched
    lacking = bool(unmatched) and (all_known or len(names.subjects) == len(unmatched))
    return [*names.ambiguous.values(), *([unknown(unmatched, file)] if lacking else [])]


def _score_rows(
    file: ScoreFile, names: Named
) -> tuple[dict[tuple[str, ...], dict[str, Any]], list[str], list[str]]:
    """({key: row of the store}, notes, problems) of one file; without names that mean several checkpoints."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    again, problems = 0, []
    for given in file.rows:
        if (word := str(given["checkpoint"])) in names.ambiguous:
            continue
        subject, called = names.subjects[word]
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
            "given": word,
            "place": given["place"],
            "known": word not in names.unmatched,
        }
        key = tuple(row[column] for column in KEY)
        if key in rows and rows[key]["value"] != row["value"]:
            problems.append(
                f"{file.name} gives {row['name']} two values for {row['benchmark']} {row['task']} "
                f"({row['metric']}): keep one, or tell them apart by split or source."
            )
            continue
        again += key in rows
        rows[key] = row
    notes = [f"{file.name} says {again} of its scores twice: each counts once."] if again else []
    return rows, notes, problems


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
    """Take in a table of covariates, whole or not at all: see `preview_covariates`.

    Raises InputError, one sentence, for the first thing that cannot be used.
    """
    return take_in(store, preview_covariates(store, file))


def preview_covariates(store: Store, file: Path) -> Preview:
    """What importing a table of covariates would take in.

    Either one value a row, with the columns checkpoint, covariate, value, or one checkpoint a row, with the
    column checkpoint and one column a covariate, where an empty cell means not known; optional in both:
    source. `training_tokens` and `training_compute` are the names that scaling laws and baselines look for.
    `alpha`, the fraction of noise, may be in percent throughout.
    Raises InputError, one sentence, for a file that cannot be used at all.
    """
    read = _covariates(file)
    names = named(store, [row["checkpoint"] for row in read.rows], file.name)
    rows = [
        {
            "subject": names.subjects[row["checkpoint"]][0],
            "name": names.subjects[row["checkpoint"]][1],
            "covariate": row["covariate"],
            "value": row["value"],
            "source": str(row.get("source") or f"imported from {file.name}"),
            "origin": "imported",
            "given": row["checkpoint"],
            "place": row["place"],
            "known": row["checkpoint"] not in names.unmatched,
        }
        for row in read.rows
        if row["checkpoint"] not in names.ambiguous
    ]
    problems = [*read.problems, *_of_names(names, file.name, all_known=True)]
    key = ("subject", "covariate", "source")
    kept: dict[tuple[str, ...], dict[str, Any]] = {}
    problems += [
        f"{file.name} gives {row['name']} two values for {row['covariate']}: keep one, or tell them apart by "
        "source."
        for row in rows
        if kept.setdefault(tuple(row[column] for column in key), row) is not row
    ]
    rows = list(kept.values())
    problems += _over_published(store, "covariates", rows, key, file.name, "covariate")
    return Preview("covariates", rows, problems, read.notes, names.unmatched, names.alike)


def _over_published(
    store: Store, table: str, rows: list[dict[str, Any]], key: tuple[str, ...], name: str, what: str
) -> list[str]:
    """A sentence for each row that would take the place of a published one."""
    published = store.query(f"SELECT {', '.join(key)} FROM {table} WHERE origin = 'published'")
    keys = {tuple(row[column] for column in key) for row in rows}
    return [
        f"{name} would replace a published {what} ({', '.join(clash)}): name your own source for it."
        for clash in sorted(set(published.itertuples(index=False, name=None)) & keys)
    ]
