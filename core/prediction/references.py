"""The references that there are to choose from, by name, and which of them suits the candidates.

- perturbed: the 168 perturbed checkpoints of arXiv 2406.12159, as published.
- encoders, decoders: checkpoints measured here whose score was published.
- own: checkpoints measured here whose score was imported or comes from fine-tuning here.
- all: these together.

Measured alike: of the checkpoints measured here those count whose text, number of sequences, layer, position,
cut and precision are those of most of them; the others are named in `Reference.unlike`. A measure that was
taken on another text than the rest of its row counts as missing. Readings of one task by different protocols
are joined only in `encoders`, `decoders` and `all`, and there have a term for the source.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures.protocol import NAMES, PUBLISHED, samples
from core.metrics import Scale, scale_of
from core.overview import Overview
from core.prediction.alike import FACTS, differences, usual_of
from core.prediction.reference import (
    BASE,
    FAMILY,
    SOURCE,
    Reference,
    at_sample,
    base_of,
    either,
    limits_of,
    perturbed,
    perturbed_reference,
    sized,
)

TITLES = {
    "own": "checkpoints of your own",
    "decoders": "published decoders measured here",
    "encoders": "published encoders measured here",
    "perturbed": "perturbed checkpoints",
    "all": "checkpoints of all references",
}
FEWEST = 8  # checkpoints with a score below which nothing is learnt from a reference
FEWEST_GROUPS = 5  # below which a coarser grouping gives way to a finer one
GROUP = "group"  # the column of groups where they are neither families nor bases
FEWEST_OF_SOURCE = 3  # checkpoints below which another reading of a score is not joined


@dataclass(frozen=True)
class Part:
    """Some rows of an overview with one reading of a score."""

    name: str  # a key of TITLES
    rows: pd.DataFrame
    reading: pd.Series  # the score whose value each row has


def reference_of(overview: Overview, name: str, score: str, *, fewest: int = FEWEST) -> Reference:
    """The reference of that name for `score`.

    Raises InputError: no such reference or score, or fewer than `fewest` checkpoints in it (of `perturbed`
    there is no such limit).
    """
    if name not in TITLES:
        raise InputError(f"There is no reference {name}: choose {either(list(TITLES))}.")
    if name == "perturbed" or score not in overview.scores:
        return perturbed_reference(overview, score)
    reference = _joined(overview, name, score)
    if len(reference) < fewest:
        raise InputError(
            f"The reference {name} has {len(reference)} checkpoints with {score}, and at least {FEWEST} are "
            f"needed to predict: {_remedy(name, FEWEST - len(reference))}"
        )
    return reference


def sizes(overview: Overview, score: str) -> dict[str, int]:
    """How many checkpoints with `score`, measured alike, each reference holds, by its name."""
    published = int(perturbed(overview.rows)[score].notna().sum())
    here = overview.rows.index[overview.rows["origin"] != "published"]
    if not overview.origins.reindex(here)[_readings(overview, score)].notna().any(axis=None):
        return dict.fromkeys(TITLES, 0) | {"perturbed": published, "all": published}
    return {
        name: published if name == "perturbed" else len(_joined(overview, name, score)) for name in TITLES
    }


def offered(overview: Overview) -> dict[str, int]:
    """The scores to offer, each with how many of one's own checkpoints have it.

    They are those that at least 8 checkpoints of one reference have by that very reading, and those that any
    of one's own has.
    """
    rows, scores = overview.rows, overview.scores
    if "origin" not in rows:
        return {}
    origins = overview.origins.reindex(index=rows.index, columns=scores)
    here = rows[scores].notna().mul(rows["origin"] != "published", axis=0)
    own, published = here & origins.isin(["imported", "measured"]), here & origins.eq("published")
    decoder = rows["kind"].eq("decoder")
    parts = [perturbed(rows)[scores].notna(), own, published[decoder], published[~decoder]]
    most = np.max([part.sum() for part in parts], axis=0)
    counts = own.sum()
    return {score: int(n) for score, n, held in zip(scores, counts, most, strict=True) if n or held >= FEWEST}


def _remedy(name: str, missing: int) -> str:
    if name == "own":
        return f"import {missing} more scores of checkpoints measured here, or choose another reference."
    return f"`cli.py reference build {name}` measures more of them, or choose another reference."


def _joined(overview: Overview, name: str, score: str) -> Reference:
    """The reference of that name, however few it holds."""
    rows = overview.rows
    if "origin" not in rows or overview.origins.empty:
        return Reference(rows.iloc[:0], score, name=name, title=TITLES[name])
    names = list(TITLES)[:-1] if name == "all" else [name]
    parts = [part for one in names if len((part := _part(overview, one, score)).rows)]
    if not parts:
        return Reference(rows.iloc[:0], score, name=name, title=TITLES[name])
    joined = pd.concat([part.rows for part in parts])
    joined = joined.assign(**{SOURCE: pd.concat([part.name + ": " + part.reading for part in parts])})
    sample = _sample(overview, joined)
    cells = at_sample(overview, sample).rows
    shown = [measure for measure in overview.measures if measure in NAMES]
    joined = joined.assign(**{measure: cells[measure].reindex(joined.index) for measure in shown})
    apart = overview.texts.reindex(index=joined.index).notna()
    joined = joined.assign(**{measure: joined[measure].mask(apart[measure]) for measure in apart})
    alike, unlike = _alike(sized(joined))
    alike = _without_rare(alike, score)
    metric = overview.metrics.get(score, "")
    limits = (scale_of(metric) or Scale.SHARE).limits
    groups, grouped = _grouped(alike)
    return Reference(
        grouped,
        score,
        groups=groups,
        title=TITLES[name],
        limits=limits_of(grouped[score]) if limits else (-np.inf, np.inf),
        sample=sample,
        name=name,
        metric=metric,
        unlike=unlike,
    )


def _part(overview: Overview, name: str, score: str) -> Part:
    """The rows of one part that have the score, or, among published figures, another reading of its task."""
    rows, origins = overview.rows, overview.origins
    here = rows["origin"] != "published"
    if name == "perturbed":
        kept = perturbed(rows).dropna(subset=[score])
        return Part(name, kept, pd.Series(score, index=kept.index))
    if name == "own":
        kept = rows[here & origins[score].isin(["imported", "measured"])].dropna(subset=[score])
        return Part(name, kept, pd.Series(score, index=kept.index))
    decoder = rows["kind"] == "decoder"
    inside = here & (decoder if name == "decoders" else ~decoder)
    kept = rows[inside].copy()
    reading = pd.Series(None, index=kept.index, dtype=object)
    for other in _readings(overview, score):
        taken = reading.isna() & kept[other].notna() & (origins.loc[kept.index, other] == "published")
        reading[taken] = other
        kept[score] = kept[score].where(~taken, kept[other])
    kept = kept[reading.notna()]
    return Part(name, kept, reading[kept.index])


def _readings(overview: Overview, score: str) -> list[str]:
    """The score, and the other readings of its task by the same metric, those known for most first."""
    task, metric = overview.tasks.get(score), overview.metrics.get(score)
    others = [
        other
        for other in overview.scores
        if other != score and overview.tasks[other] == task and overview.metrics[other] == metric
    ]
    return [score, *others]


def _sample(overview: Overview, rows: pd.DataFrame) -> str:
    """The text and size at which most of `rows` have cell measures; the published one where none has."""
    offered = samples(overview.cells[overview.cells["subject"].isin(rows.index)])
    return offered[0].id if offered else PUBLISHED


def _alike(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """(the rows measured as most of them are, the subjects of the others). Tokenizers may differ."""
    found = differences(rows, usual_of(rows))
    unlike = rows.index.isin(found.loc[found["what"] != FACTS["vocabulary"], "subject"])
    return rows[~unlike], tuple(map(str, rows.index[unlike]))


def _without_rare(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """`rows` without other readings of the score that so few have that their level cannot be told."""
    many = rows[SOURCE].map(rows[SOURCE].value_counts()) >= FEWEST_OF_SOURCE
    return rows[many | rows[SOURCE].str.endswith(f": {score}")]


def _grouped(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """(what is left out together, the rows with that column): families, else bases, else each by itself."""
    families = rows[FAMILY].where(rows[FAMILY] != "unknown", pd.Series(rows.index, rows.index).astype(str))
    bases = base_of(rows).fillna(pd.Series(rows.index, rows.index).astype(str))
    if families.nunique() >= FEWEST_GROUPS and families.nunique() < len(rows):
        return FAMILY, rows.assign(**{FAMILY: families})
    if bases.nunique() >= FEWEST_GROUPS and bases.nunique() < len(rows):
        return BASE, rows.assign(**{BASE: bases})
    return GROUP, rows.assign(**{GROUP: rows.index.astype(str)})


def with_source(reference: Reference, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the source whose level their predicted score is to have, as a column SOURCE.

    That is the asked score as your own checkpoints have it, else as published ones of the same kind, else as
    any have it; NaN, for the mean of all sources, where the reference has other readings only.
    """
    labels = set(reference.rows.get(SOURCE, pd.Series(dtype=object)))
    asked = [label for part in TITLES if (label := f"{part}: {reference.score}") in labels]
    if not asked:
        return rows.assign(**{SOURCE: None})
    kinds = rows["kind"] if "kind" in rows else [None] * len(rows)
    of_kind = [f"{kind}s: {reference.score}" for kind in kinds]
    first = asked[0].startswith("own")
    chosen = [label if label in asked and not first else asked[0] for label in of_kind]
    return rows.assign(**{SOURCE: chosen})


def with_groups(reference: Reference, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the reference's column of groups, filled as there for rows that have none."""
    if reference.groups not in (BASE, GROUP):
        return rows
    labels = base_of(rows) if reference.groups == BASE else pd.Series(None, rows.index, dtype=object)
    return rows.assign(**{reference.groups: labels.fillna(pd.Series(rows.index, rows.index).astype(str))})
