"""Text samples on disk, so that a corpus is read, cut and drawn from once; and how representative each is."""

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cache import files, paths
from cache.store import Store
from core.corpora.sources import (
    CORPORA,
    PTB_WIKITEXT,
    STANDARD_LIBRARY,
    Corpus,
    Sample,
    load,
    sample,
    source_key,
)
from core.corpora.sources import local_files as corpus_files

if TYPE_CHECKING:
    from core.corpora.representativeness import Representativeness


def chosen(corpus: str) -> str:
    """The corpus that `corpus` means: "auto" is PTB + WikiText-2 where copies of both are here."""
    if corpus != "auto":
        return corpus
    folder = paths.corpora_folder()
    here = folder is not None and all((folder / part).is_dir() for part in ("ptb", "wikitext-2"))
    return PTB_WIKITEXT if here else STANDARD_LIBRARY


def local_files() -> list[str]:
    """The files of text in the local copies of corpora, if there are any."""
    return [str(file) for file in corpus_files(paths.corpora_folder())]


def label(corpus: str) -> str:
    """What to call a corpus: its name, or its file's."""
    corpus = chosen(corpus)
    return corpus if corpus in CORPORA else Path(corpus).name


def title(corpus: str) -> str:
    """A corpus as people call it."""
    titles = {STANDARD_LIBRARY: "Python's standard library", PTB_WIKITEXT: "PTB + WikiText-2"}
    return titles.get(label(corpus), label(corpus))


def text_sample(store: Store, corpus: str, sequences: int, seed: int, column: str | None = None) -> Sample:
    """The sample that `core.corpora.sources` draws; from disk, where it was drawn before."""
    source = source_of(corpus, column)
    path = _path(store, "sample", source, sequences, seed)
    if kept := files.read_json(path):
        return Sample(**kept)
    drawn = sample(_loaded(chosen(corpus), column, source), sequences, seed)
    _keep(store, path, json.dumps(asdict(drawn)))
    return drawn


def drawn(store: Store, corpus: str, sequences: int, seed: int, column: str | None = None) -> str | None:
    """The fingerprint of a sample that was drawn before, or None; nothing is drawn."""
    kept = files.read_json(_path(store, "sample", source_of(corpus, column), sequences, seed))
    return kept["fingerprint"] if kept else None


def representativeness(
    store: Store, corpus: str, sequences: int, seed: int = 0, column: str | None = None
) -> "Representativeness | None":
    """How representative the sample is, if that was found out (`compare`), else None."""
    from core.corpora.representativeness import Representativeness

    path = _path(store, "representativeness", source_of(corpus, column), sequences, seed)
    return Representativeness.from_json(path.read_text()) if path.is_file() else None


def compare(store: Store, corpus: str, sequences: int, seed: int = 0, column: str | None = None) -> None:
    """Find out how representative the sample is and keep that beside it, unless it is known."""
    from core.corpora.representativeness import representativeness as computed

    source = source_of(corpus, column)
    path = _path(store, "representativeness", source, sequences, seed)
    if not path.is_file():
        text = _loaded(chosen(corpus), column, source)
        _keep(store, path, computed(text, sequences, seed=seed).to_json())


def compared(store: Store, corpus: str, sequences: int, seed: int = 0, column: str | None = None) -> bool:
    """Whether it is known how representative the sample is; InputError for a corpus that is not there."""
    return _path(store, "representativeness", source_of(corpus, column), sequences, seed).is_file()


@lru_cache(maxsize=1)
def _loaded(corpus: str, column: str | None, source: str) -> Corpus:
    """One corpus stays in memory, since repeats draw from it again; of a changed file `source` differs."""
    return load(corpus, column=column, folder=paths.corpora_folder())


def whole(corpus: str, column: str | None = None) -> Corpus:
    """A corpus with all its passages; InputError for one that is not there."""
    return _loaded(chosen(corpus), column, source_of(corpus, column))


def source_of(corpus: str, column: str | None = None) -> str:
    """A key that changes when what is read of a corpus changes; InputError for one that is not there."""
    return source_key(chosen(corpus), column, paths.corpora_folder())


def _path(store: Store, kind: str, source: str, sequences: int, seed: int) -> Path:
    return store.folder / "samples" / f"{kind}-{files.key(source, sequences, seed)}.json"


def _keep(store: Store, path: Path, text: str) -> None:
    with files.writable(store.folder):
        path.parent.mkdir(exist_ok=True)
        with files.replacing(path) as temporary:
            temporary.write_text(text)
