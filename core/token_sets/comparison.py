"""Dispersion gaps side by side: one panel a token set, with what is known of the checkpoints' accuracy.

A panel holds gaps that may be compared: the same words, read the same way, of several checkpoints.
"""

import math
import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from core.measures.families.gap import tied
from core.scores.readings import IDENTITY, attributed, replaced, titles
from core.statistics.correlation import DECIMALS, Agreement, agreement

PUBLISHED = "published"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)[bB](?![a-zA-Z])")
_NUMBERS = [
    f"{distance}_{part}"
    for distance in ("cosine", "euclidean")
    for part in ("within_domain", "within_reference", "between", "gap", "se")
]


@dataclass(frozen=True)
class Panel:
    """Gaps of several checkpoints over one pair of token sets.

    id: what a link calls it. rows: subject, name, `{distance}_{part}` (se is NaN where unknown), score, in
    the order to draw them, and details (None where published). benchmark: what `score` is of, "" if nothing.
    """

    id: str
    domain: str
    reference: str
    benchmark: str
    metric: str
    published: bool
    rows: pd.DataFrame


@dataclass(frozen=True)
class Verdict:
    """How a panel's gaps rank its scores: over all rows, and over pairs of models of one size.

    right, pairs: of the pairs with different scores, those in the right order (a tie counts half), within
    one size (parameters in the name, such as 7B) and between sizes.
    """

    overall: Agreement
    right_within: float
    pairs_within: int
    right_between: float
    pairs_between: int


def published_panels(table: pd.DataFrame) -> list[Panel]:
    """Panels of the store's table `gap` (arXiv 2506.24106, Tables 3 and 4), one a benchmark."""
    panels = []
    for (benchmark, domain), rows in table.groupby(["benchmark", "token_set"], sort=False):
        drawn = rows.rename(columns={"gap_cosine": "cosine_gap", "gap_euclidean": "euclidean_gap"})
        drawn = drawn.assign(cosine_se=np.nan, euclidean_se=np.nan, details=None)
        numbers = {name: drawn[name].round(DECIMALS) for name in _NUMBERS}
        drawn = drawn.assign(**numbers)[["subject", "name", *_NUMBERS, "score", "details", "source"]]
        panels.append(
            Panel(
                f"{PUBLISHED}-{benchmark}",
                str(domain),
                "non-code" if domain == "code" else "non-math",
                str(benchmark),
                str(rows["metric"].iloc[0]),
                True,
                drawn.reset_index(drop=True),
            )
        )
    return panels


def measured_panels(measured: pd.DataFrame, scores: pd.DataFrame, published: pd.DataFrame) -> list[Panel]:
    """Panels of gaps measured here, the one with the newest gap first.

    Arguments:
        measured: subject, name, parameters, seed, domain, reference, created_at, numbers, details, by age.
        scores: the store's table; a checkpoint's score is looked up by subject, else by name.
        published: the store's table `gap`, whose accuracies belong to the hub ids in its subjects.

    Of the scores, each told apart as in `core.scores.readings`, the one that most of a panel's checkpoints
    have is shown.
    """
    known_scores = _with_published(scores, published)
    panels = []
    for (parameters, seed), rows in measured.groupby(["parameters", "seed"], sort=False):
        # A checkpoint measured before and after a move has two subjects; the newer one stands for it.
        rows = rows.drop_duplicates("name", keep="last")
        benchmark, metric, values = _commonest(rows, known_scores)
        drawn = rows.assign(score=values, source="measured here").sort_values("cosine_gap", ascending=False)
        newest = rows["created_at"].max()
        panel = Panel(
            _id(rows["domain"].iloc[-1], rows["reference"].iloc[-1], str(parameters), int(seed)),
            str(rows["domain"].iloc[-1]),
            str(rows["reference"].iloc[-1]),
            benchmark,
            metric,
            False,
            drawn[["subject", "name", *_NUMBERS, "score", "details", "source"]].reset_index(drop=True),
        )
        panels.append((newest, panel))
    return [panel for _, panel in sorted(panels, key=lambda pair: pair[0], reverse=True)]


def _id(domain: str, reference: str, parameters: str, seed: int) -> str:
    """Short, the same in every session, and another for other words under the same names."""
    from hashlib import blake2b

    return f"{domain}-{reference}-{blake2b(f'{parameters}{seed}'.encode(), digest_size=3).hexdigest()}"


def _with_published(scores: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The accuracies of the table `gap` as rows of the store's scores, and those after them."""
    hub_ids = published["subject"].str.removeprefix("published:")
    accuracies = published.assign(
        name=hub_ids, task=published["benchmark"], value=published["score"], origin=PUBLISHED
    )
    columns = ["subject", "name", *IDENTITY, "value", "source", "origin", "added_at"]
    both = pd.concat([accuracies.reindex(columns=columns), scores.reindex(columns=columns)])
    return both.fillna(dict.fromkeys(IDENTITY, "")).reset_index(drop=True)


def _commonest(rows: pd.DataFrame, scores: pd.DataFrame) -> tuple[str, str, list[float]]:
    """The score that most of the rows have: what it is called, its metric, its values in their order."""
    own = attributed(
        scores, {subject: [name] for subject, name in zip(rows["subject"], rows["name"], strict=True)}
    )
    own = own[~replaced(own)]
    values = own.groupby([*IDENTITY, "subject"], sort=False)["value"].mean()  # over seeds
    if values.empty:
        return "", "", [math.nan] * len(rows)
    best = values.groupby(level=IDENTITY, sort=False).size().idxmax()
    return (
        titles(own)[best],
        best[IDENTITY.index("metric")],
        values.loc[best].reindex(rows["subject"]).to_list(),
    )


def are_tied(a: dict[str, Any], b: dict[str, Any], distance: str) -> bool:
    """Whether two measured gaps cannot be told apart.

    a, b: details of a gap: per distance its "gap" and "resamples", and "domain_words", "reference_words".
    Where both have the same words, their difference is taken word by word (the resamples are paired), else
    their errors are added.
    """
    one, two = a[distance], b[distance]
    same = all(
        [word for word, *_ in a[key]] == [word for word, *_ in b[key]]
        for key in ("domain_words", "reference_words")
    )
    return tied(one["gap"], two["gap"], one["resamples"], two["resamples"], paired=same)


def leaders(panel: Panel, distance: str) -> list[str]:
    """The checkpoint with the largest gap, and those that cannot be told apart from it, largest gap first."""
    first, *others = panel.rows.sort_values(f"{distance}_gap", ascending=False).itertuples()
    near = [] if panel.published else [o for o in others if are_tied(first.details, o.details, distance)]
    return [str(row.name) for row in (first, *near)]


def verdict(panel: Panel, distance: str) -> Verdict:
    """How the panel's gaps in `distance` rank its scores."""
    rows = panel.rows.dropna(subset=["score"])
    gaps, scores = rows[f"{distance}_gap"].round(DECIMALS).to_numpy(), rows["score"].to_numpy()
    sizes = [size(name) for name in rows["name"]]
    right, pairs = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    for i, j in combinations(range(len(rows)), 2):
        if scores[i] != scores[j]:
            same = sizes[i] is not None and sizes[i] == sizes[j]
            pairs[same] += 1
            right[same] += 0.5 * (1 + np.sign((gaps[i] - gaps[j]) * (scores[i] - scores[j])))
    overall = agreement(rows[f"{distance}_gap"].to_list(), rows["score"].to_list())
    return Verdict(overall, right[True], pairs[True], right[False], pairs[False])


def size(name: str) -> str | None:
    """The parameter count that a model's name states (`7` of Qwen2.5-7B), or None."""
    match = _SIZE.search(name)
    return match[1] if match else None
