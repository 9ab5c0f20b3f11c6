"""One row a checkpoint, for the pages and for prediction: facts, measures and scores out of the store's long
tables.

A checkpoint may have been measured on several texts, layers and positions: its settings. A measure in the
row is of one of them (`_measured` says which), several samples of it as their mean with the spread between.
Cell measures are those of one text and size for all rows, see `core.measures.protocol`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.measures import MEASURES, label_sets
from core.measures import protocol as cell_samples
from core.measures.protocol import PUBLISHED_TEXT, cell_values
from core.measures.protocol import TABLES as PUBLISHED
from core.scores import readings

OF_TEXT = frozenset(name for name, measure in MEASURES.items() if measure.subject == "text")
_SETTING = ["corpus", "sequences", "layer", "position", "max_length"]
_FACTS = [
    *(
        "subject",
        "name",
        "origin",
        "source",
        "path",
        "revision",
        "family",
        "architecture",
        "kind",
        "parameters",
    ),
    *("parameters_without_embeddings", "layers", "width", "heads", "vocabulary", "tied", "dtype"),
    *("base", "variant", "alpha", "note", "added_at"),
]


@dataclass(frozen=True)
class Overview:
    """Everything known, one row a subject in each frame (index: subject)."""

    rows: pd.DataFrame  # facts, the text and size of the shown cloud, one column a measure, one a score
    errors: pd.DataFrame  # one column a measure: sd between samples, else standard error, else NaN
    measures: list[str]  # measures that at least one row has, in the registry's order
    scores: list[str]  # scores that at least one row has, those known for most rows first
    cells: pd.DataFrame = field(  # cell measures at every sample, as `cell_values` gives them
        default_factory=lambda: pd.DataFrame(columns=["subject", "measure", "sample", "value"])
    )
    sample: str = cell_samples.PUBLISHED  # whose cell measures `rows` shows
    over: pd.DataFrame = field(default_factory=pd.DataFrame)  # as `errors`: between what the sd is, in words
    metrics: dict[str, str] = field(default_factory=dict)  # score → its metric, as the store has it
    tasks: dict[str, str] = field(default_factory=dict)  # score → its task: several protocols may share one
    origins: pd.DataFrame = field(default_factory=pd.DataFrame)  # index: subject; of a score: its origin
    identities: dict[str, tuple[str, ...]] = field(default_factory=dict)  # score → its readings.IDENTITY
    texts: pd.DataFrame = (
        field(  # as `errors`: where a measure is of another setting than the row's, in words
            default_factory=pd.DataFrame
        )
    )


class _Measured(NamedTuple):
    """Index: subject. All but `settings` have a column a measure."""

    values: pd.DataFrame
    errors: pd.DataFrame
    over: pd.DataFrame
    texts: pd.DataFrame
    settings: pd.DataFrame  # of the row's own setting, with n and the number of samples


def overview(
    checkpoints: pd.DataFrame, clouds: pd.DataFrame, measurements: pd.DataFrame, scores: pd.DataFrame
) -> Overview:
    """Join the store's tables into one row a checkpoint.

    Arguments: the tables `checkpoints`, `clouds`, `measurements` and `scores` of the store, or parts of them.

    Returns: an Overview of the checkpoints that have a measure or a score.
    """
    rows = checkpoints.reindex(columns=_FACTS).set_index("subject")
    rows = rows.assign(family=_families(rows))
    values, errors, over, texts, settings = _measured(clouds, measurements)
    cells = cell_values(clouds, measurements, rows["layers"])
    values = values.reindex(columns=[*values.columns, *cells["measure"].unique()])
    scored = _scored(scores, rows)
    rows = rows.join(settings).join(values).join(scored.values)
    published = rows.index.str.startswith(PUBLISHED)
    for column, value in PUBLISHED_TEXT.items():
        rows[column] = rows[column].astype(object).mask(published, value)
    rows["sequences"] = pd.to_numeric(rows["sequences"])
    measures = [name for name in MEASURES if name in values.columns]
    has_values = rows[[*measures, *scored.values.columns]].notna().any(axis=1) | rows.index.isin(
        cells["subject"]
    )
    rows = rows[has_values]
    errors, over, texts = (
        frame.reindex(index=rows.index, columns=measures) for frame in (errors, over, texts)
    )
    joined = Overview(
        rows,
        errors,
        measures,
        list(scored.values.columns),
        cells,
        over=over,
        texts=texts,
        metrics=scored.metrics,
        identities=scored.identities,
        tasks=scored.tasks,
        origins=scored.origins.reindex(rows.index),
    )
    offered = [sample.id for sample in cell_samples.samples(cells)]
    if not offered:
        return joined
    return at_sample(joined, cell_samples.PUBLISHED if cell_samples.PUBLISHED in offered else offered[0])


def at_sample(overview: Overview, sample: str) -> Overview:
    """The same with the cell measures of another sample (an id); rows not measured at it have none."""
    kept = overview.cells[overview.cells["sample"] == sample]
    changed = []
    for frame, column in (
        (overview.rows, "value"),
        (overview.errors, "error"),
        (overview.over, "over"),
    ):
        names = [name for name in overview.measures if name in cell_samples.NAMES]
        wide = kept.pivot(index="subject", columns="measure", values=column) if len(kept) else pd.DataFrame()
        changed.append(frame.assign(**wide.reindex(index=frame.index, columns=names)))
    rows, errors, over = changed
    return replace(overview, rows=rows, errors=errors.astype(float), over=over, sample=sample)


def _families(rows: pd.DataFrame) -> pd.Series:
    """Families as the published tables call them, also for a measured checkpoint of the same shape.

    A measured RoBERTa with the layers and width of the published RoBERTa-base is one; any other RoBERTa is
    not.
    """
    stem = rows["architecture"].fillna("").str.replace(r"(Model|For\w*)$", "", regex=True).str.lower()
    shape = pd.Series(list(zip(stem, rows["layers"], rows["width"], strict=True)), index=rows.index)
    published = rows["origin"] == "published"
    names = dict(zip(shape[published], rows.loc[published, "family"], strict=True))
    return shape.map(names).where(~published).fillna(rows["family"]).fillna("unknown")


def _measured(clouds: pd.DataFrame, measurements: pd.DataFrame) -> _Measured:
    """What each subject's row shows of its measurements; without cell measures, see `at_sample`.

    Of each measure the row shows one setting, the best of its group by `_ranked`, so that measures which are
    read together come from one text where any text has them all. A measure that this setting lacks comes from
    the next, so a further measurement never removes one. The row's own setting, whose text and size it names,
    is that of the measures that predictions read; else of its first measure in the registry's order, cells
    last.
    """
    long = _long(clouds, measurements)
    compared = set(long.loc[long["subject"].str.startswith(PUBLISHED), "measure"]) - cell_samples.NAMES
    long = _ranked(long, compared)
    best = long["rank"] == long.groupby(["subject", "measure"])["rank"].transform("max")
    shown = long[best & ~long["measure"].isin(cell_samples.NAMES)]
    grouped = shown.groupby(["subject", "measure"])
    between = grouped["value"].std().unstack()
    within = grouped["standard_error"].max().unstack().astype(float)
    drawn = [f"{'rows' if name in label_sets.NAMES else 'pairs'} drawn" for name in within.columns]
    over = np.where(between.notna(), "samples", np.where(within.notna(), drawn, ""))
    order = sorted(MEASURES, key=lambda name: (name in cell_samples.NAMES, name not in compared))
    of_text = long[best & (long["cloud"] != "")]
    place = of_text["measure"].map({name: index for index, name in enumerate(order)})
    first = of_text.assign(place=place).sort_values(["place", "rank"]).drop_duplicates("subject")
    own = first.set_index("subject")["setting"]
    rows = long[(long["cloud"] != "") & (long["setting"] == long["subject"].map(own))]
    rows = rows.assign(n=rows["n"].mask(rows["measure"].isin(OF_TEXT)))  # which are tokens, no vectors
    settings = rows.groupby("subject").agg(
        **{column: (column, "last") for column in _SETTING},
        n=("n", "max"),
        samples=("cloud", "nunique"),
        precision=("precision", "last"),
    )
    apart = shown[(shown["cloud"] != "") & (shown["setting"] != shown["subject"].map(own))]
    apart = apart.drop_duplicates(["subject", "measure"])
    apart = apart.assign(text=[_setting_title(row) for _, row in apart.iterrows()])
    return _Measured(
        values=grouped["value"].mean().unstack(),
        errors=between.fillna(within),
        over=pd.DataFrame(over, between.index, between.columns),
        texts=apart.pivot(index="subject", columns="measure", values="text"),
        settings=settings,
    )


def _long(clouds: pd.DataFrame, measurements: pd.DataFrame) -> pd.DataFrame:
    """The newest version of each measurement, of cells at any parameters, else at the usual ones.

    Of labels that of one label set, of vectors averaged over layers, see `core.measures.label_sets`.
    Added are its cloud's facts, the number of its setting and the group of its measure.
    """
    cells = measurements["measure"].isin(cell_samples.NAMES)
    made = clouds.reindex(columns=["cloud", *_SETTING, "precision", "created_at"])
    averaged = made.loc[made["layer"].isna() & (made["position"] == "mean"), "cloud"]
    usual = (measurements["parameters"].fillna("{}") == "{}") | cells
    kept = measurements[usual | label_sets.shown(measurements, averaged)].dropna(subset=["value"])
    newest = kept.groupby(["subject", "cloud", "measure"])["version"].transform("max")
    made = made.rename(columns={"created_at": "made_at"})
    made["setting"] = made.groupby(_SETTING, dropna=False).ngroup()
    long = kept[kept["version"] == newest].merge(made, on="cloud", how="left")
    groups = {name: measure.group for name, measure in MEASURES.items()}
    return long.assign(group=long["measure"].map(groups).fillna(""))


def _ranked(long: pd.DataFrame, compared: Collection[str]) -> pd.DataFrame:
    """`long` with `rank`: of the settings of one subject and group, the highest is the one to show.

    First comes whether it is of all tokens; then what decides whether a prediction can use it: how many of
    the group's measures it has that are `compared` with the published ones, whether it is of the published
    text, and of how many sequences, up to the published number. So a setting that a prediction can use gives
    way only to another such. Then the deeper layer, more measures, and the newer.
    """
    keys = ["subject", "group", "setting"]
    text, sequences = PUBLISHED_TEXT["corpus"], PUBLISHED_TEXT["sequences"]
    facts = long.assign(
        whole=long["position"] == "all",
        read=long["measure"].where(long["measure"].isin(compared)),
        same=long["corpus"] == text,
        enough=pd.to_numeric(long["sequences"]).clip(upper=sequences),
    )
    order = facts.groupby(keys, dropna=False).agg(
        whole=("whole", "any"),
        read=("read", "nunique"),
        same=("same", "any"),
        enough=("enough", "max"),
        layer=("layer", "max"),
        held=("measure", "nunique"),
        newest=("made_at", "max"),
    )
    order = order.sort_values(list(order.columns), na_position="first", kind="stable").reset_index()[keys]
    return long.merge(order.assign(rank=np.arange(len(order))), on=keys, how="left")


def _setting_title(setting: pd.Series) -> str:
    """A setting in words: text, sequences, layer and, where they are not all, which vectors."""
    parts = [setting["corpus"]] if isinstance(setting["corpus"], str) else []
    parts += [f"{setting['sequences']:,.0f} sequences"] if pd.notna(setting["sequences"]) else []
    parts += [f"layer {setting['layer']:.0f}"] if pd.notna(setting["layer"]) else []
    position = {"last": "last tokens", "mean": "means of tokens"}
    parts += [position[setting["position"]]] if setting["position"] in position else []
    parts += [f"cut at {setting['max_length']:.0f}"] if pd.notna(setting["max_length"]) else []
    return ", ".join(parts)


class _Scored(NamedTuple):
    """Index: subject; one column a score, named as `core.scores.readings.titles` does."""

    values: pd.DataFrame
    origins: pd.DataFrame  # published, measured or imported
    metrics: dict[str, str]
    tasks: dict[str, str]
    identities: dict[str, tuple[str, ...]]


def _scored(scores: pd.DataFrame, rows: pd.DataFrame) -> _Scored:
    """One column a score. A score that names no known subject is found by the checkpoint's name."""
    long = readings.attributed(scores, _called(rows))
    names = readings.titles(long)
    long = long[~readings.replaced(long)]
    keys = long[readings.IDENTITY].itertuples(index=False, name=None)
    long = long.assign(score=[names[key] for key in keys])
    grouped = long.groupby(["subject", "score"])
    wide = grouped["value"].mean().unstack()
    order = [name for name in names.values() if name in wide.columns]
    columns = sorted(order, key=lambda name: name != "glue_average")
    return _Scored(
        wide.reindex(columns=columns),
        grouped["origin"].first().unstack().reindex(columns=columns),
        {name: metric for (_, _, metric, _), name in names.items()},
        {name: task for (_, task, _, _), name in names.items()},
        {name: identity for identity, name in names.items()},
    )


def _called(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Subject → what it is called: name and folder; nothing of the published, whose scores name them."""
    paths = rows["path"].where(rows["origin"] != "published")
    names = rows["name"].where(rows["origin"] != "published")
    return {
        str(subject): [word for word in words if isinstance(word, str)]
        for subject, *words in zip(rows.index, names, paths, strict=True)
    }


def formed(scores: pd.DataFrame, subject: str, name: str) -> pd.DataFrame:
    """One checkpoint's scores that count, averages first: task, metric, split, value, how formed, source."""
    kept = readings.attributed(scores, {subject: [name]})
    kept = kept[~readings.replaced(kept)]
    return kept[["benchmark", "task", "metric", "split", "value", "formed", "source"]].sort_values(
        "task", key=lambda tasks: [(not t.startswith("glue_average"), t) for t in tasks]
    )
