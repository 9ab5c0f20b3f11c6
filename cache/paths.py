"""Where things lie on this machine: the store, folders that checkpoints may come from, copies of corpora."""

import os
from pathlib import Path

STORE = "LATENT_SHORTLIST_STORE"
ROOTS = "LATENT_SHORTLIST_ROOTS"
CORPORA = "LATENT_SHORTLIST_CORPORA"


def store_folder(explicit: Path | None = None) -> Path:
    """The store: `explicit` (`--store`), else $LATENT_SHORTLIST_STORE, else the user's data folder."""
    if explicit is not None:
        return explicit.expanduser()
    if os.environ.get(STORE):
        return Path(os.environ[STORE]).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("latent-shortlist", appauthor=False))


def hub_cache() -> Path:
    """Where huggingface_hub keeps what it downloads, found by its own rules without importing it."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def checkpoint_roots() -> list[Path]:
    """Folders that pages may list and measure checkpoints from; those that exist.

    $LATENT_SHORTLIST_ROOTS (separated as PATH is) or, when it is unset, ./checkpoints, ~/checkpoints and the
    hub's cache.
    """
    if os.environ.get(ROOTS):
        named = [Path(part) for part in os.environ[ROOTS].split(os.pathsep) if part]
    else:
        named = [Path("checkpoints"), Path("~/checkpoints"), hub_cache()]
    return [root for root in (path.expanduser().resolve() for path in named) if root.is_dir()]


def corpora_folder() -> Path | None:
    """The folder with local copies of corpora ($LATENT_SHORTLIST_CORPORA), or None."""
    folder = os.environ.get(CORPORA)
    return Path(folder).expanduser() if folder and Path(folder).expanduser().is_dir() else None


def page_roots() -> list[Path]:
    """Folders that pages may read any file from: those of checkpoints, and the copies of corpora."""
    corpora = corpora_folder()
    return [*checkpoint_roots(), *([corpora.resolve()] if corpora else [])]


def readable(text: str) -> Path | None:
    """The path that a person typed on a page, where something is there and pages may read it, else None.

    Links are followed first. What lies elsewhere counts as not there, so that nobody learns of it.
    """
    try:
        place = Path(text).expanduser().resolve()
        here = any(place.is_relative_to(root) for root in page_roots()) and place.exists()
    except (OSError, RuntimeError, ValueError):  # no name that a system takes
        return None
    return place if here else None
