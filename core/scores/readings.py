"""Readings of scores: which of several values of one score counts, and what a score is called.

A score is identified by its benchmark, task, metric and split, where the split says what of the protocol
differs. Scores of different identity are never mixed.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from core.scores.names import match

IDENTITY = ["benchmark", "task", "metric", "split"]
_ORIGINS = {"published": 0, "measured": 1, "imported": 2}


def attributed(scores: pd.DataFrame, called: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """The scores of known checkpoints, each under its subject.

    Arguments:
        scores: the store's table, whose `subject` may be unknown; called: subject → names of a checkpoint.

    A name that means several checkpoints is nobody's.

    Returns: the rows of known checkpoints; `foreign`: a published figure, found by the checkpoint's name.
    """
    own = scores["subject"].isin(list(called))
    names = scores.loc[~own, "name"].dropna().unique()
    by_name = match(map(str, names), called).found if len(names) else {}
    subject = scores["subject"].where(own, scores["name"].map(by_name))
    foreign = ~own & (scores["origin"] == "published")
    return scores.assign(subject=subject, foreign=foreign).dropna(subset=["subject", "value"])


def replaced(scores: pd.DataFrame) -> pd.Series:
    """Which rows of the store's table do not count, because a newer import or a better source does.

    Of one checkpoint and score imports come before what was measured here, and that before published figures.
    Of imports the newest counts; of published figures those of the source that has most scores of the
    checkpoint on this split; of measured ones, which differ in their seed, all.
    """
    identity = ["subject", *IDENTITY]
    rows = scores.reset_index(drop=True).reindex(columns=[*identity, "origin", "source", "added_at"])
    several = rows[rows.duplicated(identity, keep=False)]
    gone = pd.Series(False, index=rows.index)
    if len(several):
        sizes = rows.groupby(["subject", "benchmark", "split", "source"], dropna=False)["task"].transform(
            "size"
        )
        rank = several["origin"].map(_ORIGINS).fillna(0)
        order = several.assign(
            rank=rank,
            added_at=pd.to_datetime(several["added_at"]).fillna(pd.Timestamp(0)),
            size=sizes[several.index],
            source=several["source"].fillna("").where(rank == 0, ""),
            place=several.index,
        ).sort_values(["rank", "added_at", "size", "source", "place"], kind="stable")
        last = order.drop_duplicates(identity, keep="last")
        best = order.groupby(identity, dropna=False)["rank"].transform("max")
        seeds = order.index[(order["rank"] == _ORIGINS["measured"]) & (order["rank"] == best)]
        gone[several.index] = True
        gone[last.index.union(seeds)] = False
    return gone.set_axis(scores.index)


def titles(scores: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """{values of IDENTITY: what pages and options call that score}, the score known for most first.

    Of the readings of one task the one known for most checkpoints is called as the task; the others also name
    benchmark, where there are several, metric and split. Published figures of checkpoints that are measured
    here come after those of the store's own.

    Arguments:
        scores: as `attributed` gives them.
    """
    grouped = scores.groupby(["task", "metric", "split", "benchmark"])
    counts = grouped.agg(n=("subject", "nunique"), foreign=("foreign", "min")).reset_index()
    counts = counts.sort_values("n", ascending=False, kind="stable").sort_values("foreign", kind="stable")
    benchmarks = counts.groupby("task")["benchmark"].nunique()
    names: dict[tuple[str, ...], str] = {}
    for row in counts.itertuples(index=False):
        name = str(row.task)
        if name in names.values():
            parts = [row.benchmark] if benchmarks[row.task] > 1 else []
            name = ", ".join(filter(None, [name, *parts, row.metric, row.split]))
            while name in names.values():
                name += "′"
        names[row.benchmark, row.task, row.metric, row.split] = name
    return names
