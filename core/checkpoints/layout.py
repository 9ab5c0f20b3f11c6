"""Folders that hold a checkpoint in a folder of their own, as sentence-transformers saved them."""

import json
from pathlib import Path


def transformer_of(folder: Path) -> Path:
    """The folder of the transformer that `modules.json` names, such as 0_Transformer; else `folder`."""
    if (folder / "config.json").is_file():
        return folder
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        named = [str(one["path"]) for one in modules if str(one["type"]).endswith(".Transformer")]
    except (OSError, ValueError, TypeError, KeyError):
        return folder
    for path in named:
        inner = (folder / path).resolve()
        if inner.is_relative_to(folder) and (inner / "config.json").is_file():
            return inner
    return folder
