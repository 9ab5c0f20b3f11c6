"""A store's rows in one file: made, checked, and taken back. Uploads, clouds and jobs are not in it."""

import shutil
from pathlib import Path

from cache import parts, snapshots
from cache.files import replacing, writable
from cache.store import Store
from core.errors import InputError


def findings(folder: Path) -> list[tuple[str, str | None]]:
    """(file, what is wrong with it or None) of the database and its snapshots, and of parts set aside.

    Nothing is changed. Raises InputError where there is no store.
    """
    files = [folder / "store.duckdb", *snapshots.listed(folder / "snapshots")]
    if not any(file.exists() for file in files):
        raise InputError(f"{folder} holds no store: choose its folder with --store DIR.")
    found = [(str(file.relative_to(folder)), snapshots.fault(file)) for file in files]
    aside = sorted([*folder.rglob("*.bad"), *folder.rglob("*.damaged")])
    return found + [(str(file.relative_to(folder)), "was set aside") for file in aside]


def backup(store: Store, file: Path) -> int:
    """Write all rows to `file`, a database; returns its bytes. Raises InputError where it cannot be done."""
    store.ingest()
    if waiting := len(parts.waiting(store.parts)):
        raise InputError(f"{waiting} parts of {store.folder} cannot be taken in yet: try again later.")
    source = snapshots.listed(store.snapshots)[-1]
    if why := snapshots.fault(source):
        raise InputError(f"{source} is damaged ({why}): open the store once, which mends it, and try again.")
    try:
        with replacing(file) as temporary:
            shutil.copyfile(source, temporary)
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}): choose another place.") from error
    return file.stat().st_size


def restore(file: Path, folder: Path) -> Store:
    """Make a store in `folder`, which holds none yet, of what `backup` has written.

    Raises InputError for a file that is damaged or none of a store, and for a folder that holds a store.
    """
    if (folder / "store.duckdb").exists() or snapshots.listed(folder / "snapshots"):
        raise InputError(f"{folder} holds a store: name another folder with --store DIR, or move that one.")
    if why := snapshots.fault(file):
        raise InputError(f"{file} cannot be restored ({why}): give a file that store backup has written.")
    with writable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "snapshots").mkdir(exist_ok=True)
        with replacing(folder / "snapshots" / f"{1:012d}.duckdb") as temporary:
            shutil.copyfile(file, temporary)
    return Store.open(folder)
