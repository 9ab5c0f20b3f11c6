"""A checkpoint from the Hugging Face hub: its config, tokenizer and safetensors, at one recorded commit."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.formatting import first_line
from core.hub.layout import CONFIG, MODULES, prefix_of, transformer_of

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
    "spm.model",
    "source.spm",
)
TOKENIZER_FILES = (
    *VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
WEIGHT_PATTERNS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
_PATTERNS = [CONFIG, *TOKENIZER_FILES, *WEIGHT_PATTERNS]


def fetch(
    name: str, revision: str | None, *, check: Callable[[str, dict[str, Any]], None]
) -> tuple[Path, str | None]:
    """Download (or find in the hub's own cache) the repository `name`; returns its folder and commit.

    check: called with the name and the parsed config before any weights are fetched; raises to refuse.
    Errors: InputError when the repository is unknown, closed, without safetensors, or cannot be reached.
    """
    from huggingface_hub import HfApi, hf_hub_download, is_offline_mode, snapshot_download
    from huggingface_hub import errors as hub_errors

    try:
        with refusals(name, revision):
            info = HfApi().model_info(name, revision=revision)
            files = [sibling.rfilename for sibling in info.siblings or []]
            inner = prefix_of(files, lambda file: hf_hub_download(name, file, revision=info.sha))
            check_files(name, files, inner)
            config = hf_hub_download(name, inner + CONFIG, revision=info.sha)
            check(name, json.loads(Path(config).read_text(encoding="utf-8")))
            # By its branch, not its commit, so that the cache knows the branch once offline.
            wanted = [MODULES] * bool(inner) + [inner + pattern for pattern in _PATTERNS]
            folder = Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
            return transformer_of(folder), revision_of(folder)
    except (hub_errors.OfflineModeIsEnabled, hub_errors.HTTPError, OSError) as error:
        reason = first_line(error)
    try:  # what was downloaded before will do
        folder = Path(
            snapshot_download(name, revision=revision, local_files_only=True, allow_patterns=_PATTERNS)
        )
        return transformer_of(folder), revision_of(folder)
    except (hub_errors.LocalEntryNotFoundError, OSError):
        pass
    if is_offline_mode():
        at = f" at revision {revision}" if revision else ""
        raise InputError(
            f"There is no folder {name}, and the hub is off (HF_HUB_OFFLINE is set) with {name}{at} not "
            "among the models downloaded before: unset it, or give a local folder."
        )
    raise InputError(
        f"{name} could not be fetched from the hub ({reason}): try again later, or give a local folder."
    )


@contextmanager
def refusals(name: str, revision: str | None) -> Iterator[None]:
    """Turn what the hub says of a repository it does not give into one sentence."""
    from huggingface_hub import errors as hub_errors

    try:
        yield
    except hub_errors.GatedRepoError:
        raise InputError(
            f"{name} on the hub is gated: accept its terms on its page and sign in with `hf auth login`."
        ) from None
    except hub_errors.RevisionNotFoundError:
        raise InputError(
            f"{name} on the hub has no revision {revision}: give a branch, tag or commit of it."
        ) from None
    except (hub_errors.RepositoryNotFoundError, hub_errors.HFValidationError):
        raise InputError(
            f"There is no folder {name}, and no repository {name} on the hub that this machine may read: "
            "check the spelling, or sign in with `hf auth login` if it is private."
        ) from None
    except (hub_errors.HfHubHTTPError, hub_errors.LocalEntryNotFoundError) as error:
        answer = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        if answer is None or answer.status_code != 403:
            raise
        raise InputError(
            f"{name} on the hub may not be read from here (403): ask for access on its page and sign in with "
            "`hf auth login`."
        ) from None


def check_files(name: str, files: list[str], inner: str = "") -> None:
    """Refuse a repository whose list of files shows that it is no checkpoint in safetensors.

    inner: what stands before the names of the checkpoint's files (`core.hub.layout.prefix_of`).
    """
    files = [file.removeprefix(inner) for file in files if file.startswith(inner)]
    if CONFIG not in files:
        raise InputError(
            f"{name} on the hub is not a checkpoint: it has no config.json; give another repository."
        )
    if not any(fnmatch(file, pattern) for file in files for pattern in WEIGHT_PATTERNS):
        pickled = any(fnmatch(file, "pytorch_model*.bin") for file in files)
        formats = (
            "only pytorch_model.bin, a pickle that could run code when it is read"
            if pickled
            else "no safetensors"
        )
        raise InputError(
            f"{name} on the hub holds {formats}: give a revision with model.safetensors (often refs/pr/…), "
            "or convert it on a machine that trusts it with save_pretrained and give that folder."
        )


def repository_of(folder: Path) -> str | None:
    """`org/model` of a snapshot folder in a hub cache (models--org--model/snapshots/commit), or None."""
    parts = folder.parts
    if len(parts) >= 3 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/")
    return None


def revision_of(folder: Path) -> str | None:
    """The commit of a snapshot folder in a hub cache, or None for any other folder."""
    return folder.name if repository_of(folder) else None
