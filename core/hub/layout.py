"""Folders that hold a checkpoint in a folder of their own, as sentence-transformers saved them.

`modules.json` names that folder, such as 0_Transformer, on this machine and on the hub alike.
"""

import json
from collections.abc import Callable, Collection
from pathlib import Path

MODULES = "modules.json"
CONFIG = "config.json"


def transformer_of(folder: Path) -> Path:
    """The folder of the transformer that `modules.json` names, such as 0_Transformer; else `folder`."""
    if (folder / CONFIG).is_file() or not (folder / MODULES).is_file():
        return folder
    for path in _named(folder / MODULES):
        inner = (folder / path).resolve()
        if inner.is_relative_to(folder.resolve()) and (inner / CONFIG).is_file():
            return inner
    return folder


def prefix_of(files: Collection[str], fetch: Callable[[str], str | Path]) -> str:
    """What stands before the names of a checkpoint's files in a repository: "", or "0_Transformer/".

    files: those of the repository. fetch: gives the place of a file of it on this machine.
    """
    if CONFIG in files or MODULES not in files:
        return ""
    named = (f"{path.strip('/')}/" for path in _named(Path(fetch(MODULES))))
    return next((path for path in named if path + CONFIG in files), "")


def _named(modules: Path) -> list[str]:
    """The paths of the transformers that a `modules.json` names."""
    try:
        listed = json.loads(modules.read_text(encoding="utf-8"))
        return [str(one["path"]) for one in listed if str(one["type"]).endswith(".Transformer")]
    except (OSError, ValueError, TypeError, KeyError):
        return []
