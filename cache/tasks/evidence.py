"""Evidence as a job: every measure against one score, kept where the page Evidence reads it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cache import evidence
from cache.requests import Progress, Request, Subject
from cache.store import Store
from cache.tasks import Page, Task


@dataclass(frozen=True)
class Evidence(Request):
    """Correlate every measure with a score, the subject's name.

    checkpoints: a set that `cache.evidence.choices` names. covariates: what to control for; none: all that
    are known. key: of what it rests on (`cache.evidence.key`) when it was asked for, which tells requests
    apart once the store has changed.
    """

    checkpoints: str = evidence.ALL
    covariates: tuple[str, ...] = ()
    key: str = ""


def run(
    store: Store, subject: Subject, request: Evidence, progress: Progress, roots: Iterable[Path] | None
) -> None:
    """Compute and keep it, for what the store holds now."""
    data = evidence.material(store)
    asked = (subject.name, request.checkpoints, request.covariates)
    name = evidence.key(data, *asked)

    def tell(done: int, total: int) -> None:
        progress("correlating measures with the score", done, total, "measures")

    evidence.save(store, name, evidence.compute(data, *asked, tell))


def called(subject: Subject) -> str:
    """The score by its title."""
    from core.measures.titles import title_of

    return title_of(subject.name)


def title(request: Evidence, subjects: Sequence[Subject]) -> str:
    """Of a job: the score."""
    return f"Evidence: {called(subjects[0])}"


TASK = Task(
    name="evidence",
    request=Evidence,
    run=run,
    verb="Correlating measures with",
    title=title,
    page=lambda request: Page("trust", "Trust", "evidence"),
    called=called,
    listed=False,
)
