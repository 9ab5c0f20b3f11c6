"""Pictures of quantized clouds beside the store: kept by the task of that name, read by the tab Cells."""

from pathlib import Path

from cache import documents, files
from cache.remembered import by_state
from cache.store import Store
from core.cells.picture import Picture

VERSION = 1  # of what a picture holds


def keep(store: Store, cloud: str, quantizer: str, at: int | None, seed: int, made: Picture) -> None:
    """Keep a picture. at: how many vectors of the cloud were quantized; None: all. seed: of the quantizer."""
    with files.writable(store.folder):
        path = _path(store, cloud, quantizer, at, seed)
        path.parent.mkdir(exist_ok=True)
        files.write_json(path, documents.to_json(made))


def read(store: Store, cloud: str, quantizer: str, at: int | None, seed: int) -> Picture | None:
    """The picture that was kept, or None."""
    path = _path(store, cloud, quantizer, at, seed)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _read(store, str(path), changed)


@by_state(8)
def _read(store: Store, path: str, changed: int) -> Picture | None:
    content = files.read_json(Path(path))
    try:
        return documents.from_json(Picture, content) if content else None
    except ValueError:  # of another version, or damaged
        return None


def _path(store: Store, cloud: str, quantizer: str, at: int | None, seed: int) -> Path:
    name = files.key("cell picture", VERSION, cloud, quantizer, at, seed)
    return store.folder / "cell pictures" / f"{name}.json"
