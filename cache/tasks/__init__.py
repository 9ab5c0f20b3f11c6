"""The kinds of jobs: one module each, whose TASK says how it runs, its title, its verb, its result's page.

A module in this folder that defines TASK is a kind of job; nothing else lists it. Worker, queue, pages and
commands ask `task_of(request)`. Modules here import what is heavy inside their functions, since every page
reads this registry.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.requests import Request, Subject
from core.formatting import first_few

if TYPE_CHECKING:
    from cache.results import Result
    from cache.store import Store

    Asked = tuple[Request, Subject]


@dataclass(frozen=True)
class Page:
    """A page: its file in pages/, without the ending, what the navigation calls it, its tab and its view."""

    file: str
    title: str
    tab: str = ""
    view: str = ""

    @property
    def address(self) -> dict[str, str]:
        """What names tab and view in the address; a view is the value of its tab's name."""
        return ({"tab": self.tab} if self.tab else {}) | ({self.tab: self.view} if self.view else {})


def called(subject: Subject) -> str:
    """A subject as people call it: the last folder of a path, a hub id or a file name as it is."""
    from core.checkpoints.resolve import MINILM

    if subject.name == MINILM:
        return "all-MiniLM-L6-v2"
    return subject.name.rstrip("/").rpartition("/")[2] if subject.name.startswith("/") else subject.name


def first_and_more(request: Request, subjects: Sequence[Subject]) -> str:
    """A title: the first subject, and how many more there are."""
    return first_few(Path(subject.name).name for subject in subjects)


@dataclass(frozen=True)
class Task:
    """One kind of job.

    Attributes:
        name: what job files call it; never changes.
        request: the dataclass that asks for it.
        run: run(store, subject, request, progress, roots) carries out one piece and returns what the command
            prints of it, or None. `progress(stage, done, total, unit)` may raise to stop the work. roots:
            folders that a local checkpoint must lie under; None: anywhere. An InputError is the sentence to
            show; nothing is stored then.
        verb: begins the sentences about a piece: "Measuring" X failed.
        title: title(request, subjects) of a job that was given none.
        page: page(request), where its result is shown; None: nowhere by itself.
        remedy: what to do when memory runs out.
        check: check(request) raises InputError for what cannot be done, before it is queued.
        also: also(store, request, subjects) gives what is carried out after them in the same job.
        called: called(subject), a subject as people call it.
        listed: whether a job stays on the list once it is done; False where its page shows the result anyway.
    """

    name: str
    request: type[Request]
    run: "Callable[[Store, Subject, Any, Any, Iterable[Path] | None], Result | None]"
    verb: str
    title: Callable[[Any, Sequence[Subject]], str] = first_and_more
    page: Callable[[Any], Page | None] = lambda request: None
    remedy: str = "free some"
    check: Callable[[Any], object] = lambda request: None
    also: "Callable[[Store, Any, Sequence[Subject]], list[Asked]]" = lambda store, request, subjects: []
    called: Callable[[Subject], str] = field(default=called)
    listed: bool = True


@cache
def registry() -> dict[str, Task]:
    """Every kind of job, by the name that job files give it."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    tasks = [module.TASK for module in modules if hasattr(module, "TASK")]
    return {task.name: task for task in tasks}


def task_of(request: Request) -> Task:
    """The kind of job that a request asks for."""
    return {task.request: task for task in registry().values()}[type(request)]
