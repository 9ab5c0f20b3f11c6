"""What identifies a checkpoint: 32 hex digits over config, tokenizer, weights and any adapter beside them.

Of weights that were read through that is a digest of every tensor, and the fingerprint is the checkpoint's
own. Before that it is provisional: over the place, size and time of each local file, or over what the hub
states of each file. `provisional` gives those that a checkpoint may have had, once its own is known.
"""

import hashlib
import json
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path

from core.checkpoints import adapters
from core.checkpoints.config import canonical, read_config, read_json
from core.hub import download as hub
from core.weights.tensor_files import digest_file, file_sha256, place, weight_files


def fingerprint(folder: Path, weights: str, digests: MutableMapping[str, str] | None = None) -> str:
    """The fingerprint of the checkpoint in `folder`; `weights` stands for the content of its weight files.

    digests: remembers digests of files under "path|size|mtime_ns".
    Errors: InputError for a config or tokenizer that cannot be read.
    """
    parts = [canonical(read_config(folder)), weights]
    for file in hub.TOKENIZER_FILES:
        if (folder / file).is_file():
            parts.append(file)
            if file == "tokenizer_config.json":
                parts.append(canonical(read_json(folder / file)))
            else:
                parts.append(digest_file(folder / file, digests))
    parts += adapters.identity(folder, digests)
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little") + part.encode())
    return hasher.hexdigest()[:32]


def unread(files: Sequence[Path]) -> str:
    """What stands for local weight files that were not read: where each lies and how it stands there."""
    return json.dumps(["unread", *map(place, files)])


def stated(files: Iterable[tuple[str, str]]) -> str:
    """What stands for weight files on the hub: the name of each, and the digest or commit that it states."""
    return json.dumps(list(map(list, files)))


def provisional(
    folder: Path, revision: str | None, digests: MutableMapping[str, str] | None = None
) -> list[str]:
    """The fingerprints that a checkpoint may have been given before its weights in `folder` were read.

    revision: the hub's commit, where the files came from there.
    Reads the weight files through once for the SHA-256 that the hub states of them, unless `digests` has it
    or they lie in the hub's own cache, whose file names are those.
    """
    files = weight_files(folder)
    identities = [unread(files), stated((file.name, file_sha256(file, digests)) for file in files)]
    if revision:
        identities.append(stated((file.name, revision) for file in files))
    return [fingerprint(folder, weights, digests) for weights in identities]
