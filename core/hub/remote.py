"""A checkpoint of the Hugging Face hub whose weights stay there, to be read by byte ranges."""

import json
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.formatting import first_line
from core.hub import download as hub
from core.hub.layout import CONFIG, prefix_of
from core.weights.ranges import Meter, beginning
from core.weights.remote_file import RemoteFile
from core.weights.tensor_files import INDEX, WEIGHTS, shard_names


def is_off() -> bool:
    """Whether the hub may not be asked (HF_HUB_OFFLINE)."""
    from huggingface_hub import is_offline_mode

    return bool(is_offline_mode())


def open_remotely(
    name: str,
    revision: str | None,
    meter: Meter,
    beginnings: MutableMapping[str, str],
    *,
    check: Callable[[str, dict[str, Any]], None],
    cache: Path | None = None,
) -> tuple[Path, str, list[RemoteFile]]:
    """A folder with config.json and tokenizer (in the hub's own cache), the commit, and the weight files.

    name: hub id. revision: branch, tag or commit of it. meter: counts what is read of the index of a sharded
    checkpoint; of the safetensors files nothing is read. beginnings: as `remember` has filled it.
    cache: a folder to take the place of the hub's own cache.
    check: called with the name and the parsed config before anything else is fetched; raises to refuse.
    Errors: InputError when the repository is unknown, closed, without safetensors, or cannot be reached.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub import errors as hub_errors

    try:
        with hub.refusals(name, revision):
            info = HfApi().model_info(name, revision=revision, files_metadata=True)
            listed = {sibling.rfilename: sibling for sibling in info.siblings or []}

            def fetch(file: str) -> str:
                return hf_hub_download(name, file, revision=info.sha, cache_dir=cache)

            inner = prefix_of(listed, fetch)
            hub.check_files(name, list(listed), inner)
            config = Path(fetch(inner + CONFIG))
            check(name, json.loads(config.read_text(encoding="utf-8")))
            small = [inner + file for file in hub.TOKENIZER_FILES if inner + file in listed]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(fetch, small))
            commit = str(info.sha)
            return config.parent, commit, _weight_files(name, commit, listed, meter, beginnings, inner)
    except (hub_errors.HTTPError, OSError) as error:
        raise unreachable(name, error) from error


def open_weights(
    name: str, revision: str | None, meter: Meter, beginnings: MutableMapping[str, str]
) -> list[RemoteFile]:
    """The weight files alone; arguments and errors as of `open_remotely`."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub import errors as hub_errors

    try:
        with hub.refusals(name, revision):
            info = HfApi().model_info(name, revision=revision, files_metadata=True)
            listed = {sibling.rfilename: sibling for sibling in info.siblings or []}
            inner = prefix_of(listed, lambda file: hf_hub_download(name, file, revision=info.sha))
            hub.check_files(name, list(listed), inner)
            return _weight_files(name, str(info.sha), listed, meter, beginnings, inner)
    except (hub_errors.HTTPError, OSError) as error:
        raise unreachable(name, error) from error


def _weight_files(
    name: str,
    commit: str,
    listed: dict[str, Any],
    meter: Meter,
    beginnings: MutableMapping[str, str],
    inner: str,
) -> list[RemoteFile]:
    names = [WEIGHTS]
    if inner + WEIGHTS not in listed:
        index = _remote(name, commit, inner + INDEX, listed, beginnings)
        names = shard_names(beginning(index, index.size, meter), index)
        remember([index], beginnings)
    return [_remote(name, commit, inner + file, listed, beginnings) for file in names]


def unreachable(name: str, error: Exception) -> InputError:
    """The sentence on a repository of which the hub gave no answer, or one that says nothing of it."""
    reason = first_line(error.__cause__ or error)  # the library wraps an answer in a longer sentence
    return InputError(
        f"{name} could not be reached on the hub ({reason}): try again later, or give a local folder."
    )


def remember(files: Iterable[RemoteFile], beginnings: MutableMapping[str, str]) -> None:
    """Keep what was read of the beginning of files (headers, an index) by their digests, as text."""
    for file in files:
        if file.digest and beginnings.get(_key(file)) != file.kept.decode("latin-1"):
            beginnings[_key(file)] = file.kept.decode("latin-1")


def _key(file: RemoteFile) -> str:
    return f"beginning|{file.digest}|{file.size}"


def _remote(
    name: str, commit: str, path: str, listed: dict[str, Any], beginnings: MutableMapping[str, str]
) -> RemoteFile:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    if path not in listed:
        raise InputError(f"{name} on the hub lacks {path}, which its index names: give another revision.")
    url = hf_hub_url(name, path, revision=commit)
    size, lfs, digest = listed[path].size, listed[path].lfs, listed[path].blob_id
    if size is None:  # not every mirror of the hub lists sizes
        stated = get_hf_file_metadata(url)
        size, digest = stated.size or 0, stated.etag
    file = RemoteFile(f"{name}/{path}", url, size, lfs.sha256 if lfs else digest, build_hf_headers())
    file.kept = beginnings.get(_key(file), "").encode("latin-1") if file.digest else b""
    return file
