"""What a repository on the hub would take to download, before anything of it is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

from core.hub import download as hub
from core.hub.layout import CONFIG, MODULES, prefix_of
from core.hub.remote import unreachable
from core.weights.tensor_files import INDEX, WEIGHTS


@dataclass(frozen=True)
class Listing:
    """A commit of a repository: the files that measuring needs, with their sizes in bytes.

    parameters: as the hub counts them in the safetensors files; None where it does not.
    """

    name: str
    commit: str
    sizes: Mapping[str, int]
    parameters: int | None

    @property
    def bytes(self) -> int:
        """What a download fetches."""
        return sum(self.sizes.values())

    @property
    def config(self) -> str:
        """The path of its config.json, which may lie in a folder of its own."""
        return next(file for file in self.sizes if file.rpartition("/")[2] == CONFIG)

    @property
    def small_bytes(self) -> int:
        """The part of it that is no weights: config and tokenizer."""
        return sum(size for file, size in self.sizes.items() if not _is_weights(file))


def listing(name: str, revision: str | None = None) -> Listing:
    """What the hub lists of a repository: one request, more where it lists no sizes.

    revision: branch, tag or commit.
    Errors: InputError when the repository is unknown, closed, without safetensors, or cannot be reached; its
    `__cause__` is the hub's answer where it was another than those.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub import errors as hub_errors

    try:
        with hub.refusals(name, revision):
            info = HfApi().model_info(name, revision=revision, files_metadata=True)
            listed = {sibling.rfilename: sibling.size for sibling in info.siblings or []}
            commit = str(info.sha)
            inner = prefix_of(listed, lambda file: hf_hub_download(name, file, revision=commit))
            hub.check_files(name, list(listed), inner)
            sizes = {
                file: _stated_size(name, file, commit) if size is None else size
                for file, size in listed.items()
                if file in _needed(listed, inner)
            }
    except (hub_errors.OfflineModeIsEnabled, hub_errors.HTTPError, OSError) as error:
        raise unreachable(name, error) from error
    counted = info.safetensors
    return Listing(name, commit, sizes, None if counted is None else int(counted.total))


def _needed(files: Mapping[str, int | None], inner: str) -> set[str]:
    """Config, tokenizer, and the weights once: of a repository that also has shards, the one file."""
    weights = [WEIGHTS] if inner + WEIGHTS in files else list(hub.WEIGHT_PATTERNS)
    patterns = [inner + pattern for pattern in (CONFIG, *hub.TOKENIZER_FILES, *weights)]
    patterns += [MODULES] * bool(inner)
    return {file for file in files if any(fnmatch(file, pattern) for pattern in patterns)}


def _is_weights(file: str) -> bool:
    name = file.rpartition("/")[2]
    return name != INDEX and any(fnmatch(name, pattern) for pattern in hub.WEIGHT_PATTERNS)


def _stated_size(name: str, file: str, commit: str) -> int:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    return get_hf_file_metadata(hf_hub_url(name, file, revision=commit)).size or 0
