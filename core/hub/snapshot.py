"""Downloading the files of a listed commit, with progress, into a cache of their own or the hub's."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.hub import download as hub
from core.hub.listing import Listing
from core.hub.remote import unreachable


def downloaded(listing: Listing) -> Path | None:
    """The folder of that commit in the hub's own cache, if all its files are there; no request is made."""
    from huggingface_hub import try_to_load_from_cache

    places = [try_to_load_from_cache(listing.name, file, revision=listing.commit) for file in listing.sizes]
    if not all(isinstance(place, str) for place in places):
        return None
    return Path(str(places[list(listing.sizes).index(listing.config)])).parent


def download(
    listing: Listing,
    cache: Path,
    *,
    check: Callable[[str, dict[str, Any]], None],
    progress: Callable[[int], object],
) -> Path:
    """Fetch what is listed and not there yet into `cache`, laid out as the hub's own; returns the folder.

    check: called with the name and the parsed config before anything else is fetched; raises to refuse.
    progress: called with the number of bytes that have arrived; may raise to stop.
    Errors: InputError when the repository is closed or cannot be reached.
    """
    from huggingface_hub import errors as hub_errors
    from huggingface_hub import hf_hub_download
    from tqdm import tqdm

    os.environ.setdefault("HF_XET_CHUNK_CACHE_SIZE_BYTES", "0")  # no second copy of what is deleted soon
    arrived = 0

    class Counting(tqdm):  # the hub's library reports through a bar of this kind
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal arrived
            arrived += int(n or 0)
            progress(arrived)

    def fetch(file: str) -> Path:
        return Path(
            hf_hub_download(listing.name, file, revision=listing.commit, cache_dir=cache, tqdm_class=Counting)
        )

    try:
        with hub.refusals(listing.name, listing.commit):
            config = fetch(listing.config)
            check(listing.name, json.loads(config.read_text(encoding="utf-8")))
            for file in sorted(listing.sizes, key=listing.sizes.__getitem__):
                fetch(file)
    except (hub_errors.HTTPError, OSError) as error:
        raise unreachable(listing.name, error) from error
    return config.parent


def keep(listing: Listing, cache: Path) -> Path:
    """Move what was downloaded to `cache` into the hub's own cache, where every command looks; its folder."""
    from huggingface_hub import constants

    repository = f"models--{listing.name.replace('/', '--')}"
    branch = cache / repository / "refs" / "main"  # which the library asks for where the hub is off
    branch.parent.mkdir(exist_ok=True)
    branch.write_text(listing.commit)
    for file in sorted((cache / repository).rglob("*")):  # blobs before the links to them
        place = Path(constants.HF_HUB_CACHE) / file.relative_to(cache)
        if (file.is_symlink() or file.is_file()) and not os.path.lexists(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, place)
    return (
        Path(constants.HF_HUB_CACHE) / repository / "snapshots" / listing.commit / Path(listing.config).parent
    )
