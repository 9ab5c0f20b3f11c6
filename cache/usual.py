"""How checkpoints were measured so far: the settings last asked for on the page, and those of the store."""

from collections import Counter
from dataclasses import dataclass, replace

import pandas as pd

from cache import samples
from cache.documents import from_json, to_json
from cache.files import read_json, writable, write_json
from cache.remembered import by_state
from cache.requests import Settings
from cache.store import Store
from core.corpora.sources import CORPORA

FILE = "last_settings.json"
OF_TEXT = ("corpus", "sequences", "layer", "position", "max_length", "precision")  # what makes a cloud
_QUERY = """
    SELECT DISTINCT k.subject, k.corpus, k.sequences, k.layer, c.layers, k.position, k.max_length, k.precision
    FROM clouds k JOIN checkpoints c ON c.subject = k.subject
    JOIN measurements m ON m.cloud = k.cloud AND m.subject = k.subject
    WHERE c.origin = 'measured' AND k.corpus IS NOT NULL AND m.parameters NOT LIKE '%"labels"%'
"""


@dataclass(frozen=True)
class Usual:
    """How most checkpoints were measured here. settings: only OF_TEXT count; corpus is the text's label."""

    settings: Settings
    checkpoints: int


@by_state(4)
def usual(store: Store) -> Usual | None:
    """The setting that most of the checkpoints measured here have; None: none was measured."""
    counts: Counter[Settings] = Counter()
    for row in store.query(_QUERY).astype(object).itertuples(index=False):
        known = {name: getattr(row, name) for name in OF_TEXT if not pd.isna(getattr(row, name))}
        for name in ("sequences", "layer", "max_length"):
            known |= {name: int(known[name])} if name in known else {}
        if row.layer == row.layers:
            known.pop("layer", None)
        counts[Settings(**known)] += 1
    return Usual(*counts.most_common(1)[0]) if counts else None


def first(store: Store) -> Settings:
    """What a form begins with: the settings last asked for, else those of most checkpoints here."""
    try:
        return from_json(Settings, read_json(store.folder / FILE))
    except ValueError:  # nobody has asked yet, or another version did
        pass
    found = usual(store)
    if found is None or found.settings.corpus not in CORPORA:
        return Settings()
    return replace(found.settings, precision="auto")


def remember(store: Store, settings: Settings) -> None:
    """Keep the settings that were asked for. Raises InputError: the store cannot be written."""
    with writable(store.folder):
        write_json(store.folder / FILE, to_json(settings))


def departures(store: Store, settings: Settings) -> tuple[Usual, list[str]] | None:
    """The usual setting and the fields of OF_TEXT in which `settings` differ from it; None: in none."""
    found = usual(store)
    if found is None:
        return None
    precision = "float32" if settings.precision == "auto" else settings.precision
    asked = replace(settings, corpus=samples.label(settings.corpus), precision=precision)
    usually = found.settings
    usually = replace(usually, precision="float32" if usually.precision == "auto" else usually.precision)
    differing = [name for name in OF_TEXT if getattr(asked, name) != getattr(usually, name)]
    if asked.corpus not in CORPORA and asked.sequences > usually.sequences and "sequences" in differing:
        differing.remove("sequences")  # a short file gives no more than it holds
    return (found, differing) if differing else None
