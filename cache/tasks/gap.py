"""The dispersion gap of a checkpoint, remembered: some hundred rows are read once, and never again.

A gap is identified by the checkpoint's fingerprint, the words of both sets (by content, not by name), how
words become tokens, the seed and GAP_VERSION. Its two sums stand in `measurements`, the whole of it (parts,
words used and left out, resamples) in `gaps`.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import Remembered, now
from cache.requests import Gap, Progress, Subject
from cache.store import Store
from cache.tasks import Page, Task
from core.errors import InputError
from core.measures.families.gap import DISTANCES, gap
from core.token_sets import TokenSet, random_size
from core.token_sets.comparison import are_tied
from core.token_sets.resolving import Resolved, Skipped, Used, draw, resolve
from core.weights.ranges import Traffic

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

GAP_VERSION = 1
PARTS = ("within_domain", "within_reference", "between", "gap", "se")
SMALL = 2**28  # bytes of weights that are read through in a moment


@dataclass(frozen=True)
class Source:
    """A checkpoint as the gap needs it: who it is, its tokenizer's folder, and a way to rows of its matrix.

    rows: how many the matrix has. read: ids → (vectors float32 (len(ids), d), bytes read, requests).
    """

    fingerprint: str
    name: str
    tokenizer: Path
    row: dict[str, Any]
    rows: int
    read: Callable[[Sequence[int]], tuple["np.ndarray", int, int]]
    note: str | None
    opened: Traffic  # what was read to make the checkpoint out


def gap_for(
    store: Store,
    name: str,
    request: Gap,
    progress: Progress | None = None,
    *,
    revision: str | None = None,
    roots: Iterable[Path] | None = None,
) -> dict[str, Any]:
    """The gap of one checkpoint (a folder, a hub id, or minilm), from the store where it is known.

    Returns what `cli.py gap --json` gives for it: {"subject", "fingerprint", "domain", "reference", "cosine":
    {"within_domain", "within_reference", "between", "gap", "se"}, "euclidean": {…}, "domain_ids",
    "reference_ids", "skipped": [{"word", "set", "reason"}], "bytes_read", "requests", "cached", "seconds",
    "note", "parameters", "seed"}. Bytes and requests are those of this call, headers included: none
    where it was known.
    roots: folders that a local checkpoint must lie under; None: anywhere.
    Errors: InputError, one sentence; nothing is stored then.
    """
    started = time.perf_counter()
    tell = progress or (lambda stage, done, total, unit: None)
    tell("reading the checkpoint", 0, 0, "")
    source = _source(store, name, revision, roots)
    store.ingest()
    found = _stored(store, source.fingerprint, request)
    cached = found is not None
    if found is None:
        found = _compute(source, request, tell)
        seconds = time.perf_counter() - started
        _remember(store, source, request, found, seconds)
    return {
        "subject": name,
        "fingerprint": source.fingerprint,
        "domain": request.names[0],
        "reference": request.names[1],
        **{key: {part: found[key][part] for part in PARTS} for key in DISTANCES},
        "domain_ids": _ids(found["domain_words"]),
        "reference_ids": _ids(found["reference_words"]),
        "skipped": found["skipped"],
        "bytes_read": source.opened.bytes_read + (0 if cached else found["bytes_read"]),
        "requests": source.opened.requests + (0 if cached else found["requests"]),
        "cached": cached,
        "seconds": time.perf_counter() - started,
        "note": found["note"],
        "parameters": request.parameters,
        "seed": request.seed,
    }


def expand(names: Iterable[str]) -> list[str]:
    """Names of checkpoints, a folder of checkpoints standing for every one under it; each once, in order.

    Errors: InputError for a folder without any.
    """
    from core.checkpoints.resolve import find

    found: dict[str, None] = {}
    for name in names:
        folder = Path(name).expanduser()
        if folder.is_dir() and not (folder / "config.json").is_file():
            under = find([folder])
            if not under:
                raise InputError(
                    f"{name} holds no checkpoint, nor do the folders in it: give folders with config.json "
                    "and model.safetensors."
                )
            found.update(dict.fromkeys(map(str, under)))
        else:
            found[name] = None
    return list(found)


def tied_pairs(store: Store, results: Sequence[dict[str, Any]], distance: str) -> list[tuple[int, int]]:
    """Pairs (by position, i < j) of results of `gap_for` whose gaps in `distance` cannot be told apart.

    Where both checkpoints have the same words, their difference is taken word by word (the resamples are
    paired), else their errors are added.
    """
    details = [_details(store, r["fingerprint"], r["parameters"], r["seed"]) for r in results]
    return [
        (i, j)
        for (i, a), (j, b) in combinations(enumerate(details), 2)
        if a is not None and b is not None and are_tied(a, b, distance)
    ]


def measured(store: Store) -> "pd.DataFrame":
    """Every gap measured here, newest last: one row each, with the name of its checkpoint.

    Columns: subject, name, path, parameters, seed, domain, reference, created_at, `{distance}_{part}` for
    DISTANCES and PARTS, and details (with resamples, and the words used and left out).
    """
    rows = store.query(
        "SELECT gaps.subject, name, path, gaps.parameters, seed, domain, reference, created_at, details "
        "FROM gaps JOIN checkpoints USING (subject) WHERE version = ? ORDER BY created_at",
        [GAP_VERSION],
    )
    rows["details"] = rows["details"].map(json.loads)
    for distance in DISTANCES:
        for part in PARTS:
            rows[f"{distance}_{part}"] = [float(found[distance][part]) for found in rows["details"]]
    return rows


def _compute(source: Source, request: Gap, tell: Progress) -> dict[str, Any]:
    """Tokens, rows, distances: the content of `gaps.details`."""
    import numpy as np

    from core.token_sets.vocabularies import Vocabulary

    tell("finding the tokens", 0, 0, "")
    vocabulary = Vocabulary.read(source.tokenizer, source.name)
    options: dict[str, Any] = {"form": request.form, "cases": request.cases, "several": request.several}
    domain = resolve(request.domain, vocabulary, rows=source.rows, **options)
    _enough(source.name, "domain", request.domain, domain)
    if isinstance(request.reference, str):
        count = random_size(request.reference) or 0
        reference = draw(vocabulary, count, seed=request.seed, rows=source.rows, taken=domain.ids)
    else:
        reference = resolve(request.reference, vocabulary, rows=source.rows, taken=domain.ids, **options)
        _enough(source.name, "reference", request.reference, reference)
    ids = sorted({*domain.ids, *reference.ids})
    tell("reading rows", 0, len(ids), "rows")
    vectors, bytes_read, requests = source.read(ids)
    place = {number: index for index, number in enumerate(ids)}

    def rows(words: Sequence[Used]) -> "np.ndarray":
        return np.array([vectors[[place[n] for n in used.ids]].astype(np.float64).mean(0) for used in words])

    used, skipped, matrices = {}, [], {}
    for key, resolved in (("domain", domain), ("reference", reference)):
        matrix = rows(resolved.used)
        kept = np.linalg.norm(matrix, axis=1) > 0
        zero = [
            Skipped(word.word, "has a row of zeros")
            for word, k in zip(resolved.used, kept, strict=True)
            if not k
        ]
        used[key] = [word for word, k in zip(resolved.used, kept, strict=True) if k]
        matrices[key] = matrix[kept]
        skipped += [{"word": s.word, "set": key, "reason": s.reason} for s in (*resolved.skipped, *zero)]
    tell("measuring distances", 0, 0, "")
    measured = gap(matrices["domain"], matrices["reference"], seed=request.seed)
    return {
        **{
            key: {part: getattr(found, part) for part in PARTS}
            | {"resamples": [float(f"{value:.7g}") for value in found.resamples]}
            for key, found in measured.items()
        },
        **{
            f"{key}_words": [[w.word, list(w.pieces), list(w.ids)] for w in words]
            for key, words in used.items()
        },
        "skipped": skipped,
        "bytes_read": bytes_read,
        "requests": requests,
        "d": int(vectors.shape[1]),
        "note": " ".join(filter(None, [source.note, *_thin(source.name, used, request)])) or None,
    }


def _thin(name: str, used: dict[str, list[Used]], request: Gap) -> list[str]:
    """Warnings where less than half of a set's words are left, or fewer tokens than were to be drawn."""
    asked = {"domain": request.domain, "reference": request.reference}
    wanted = 0 if isinstance(request.reference, TokenSet) else random_size(request.reference) or 0
    short = len(used["reference"]) < wanted
    drawn = f"The vocabulary of {name} has only {len(used['reference'])} tokens to draw {wanted} from."
    return [drawn] * short + [
        f"Only {len(used[key])} of the {len(chosen.words)} words in {chosen.name} are counted for {name}."
        for key, chosen in asked.items()
        if isinstance(chosen, TokenSet) and len(used[key]) < len(chosen.words) / 2
    ]


def _enough(name: str, which: str, asked: TokenSet, resolved: Resolved) -> None:
    if len(resolved.used) >= 2:
        return
    remedy = "random:300 as the reference" if which == "reference" else "another domain"
    raise InputError(
        f"The tokenizer of {name} has a single token for {len(resolved.used)} of the {len(asked.words)} "
        f"words in {asked.name}, and two are needed: give {remedy}, or average words of several tokens."
    )


def _ids(words: list[list[Any]]) -> list[int]:
    return list(dict.fromkeys(number for _, _, ids in words for number in ids))


def _stored(store: Store, fingerprint: str, request: Gap) -> dict[str, Any] | None:
    return _details(store, fingerprint, request.parameters, request.seed)


def _details(store: Store, fingerprint: str, parameters: str, seed: int) -> dict[str, Any] | None:
    rows = store.query(
        "SELECT details FROM gaps WHERE subject = ? AND parameters = ? AND seed = ? AND version = ?",
        [fingerprint, parameters, seed, GAP_VERSION],
    )
    return None if rows.empty else json.loads(rows["details"].iloc[0])


def _remember(store: Store, source: Source, request: Gap, found: dict[str, Any], seconds: float) -> None:
    key = {
        "subject": source.fingerprint,
        "parameters": request.parameters,
        "seed": request.seed,
        "version": GAP_VERSION,
    }
    if store.query("SELECT 1 FROM checkpoints WHERE subject = ?", [source.fingerprint]).empty:
        store.add("checkpoints", [source.row | {"added_at": now()}])
    rows = [
        key
        | {
            "cloud": "",
            "measure": f"gap_{distance}",
            "value": found[distance]["gap"],
            "standard_error": found[distance]["se"],
            "note": f"{request.names[0]} against {request.names[1]}",
            "n": len(found["domain_words"]) + len(found["reference_words"]),
            "d": found["d"],
            "seconds": seconds,
            "origin": "measured",
            "created_at": now(),
        }
        for distance in DISTANCES
    ]
    # Last, so that a gap found in `gaps` always has its rows in `measurements`.
    store.add("measurements", rows)
    domain, reference = request.names
    entry = {"domain": domain, "reference": reference, "details": json.dumps(found), "created_at": now()}
    store.add("gaps", [key | entry])
    store.ingest()


def _source(store: Store, name: str, revision: str | None, roots: Iterable[Path] | None) -> Source:
    """The checkpoint, its weights unread: a small one on this machine by content, so that it is one with
    what else was measured of it.
    """
    from core.checkpoints import output_embedding as weights
    from core.checkpoints.resolve import resolve as resolve_checkpoint
    from core.checkpoints.resolve import resolve_unread
    from core.weights.tensor_files import weight_files

    digests = Remembered(store.folder / "digests")
    known: dict[str, Any] = {"roots": roots, "revision": revision, "digests": digests}
    checkpoint = resolve_unread(name, **known)
    if not checkpoint.remote and _size(weight_files(checkpoint.folder)) <= SMALL:
        checkpoint = resolve_checkpoint(name, **known)
    at = weights.output_embedding(checkpoint)
    row = asdict(checkpoint.facts) | {
        "subject": checkpoint.fingerprint,
        "name": checkpoint.name,
        "origin": "measured",
        "source": checkpoint.source,
        "path": None if checkpoint.remote else str(checkpoint.folder),
        "revision": checkpoint.revision,
    }

    def read(ids: Sequence[int]) -> tuple["np.ndarray", int, int]:
        rows = weights.read_rows(at, ids)
        return rows.vectors, rows.bytes_read, rows.requests

    return Source(
        checkpoint.fingerprint,
        checkpoint.name,
        tokenizer=checkpoint.folder,
        row=row,
        rows=at.shape[0],
        read=read,
        note=at.note,
        opened=checkpoint.opened,
    )


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def run(
    store: Store, subject: Subject, request: Gap, progress: Progress, roots: Iterable[Path] | None
) -> Any:
    """`gap_for` for a piece of a job."""
    name = subject.path or subject.name
    return gap_for(store, name, request, progress, revision=subject.revision, roots=roots)


def title(request: Gap, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: how many checkpoints, and the two sets."""
    many = f"{len(subjects)} checkpoints" if len(subjects) > 1 else Path(subjects[0].name).name
    return f"Token gap of {many}: {request.names[0]} against {request.names[1]}"


TASK = Task(
    name="gap",
    request=Gap,
    run=run,
    verb="Measuring the token gap of",
    title=title,
    page=lambda request: Page("token_gap", "Token gap"),
)
