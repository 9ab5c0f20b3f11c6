"""The project's own study as jobs: pre-train, fine-tune, measure; each goes on where it was stopped.

What comes of it is collected from the store into the table that the project ships.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache import jobs
from cache.files import Remembered
from cache.requests import GlueRun, Measure, Pretrain, Settings, Subject
from cache.store import Store
from core.corpora.sources import PTB_WIKITEXT
from core.errors import InputError
from core.studies import own_study, pretraining

if TYPE_CHECKING:
    import pandas as pd


def queue(
    store: Store,
    part: str,
    folder: Path,
    request: GlueRun,
    *,
    quantizer_seeds: int = 3,
    skip: set[str] | None = None,
) -> list[str]:
    """Queue one part of the study and return its jobs: pre-training (small), then scores, then measures.

    folder: where small encoders are kept; those that are there are not trained again.
    skip: labels of members that are finished elsewhere.
    Errors: InputError for an unknown part, or a corpus or data that cannot be had.
    """
    chosen = [m for m in own_study.members(part, folder) if m.label not in (skip or set())]
    if not chosen:
        raise InputError(f"Every checkpoint of the part {part} is finished: there is nothing to queue.")
    settings = Settings(
        corpus=PTB_WIKITEXT,
        sequences=own_study.SEQUENCES,
        measures="all,cells",
        quantizer_seeds=quantizer_seeds,
    )
    queued = []
    missing = [] if part != "small" else [o for o in pretraining.OBJECTIVES if not (folder / o).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        objectives = [Subject(name, path=str(folder.resolve() / name)) for name in missing]
        pretrain = Pretrain(PTB_WIKITEXT)
        queued.append(jobs.submit(store, pretrain, objectives, f"Own study, {part}: pre-training"))
    subjects = [Subject(member.name) for member in chosen]
    queued.append(jobs.submit(store, request, subjects, f"Own study, {part}: fine-tuning"))
    queued.append(jobs.submit(store, Measure(settings), subjects, f"Own study, {part}: measures"))
    return queued


def collect(store: Store, part: str, folder: Path) -> "pd.DataFrame":
    """What the store holds of one part, as `core.studies.own_study.table` gives it."""
    from core.checkpoints.resolve import MINILM, resolve
    from core.checkpoints.variants import split

    store.ingest()
    digests = Remembered(store.folder / "digests")
    subjects = {}
    studied = own_study.members(part, folder)
    for member in studied:
        base, recipe = split(member.name)
        needed = [base, recipe.other] if recipe and recipe.other else [base]
        if all(name == MINILM or Path(name).exists() for name in needed):
            subjects[member.name] = resolve(member.name, digests=digests).fingerprint
    measurements = store.query(
        """SELECT m.subject, m.measure, m.seed, m.value, m.n, m.d,
            coalesce(format('{:,} sequences of {}', c.sequences, c.corpus), '') AS text
        FROM measurements m LEFT JOIN clouds c USING (cloud)
        WHERE m.value IS NOT NULL AND m.parameters = '{}' AND m.measure NOT LIKE 'gap%'
            AND (m.cloud = '' OR (c.text_seed = 0 AND c.position = 'all'))"""
    )
    tuned = store.query("SELECT subject, task, protocol, score AS value, details FROM fine_tunings")
    protocols = [json.loads(protocol) for protocol in tuned["protocol"]]
    tuned["seed"] = [one["seed"] for one in protocols]
    tuned["protocol"] = [_words(one) for one in protocols]
    return own_study.table(studied, measurements, tuned, subjects)


def _words(protocol: dict[str, Any]) -> str:
    from core.fine_tuning.training import Protocol

    one = Protocol(**protocol)
    count = "all" if one.train_examples is None else f"the first {one.train_examples:,}"
    return (
        f"{one.epochs:g} epochs, learning rate {one.learning_rate:g}, batches of {one.batch}, "
        f"{one.length} tokens, {count} training examples"
    )
