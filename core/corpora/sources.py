"""Text to measure models on: where it comes from, and the sample of it that a model reads.

The sample follows arXiv 2406.12159, §3.2, as the authors' own file of 5,000 sequences shows it: a passage is
cut into tokens by scikit-learn's default pattern (words of two characters or more, no punctuation), joined by
single spaces; case is kept, `<unk>` stays as `unk`; of each sequence one copy; 3 to 50 tokens. "Between three
and fifty" is read here as both included; the authors' file holds 4 to 49, to which `minimum` and `maximum`
can be set.
"""

import ast
import hashlib
import inspect
import os
import platform
import re
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.corpora.files import read_texts
from core.errors import InputError

STANDARD_LIBRARY = "standard-library"
PTB_WIKITEXT = "ptb+wikitext-2"
CORPORA = {
    STANDARD_LIBRARY: "Docstrings of Python's own standard library: built in, needs no network.",
    PTB_WIKITEXT: "Penn Treebank and WikiText-2, all splits: the text of the published tables.",
}

_READING = 1  # version of what is read from a corpus: part of the key that samples are remembered by
_TOKEN = re.compile(
    r"(?u)\b\w\w+\b"
)  # sklearn.feature_extraction.text.CountVectorizer's default token_pattern
_SPLITS = ("train", "valid", "test")
_HUB = {  # part → repository, revision, folder in it; PTB's own revision is a script, which is never run
    "ptb": ("ptb-text-only/ptb_text_only", "refs/convert/parquet", "penn_treebank"),
    "wikitext-2": ("Salesforce/wikitext", "main", "wikitext-2-v1"),
}
_TEXT_FILE = re.compile(r".*\.(txt|tokens|parquet)(\.xz|\.gz)?", re.IGNORECASE)
_NOT_READ = {  # folders with tests, other people's packages, tables of characters, parts since removed
    *("__pycache__", "site-packages", "dist-packages", "test", "tests", "idle_test", "idlelib", "turtledemo"),
    *("ensurepip", "pydoc_data", "lib2to3", "distutils", "encodings"),
}


@dataclass(frozen=True)
class Corpus:
    """Passages of text; `fingerprint` (32 hex digits) is over them, in order."""

    name: str
    fingerprint: str
    texts: list[str]


@dataclass(frozen=True)
class Sample:
    """Unique sequences drawn from a corpus, fewer than `requested` where it has no more.

    `fingerprint` (32 hex digits) is over the sequences, in order.
    """

    corpus: str
    corpus_fingerprint: str
    seed: int
    sequences: list[str]
    fingerprint: str
    requested: int


def load(name_or_file: str | Path, *, column: str | None = None, folder: Path | None = None) -> Corpus:
    """The corpus of that name in CORPORA, or the passages of a file (see `core.corpora.files.read_texts`).

    column: of a table, the column with the text.
    folder: where `ptb/` and `wikitext-2/` may lie, each with a train, valid and test file of text or Parquet;
    without them they come from the hub's Parquet files, or its cache on this machine.
    Errors: InputError.
    """
    name = str(name_or_file)
    if name == STANDARD_LIBRARY:
        texts = list(_docstrings(standard_library_files()))
    elif name == PTB_WIKITEXT:
        texts = [text for part in _HUB for file in _part(part, folder) for text in read_texts(file)]
    else:
        path = _existing(name)
        texts = read_texts(path, column)
        name = path.name if column is None else f"{path.name}:{column}"
    return Corpus(name, _digest(texts), texts)


def source_key(name_or_file: str | Path, column: str | None = None, folder: Path | None = None) -> str:
    """A key that changes when what `load` would read changes; found without reading or fetching anything.

    Of files: path, size and time of change; of the hub: repository and revision; of the standard library: the
    Python version. Errors: InputError for a file that is not there.
    """
    name = str(name_or_file)
    if name == STANDARD_LIBRARY:
        parts = [platform.python_implementation(), platform.python_version()]
    elif name == PTB_WIKITEXT:
        local = {part: _local(part, folder) for part in _HUB}
        parts = [key for part, files in local.items() for key in map(_file_key, files)]
        parts += ["@".join(_HUB[part]) for part, files in local.items() if not files]
    else:
        parts = [_file_key(_existing(name)), str(column)]
    return "|".join([name, str(_READING), *parts])


def tokens(text: str) -> list[str]:
    """The tokens of a text, as scikit-learn's default unigram tokenizer cuts them (case kept)."""
    return _TOKEN.findall(text)


def usable(corpus: Corpus, minimum: int = 3, maximum: int = 50) -> list[str]:
    """The unique sequences of `minimum` to `maximum` tokens, sorted: what a sample is drawn from."""
    cut = map(tokens, corpus.texts)
    return sorted({" ".join(words) for words in cut if minimum <= len(words) <= maximum})


def sample(
    corpus: Corpus, sequences: int = 5000, seed: int = 0, minimum: int = 3, maximum: int = 50
) -> Sample:
    """Draw `sequences` unique sequences of `minimum` to `maximum` tokens; all there are, if fewer.

    The draw depends on the set of usable sequences and the seed alone, not on the order of files or lines.
    With one seed, a smaller sample is the beginning of a larger one.
    Errors: InputError if fewer than two sequences can be used or are asked for.
    """
    if sequences < 2:
        raise InputError(f"A sample of {sequences} sequences says nothing: ask for at least two.")
    texts = usable(corpus, minimum, maximum)
    check_enough(corpus, len(texts), minimum, maximum)
    drawn = [texts[i] for i in draw(len(texts), sequences, seed)]
    return Sample(corpus.name, corpus.fingerprint, seed, drawn, _digest(drawn), sequences)


def draw(available: int, sequences: int, seed: int) -> np.ndarray:
    """Which of `available` sequences the sample of that seed holds: indices, in the order drawn."""
    return np.random.default_rng(seed).permutation(available)[:sequences]


def check_enough(corpus: Corpus, available: int, minimum: int, maximum: int) -> None:
    """Raise InputError unless at least two sequences of the corpus can be used."""
    if available < 2:
        raise InputError(
            f"{corpus.name} holds {available} of the two unique sequences of {minimum} to {maximum} words "
            "that are needed at least: give more text, one passage a line."
        )


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _existing(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise InputError(
            f"There is no corpus and no file {name}: give a text file, or one of {', '.join(CORPORA)}."
        )
    return path


def _file_key(path: Path) -> str:
    status = path.stat()
    return f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"


def local_files(folder: Path | None) -> list[Path]:
    """Every file of text in the copies of ptb and of wikitext-2 under `folder`."""
    return [file for part in _HUB for file in _files(part, folder)]


def _files(part: str, folder: Path | None) -> list[Path]:
    if folder is None or not (folder / part).is_dir():
        return []
    return sorted(path for path in (folder / part).iterdir() if _TEXT_FILE.fullmatch(path.name))


def _local(part: str, folder: Path | None) -> list[Path]:
    """One file for each split of ptb or wikitext-2 under `folder`; none unless all three are there."""
    files = _files(part, folder)
    splits = [next((file for file in files if split in file.name.lower()), None) for split in _SPLITS]
    return [file for file in splits if file] if all(splits) else []


def _part(part: str, folder: Path | None) -> list[Path]:
    if files := _local(part, folder):
        return files
    from huggingface_hub import snapshot_download

    repository, revision, config = _HUB[part]
    remedies = (
        f"put its train, valid and test files into a folder {part} under the one that "
        "LATENT_SHORTLIST_CORPORA names, give a text file of your own, or use the built-in corpus "
        f"{STANDARD_LIBRARY}."
    )
    try:
        snapshot = snapshot_download(
            repository, repo_type="dataset", revision=revision, allow_patterns=[f"{config}/*.parquet"]
        )
    except OSError as error:
        raise InputError(
            f"{part} is not on this machine and {repository} cannot be fetched from the hub: {remedies}"
        ) from error
    downloaded = sorted(Path(snapshot).glob(f"{config}/**/*.parquet"))
    files = [f for split in _SPLITS for f in downloaded if split in str(f.relative_to(snapshot))]
    if not files:
        raise InputError(
            f"{part} is not on this machine and {repository} on the hub (revision {revision}) holds no "
            f"Parquet files in {config}: {remedies}"
        )
    return files


def _standard_library() -> Path:
    folder = Path(sysconfig.get_paths()["stdlib"])
    if not (folder / "ast.py").is_file():
        raise InputError(
            f"The source of Python's standard library is not in {folder}: give a text file of your own."
        )
    return folder


def standard_library_files() -> list[Path]:
    """The modules of Python's own standard library, without tests and tables; InputError if not here."""
    folder = _standard_library()
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _NOT_READ and not f.startswith("config-"))
        found += [Path(here) / file for file in sorted(files) if file.endswith(".py")]
    return found


def _docstrings(files: Iterable[Path]) -> Iterator[str]:
    """Paragraphs of the docstrings of modules, read without importing any."""
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in other people's strings
            try:
                module = ast.parse(file.read_bytes())
            except (SyntaxError, ValueError):
                continue
        for docstring in _of(module):
            for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
                if not paragraph.lstrip().startswith(">>>") and paragraph.strip():
                    yield " ".join(paragraph.split())


def _of(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    docstring = ast.get_docstring(node, clean=False)
    if docstring:
        yield docstring
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _of(child)
