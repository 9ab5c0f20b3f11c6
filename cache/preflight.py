"""What a checkpoint is, told before a job is made of it: from its config and headers, without its weights."""

import re
from collections.abc import Iterable
from pathlib import Path

from core.checkpoints.architecture import Facts, describe
from core.checkpoints.config import read_config
from core.checkpoints.resolve import MINILM, find, packaged
from core.errors import InputError
from core.hub import download as hub
from core.hub.search import search as search
from core.weights.tensor_files import read_headers, weight_files

INSTALLED = MINILM  # the name of the encoder that the requirements install
HUB_ID = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")


def folders(roots: Iterable[Path]) -> list[str]:
    """INSTALLED, where that encoder is here, and the checkpoint folders under `roots`."""
    return [*([INSTALLED] if packaged() else []), *map(str, find(roots))]


def facts_of(name: str, roots: Iterable[Path]) -> Facts:
    """Facts of a checkpoint on this machine, named as `folders` does; InputError as of `folder_facts`."""
    place = packaged() if name == INSTALLED else None
    return folder_facts(place, [place]) if place else folder_facts(Path(name), roots)


def folder_facts(folder: Path, roots: Iterable[Path]) -> Facts:
    """Facts of the checkpoint in `folder`; InputError, in one sentence, if it cannot be measured.

    A folder outside `roots` is refused unseen, so that the page tells nothing about other folders.
    """
    refuse_outside(folder, roots)
    if not folder.expanduser().is_dir():
        raise InputError(f"There is no folder {folder}: give the folder that a model was saved to.")
    config = read_config(folder.expanduser())
    return describe(config, read_headers(weight_files(folder.expanduser())).values())


def refuse_outside(place: Path, roots: Iterable[Path]) -> None:
    """InputError for a file or folder outside `roots`, links followed, whether it is there or not."""
    roots = [root.resolve() for root in roots]
    if not any(place.expanduser().resolve().is_relative_to(root) for root in roots):
        listed = ", ".join(map(str, roots)) or "none is set"
        raise InputError(
            f"{place} lies outside the folders that may be read ({listed}): move it there, "
            "or add its parent to LATENT_SHORTLIST_ROOTS."
        )


def hub_problem(name: str, revision: str | None) -> str | None:
    """Why a hub id cannot be measured, as far as that is known without a request; None otherwise."""
    if not HUB_ID.fullmatch(name):
        return f"{name} is no hub id: give it as org/model or org/model@revision, one a line."
    from huggingface_hub import is_offline_mode

    if is_offline_mode():
        try:
            hub.fetch(name, revision, check=lambda name, config: None)
        except InputError as error:
            return str(error)
    return None
