"""Sentences on gaps of token distances: how they rank known scores, and who has the largest."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.formatting import first_few, signed
from core.statistics.correlation import Agreement
from core.token_sets.comparison import Panel, Verdict

FAMILIES = {"MATH": "Qwen2.5", "HumanEval": "Llama 2"}  # the models of the published panels


def verdict(judged: Verdict, benchmark: str) -> str:
    """How gaps rank the scores of a benchmark, with n and what the interval or the test is."""
    a = judged.overall
    if a.n < 3 or np.isnan(a.rho):
        return "Too few checkpoints with a known score to say whether the gap ranks them."
    test = "exact permutation test" if a.exact else "permutation test"
    interval = (
        f"95 % bootstrap interval {signed(a.low)} to {signed(a.high)}, {test} p = {a.p:.2f}"
        if np.isfinite(a.low)
        else f"{test} p = {a.p:.2f}; {a.n} rows are too few for an interval"
    )
    parts = [f"Spearman of gap and {benchmark}: **{signed(a.rho)}** over {a.n} checkpoints ({interval})."]
    if judged.pairs_within and judged.pairs_between:
        parts.append(
            f"In the right order are {judged.right_within:g} of {judged.pairs_within} pairs of one size and "
            f"{judged.right_between:g} of {judged.pairs_between} pairs of different sizes."
        )
    return " ".join(parts)


def heading(panel: Panel, judged: Verdict, leaders: Sequence[str], distance: str) -> str:
    """What a panel shows, in one line; leaders: the largest gap first, then those tied with it."""
    rho, count = judged.overall.rho, judged.overall.n
    if np.isnan(rho):
        first, *near = leaders
        others = near[0] if len(near) == 1 else f"{len(near)} others"
        if len(panel.rows) == 1:
            gap = panel.rows[f"{distance}_gap"].iloc[0]
            return f"{first}'s gap of {panel.domain} is {gap:.2f}: measure others to compare it with"
        return f"{first} has the largest gap" + (f", tied with {others}" if near else "")
    name = FAMILIES.get(panel.benchmark, "these") if panel.published else "these"
    if judged.pairs_within > 2 and judged.right_within == judged.pairs_within and abs(rho) < 0.5:
        return f"The gap orders {name} models of one size, but not models of different sizes"
    over = f"over {count} {name} models"
    if rho > 0 and judged.overall.p < 0.05:
        return f"The gap of {panel.domain} follows {panel.benchmark} {over}"
    if rho > 0.5:
        return f"The gap of {panel.domain} correlates with {panel.benchmark} {over}, too few to be sure"
    return f"The gap of {panel.domain} does not follow {panel.benchmark} {over}"


def leader(panel: Panel, leaders: Sequence[str]) -> str:
    """The checkpoint with the largest gap, and those that cannot be told apart from it."""
    if panel.published:
        return "Printed to two decimals; the paper gives no errors, so ties cannot be told."
    first, *near = leaders
    if len(panel.rows) == 1:
        return f"{first} is the only checkpoint measured with these tokens."
    if not near:
        return f"{first} has the largest gap, beyond the error of which words were chosen."
    return f"{first} has the largest gap, tied with {first_few(near, 4)}: other words could turn it around."


def claim(judged: Mapping[tuple[str, str], Agreement]) -> str:
    """Where the paper's sentence on its tables does not follow from them.

    judged: (benchmark, distance) → agreement of gaps and scores in the printed tables.
    """
    math, code = judged["MATH", "cosine"], judged["HumanEval", "cosine"]
    math_euclidean, code_euclidean = judged["MATH", "euclidean"], judged["HumanEval", "euclidean"]
    return (
        "The paper says that the correlations “exceed 0.95” and that the gap “perfectly ranks all nine "
        f"checkpoints”. That does not follow from its printed tables. Table 3 has {math.n} rows, not nine, "
        f"and over them Spearman with MATH is {signed(math.rho)} by cosine and {signed(math_euclidean.rho)} "
        f"by Euclidean distance, with {math.swapped:g} and {math_euclidean.swapped:g} of {math.pairs} pairs "
        f"in the wrong order (a tie counts half). Table 4 has {code.n} rows: {signed(code.rho)} with "
        f"HumanEval by cosine, {signed(code_euclidean.rho)} by Euclidean distance, where four rows cannot "
        f"show less than p = {code_euclidean.p:.2f}."
    )
