"""What nobody needs any more: half-written files of killed processes, and uploads that nothing refers to."""

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

HALF_WRITTEN = 3600.0  # seconds after which a temporary file is nobody's: writing one takes less
UNUSED = 7 * 86_400.0  # seconds that an upload, or a folder that a study works in, may still be needed
UPLOADS = ("uploads", "labelled", "questions")  # a file or folder of each is called by its content
EVERY = 3600.0  # seconds between two looks
MARK = "swept"  # the file whose time is that of the last look


def sweep(folder: Path, measured: Collection[str]) -> None:
    """Delete what is left over in a store's folder, where the last look is a while ago.

    measured: fingerprints that the store has rows of. An upload counts as needed, too, while a job names it.
    """
    now = time.time()
    mark = folder / MARK
    if mark.exists() and 0 <= now - mark.stat().st_mtime < EVERY:
        return
    mark.touch()
    for left in folder.rglob(".tmp-*"):
        if left.is_dir():  # a study works in it as long as it takes
            if _age(left, now) > UNUSED:
                shutil.rmtree(left, ignore_errors=True)
        elif _age(left, now) > HALF_WRITTEN:
            left.unlink(missing_ok=True)
    old = [
        upload
        for kind in UPLOADS
        for upload in folder.glob(f"{kind}/[!.]*")
        if upload.stem not in measured and _age(upload, now) > UNUSED
    ]
    if old:
        named = "".join(path.read_text(errors="replace") for path in folder.glob("jobs/*/job.json"))
        for upload in old:
            if upload.stem not in named:
                shutil.rmtree(upload, ignore_errors=True) if upload.is_dir() else upload.unlink()


def _age(path: Path, now: float) -> float:
    """Seconds since a file or folder was changed; none where it is gone."""
    with suppress(FileNotFoundError):
        return now - path.stat().st_mtime
    return 0.0
