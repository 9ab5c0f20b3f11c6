"""The file that says what a job is to do: written in one format, read in every earlier one.

Format 2: {"format": 2, "title", "submitted_at", "roots", "requests": [{"task": its name, "request": its
fields}…], "pieces": [{"request": which of them, by position, "kind": "named" or "vectors", "subject": its
fields}…]}. Files of the first format carry no number: one `settings` for all `subjects`, whose kind says what
is done with them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache import tasks
from cache.documents import from_json, to_json
from cache.requests import (
    CellStudy,
    Gap,
    GlueRun,
    Measure,
    Pretrain,
    Request,
    Settings,
    Subject,
    TextSample,
    Vectors,
)

FORMAT = 2
FILE = "its file"  # what messages call it
SUBJECTS: dict[str, type[Subject]] = {"named": Subject, "vectors": Vectors}

Asked = tuple[Request, Subject]


@dataclass(frozen=True)
class JobFile:
    """What a job is to do. submitted_at: UTC, ISO 8601. roots: where local checkpoints must lie; None:
    anywhere. asked: each piece's request and subject.
    """

    title: str
    submitted_at: str
    roots: list[str] | None
    asked: list[Asked]


class Unreadable(Exception):  # noqa: N818 (a state of a file that is shown, not a defect)
    """A job file that cannot be read: says in a few words why."""


def content_of(job: JobFile) -> dict[str, Any]:
    """The JSON of a job's file, in the newest format."""
    requests: list[Request] = []
    for request, _ in job.asked:
        if request not in requests:
            requests.append(request)
    return {
        "format": FORMAT,
        "title": job.title,
        "submitted_at": job.submitted_at,
        "roots": job.roots,
        "requests": [
            {"task": tasks.task_of(request).name, "request": to_json(request)} for request in requests
        ],
        "pieces": [
            {
                "request": requests.index(request),
                "kind": next(kind for kind, cls in SUBJECTS.items() if type(subject) is cls),
                "subject": to_json(subject),
            }
            for request, subject in job.asked
        ],
    }


def read(path: Path) -> JobFile | None:
    """The job that a file asks for, or None where there is no file.

    Errors: Unreadable for damage, another version's format, and kinds of jobs that are not known.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unreadable(f"{FILE} cannot be opened ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{FILE} is damaged") from error
    try:
        return _read(content)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def submitted_at(folder: Path) -> str:
    """When a job whose file cannot be read was submitted, as its folder's name says, else its time."""
    try:
        when = datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        when = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return when.isoformat(timespec="microseconds")


@dataclass(frozen=True)
class _Head:
    """What the files of all formats have in common."""

    submitted_at: str
    roots: list[str] | None
    title: str = ""


@dataclass(frozen=True)
class _Asked:
    task: str
    request: dict[str, Any]


@dataclass(frozen=True)
class _Piece:
    request: int
    subject: dict[str, Any]
    kind: str = "named"


@dataclass(frozen=True)
class _Second:
    """The rest of a file of the second format."""

    requests: list[_Asked]
    pieces: list[_Piece]


@dataclass(frozen=True)
class _FirstSubject:
    kind: str
    name: str
    path: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class _First:
    """The rest of a file of the first format."""

    settings: dict[str, Any]
    subjects: list[_FirstSubject]


def _read(content: Any) -> JobFile:
    if not isinstance(content, dict):
        raise ValueError(f"{FILE} holds no job")
    number = content.get("format", 1)
    if number not in (1, FORMAT):
        raise ValueError(f"it has format {number}, and this version reads up to {FORMAT}")
    head = from_json(_Head, content, FILE)
    try:
        datetime.fromisoformat(head.submitted_at)
    except ValueError as error:
        raise ValueError(f"{FILE}.submitted_at is {head.submitted_at}") from error
    asked = _second(content) if number == FORMAT else _first(content)
    if not asked:
        raise ValueError("it names no subject")
    return JobFile(head.title, head.submitted_at, head.roots, asked)


def _second(content: dict[str, Any]) -> list[Asked]:
    body = from_json(_Second, content, FILE)
    requests = []
    for one in body.requests:
        if one.task not in tasks.registry():
            raise ValueError(f"this version knows no job of the kind {one.task}")
        requests.append(from_json(tasks.registry()[one.task].request, one.request))
    for piece in body.pieces:
        if piece.kind not in SUBJECTS or not 0 <= piece.request < len(requests):
            raise ValueError("one of its pieces names no request, or no kind of subject")
    return [(requests[one.request], from_json(SUBJECTS[one.kind], one.subject)) for one in body.pieces]


def _first(content: dict[str, Any]) -> list[Asked]:
    body = from_json(_First, content, FILE)
    asked = []
    for one in body.subjects:
        if one.kind not in _FIRST_KINDS:
            raise ValueError(f"this version knows no job of the kind {one.kind}")
        subject = SUBJECTS.get(one.kind, Subject)(one.name, path=one.path, revision=one.revision)
        asked.append((_FIRST_KINDS[one.kind](body.settings), subject))
    return asked


def _measuring(settings: dict[str, Any]) -> Request:
    measured = from_json(Settings, settings)
    if settings.get("study") is None:
        return Measure(measured)
    return from_json(CellStudy, {"settings": to_json(measured), "plan": settings["study"]})


def _fine_tuning(settings: dict[str, Any]) -> Request:
    asked = settings.get("glue")
    shared = {"device": from_json(Settings, settings).device}
    return from_json(GlueRun, shared | asked if isinstance(asked, dict) else shared)


_FIRST_KINDS: dict[str, Callable[[dict[str, Any]], Request]] = {  # of subjects in files of the first format
    "checkpoint": _measuring,
    "vectors": _measuring,
    "corpus": lambda settings: from_json(TextSample, settings),
    "gap": lambda settings: from_json(Gap, settings.get("gap")),
    "glue": _fine_tuning,
    "pretrain": lambda settings: from_json(Pretrain, settings),
}
