"""Measuring the checkpoints of a reference from the hub, on a disk that could not hold all of them.

Each is downloaded into the store's folder, measured as any other, and its weights are deleted. Of one that is
in the hub's own cache nothing is downloaded and nothing deleted. Where only the output-embedding matrix is
needed, only its bytes are fetched. One that cannot be had fails with its sentence, and the job goes on.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cache import checkpoints, downloads, references
from cache.files import Remembered
from cache.measuring import plan as plans
from cache.requests import Progress, Request, Settings, Subject
from cache.results import Measured
from cache.store import Store
from cache.tasks import Page, Task, text_sample
from cache.tasks.measure import is_known, measure_plan
from core.errors import InputError
from core.formatting import short_number
from core.reference.members import members

if TYPE_CHECKING:
    from core.hub.listing import Listing

GB = 10**9
OVERHEAD = 2**16  # bytes of what a cache holds beside the files


@dataclass(frozen=True)
class ReferenceBuild(Request):
    """Measure checkpoints of a reference.

    max_parameters: larger ones are left out; None: none is. disk_budget: bytes that downloaded weights take
    at a time. keep_weights: they are moved to the hub's own cache and count against the budget from then on.
    """

    reference: str
    settings: Settings
    max_parameters: int | None = None
    disk_budget: int = 20 * GB
    keep_weights: bool = False


def check(request: ReferenceBuild) -> None:
    """InputError for an unknown reference or measure, and for a budget that nothing fits in."""
    from core.measures import select

    members(request.reference)
    select(request.settings.measures)
    if request.disk_budget < 1:
        raise InputError("A disk budget of nothing holds no weights: give --disk-budget in GB, such as 20.")


def run(
    store: Store,
    subject: Subject,
    request: ReferenceBuild,
    progress: Progress,
    roots: Iterable[Path] | None = None,
) -> Measured:
    """Measure one checkpoint, named by its hub id.

    Errors: InputError, one sentence, for one that is left out.
    """
    from core.hub.listing import listing
    from core.hub.patience import patiently
    from core.hub.remote import is_off

    if is_off():
        raise InputError(
            f"{subject.name} cannot be downloaded while the hub is off (HF_HUB_OFFLINE is set): unset it, "
            "and resume the job."
        )

    def wait(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            progress("waiting, since the hub was asked too often", 0, 0, "")
            time.sleep(min(left, downloads.POLL))

    progress("asking the hub", 0, 0, "")
    listed = patiently(subject.name, lambda: listing(subject.name, subject.revision), wait)
    most = request.max_parameters
    if most is not None and listed.parameters is not None and listed.parameters > most:
        raise InputError(
            f"{subject.name} was left out, since it has {short_number(listed.parameters)} parameters and at "
            f"most {short_number(most)} were asked for: give a larger --max-parameters."
        )
    with downloads.alone(store, subject.name, progress) as folder:
        started = time.perf_counter()
        store.ingest()
        if measured := _from_store(store, listed, request.settings, progress, started):
            return measured
        return patiently(
            subject.name, lambda: _measured(store, listed, request, progress, folder, started), wait
        )


def _measured(
    store: Store,
    listed: "Listing",
    request: ReferenceBuild,
    tell: Progress,
    folder: Path,
    started: float,
) -> Measured:
    """Download what is needed of one checkpoint, unless the hub's own cache has it, and measure it."""
    from core.checkpoints.config import check as check_config
    from core.checkpoints.resolve import resolve, resolve_remote
    from core.hub import snapshot
    from core.measures import select

    names = select(request.settings.measures)
    digests = Remembered(store.folder / "digests")
    place = snapshot.downloaded(listed)
    fetched, matrix = place is None, place is None and references.only_matrix(names)
    if fetched:
        needed = _matrix_bytes(listed, digests) + listed.small_bytes if matrix else listed.bytes
        downloads.reserve(store, folder, listed.name, needed + OVERHEAD, request.disk_budget, tell)
    if matrix:
        checkpoint = resolve_remote(listed.name, listed.commit, digests=digests, cache=folder / "hub")
        own = checkpoints.subject_of(store, checkpoint.fingerprint)
        checkpoint = replace(checkpoint, fingerprint=own)
    else:
        total = listed.bytes // 10**6
        place = place or snapshot.download(
            listed,
            folder / "hub",
            check=check_config,
            progress=lambda arrived: tell("downloading", arrived // 10**6, total, "MB"),
        )
        tell("reading the checkpoint", 0, 0, "")
        checkpoint = replace(resolve(str(place), digests=digests), name=listed.name, source="hub")
    row = checkpoints.row_of(checkpoint, listed.name) | {"path": None}
    plan = plans.of_resolved(store, checkpoint, row, request.settings, names, tell, folder)
    measured = measure_plan(store, listed.name, plan, request.settings, tell, started)
    checkpoints.rename(store, measured.fingerprint, listed.name)
    digests[_key(listed)] = measured.fingerprint
    if request.keep_weights and fetched and not matrix:
        kept = snapshot.keep(listed, folder / "hub")
        downloads.note_kept(store, listed.name, kept, listed.bytes)
    return measured


def _from_store(
    store: Store, listed: "Listing", settings: Settings, tell: Progress, started: float
) -> Measured | None:
    """What was measured of this commit before, without a download; None where something is lacking."""
    from core.checkpoints.architecture import Facts
    from core.checkpoints.resolve import Checkpoint
    from core.measures import select

    fingerprint = checkpoints.subject_of(store, Remembered(store.folder / "digests").get(_key(listed), ""))
    rows = store.query("SELECT * FROM checkpoints WHERE subject = ?", [fingerprint])
    if rows.empty:
        return None
    row = rows.astype(object).where(rows.notna(), None).iloc[0].to_dict()
    facts = Facts(**{field.name: row[field.name] for field in fields(Facts)})
    checkpoint = Checkpoint(
        listed.name, Path(), str(row["subject"]), "hub", listed.commit, facts, provisional=True
    )
    names = select(settings.measures)
    named = row | {"name": listed.name, "path": None}
    if not is_known(store, plans.of_resolved(store, checkpoint, named, settings, names, tell)):
        return None
    plan = plans.of_resolved(store, checkpoint, named, settings, names, tell)
    return measure_plan(store, listed.name, plan, settings, tell, started)


def _matrix_bytes(listed: "Listing", digests: Remembered) -> int:
    from core.checkpoints.remote_size import matrix_bytes

    size = matrix_bytes(listed.name, listed.commit, digests)
    return listed.bytes if size is None else size  # measuring will say that there is none


def _key(listed: "Listing") -> str:
    return f"reference|{listed.name}|{listed.commit}"


def title(request: ReferenceBuild, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Reference {request.reference}: {len(subjects)} checkpoint{'s' * (len(subjects) > 1)}"


def also(store: Store, request: ReferenceBuild, subjects: Sequence[Subject]) -> list[tuple[Request, Subject]]:
    """How far the text sample stands for the whole, where one is read."""
    from core.measures import select

    only = references.only_matrix(select(request.settings.measures))
    return [] if only else text_sample.beside(store, request.settings, subjects)


TASK = Task(
    name="reference_build",
    request=ReferenceBuild,
    run=run,
    verb="Measuring",
    title=title,
    page=lambda request: Page("shortlist", "Shortlist"),
    remedy="free some, or leave larger checkpoints out with --max-parameters",
    check=check,
    also=also,
)
