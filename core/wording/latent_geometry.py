"""What the figures and tables of arXiv 2406.12159 show, in sentences computed from the data.

A finding has a title that says what is seen, a sentence with the numbers behind it, and notes: where the
paper's words or numbers and its data disagree.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.formatting import capital, count_of, signed
from core.formatting import fine_percent as percent
from core.studies.latent_geometry import (
    ADDITIVE,
    BASE,
    GLUE,
    LOW_NOISE,
    PRODUCT,
    ROBERTA,
    SHORT,
    SMALL,
    SPREAD,
    TABLES,
    error_of,
    mean_error,
    medians,
    others,
    pearson,
    perturbed,
    recomputed,
    regression,
)
from core.studies.latent_geometry_figures import SHOWN, TURN, correlations, decay, predictions, turns
from core.studies.latent_geometry_print import comparisons
from core.wording.latent_geometry_print import commented
from core.wording.latent_geometry_tables import Words, count_notes, table_words, text_words

IDS = {  # in the paper's order
    "figure-1": "Figure 1",
    "figure-3": "Figure 3",
    "figure-4": "Figure 4",
    "figure-5": "Figure 5",
    "table-1": "Table 1",
    "figure-6": "Figure 6",
    "figure-7": "Figure 7",
    "figure-8": "Figure 8",
    "table-2": "Table 2",
    "figure-9": "Figure 9",
    "figure-10": "Figure 10",
    "figure-11": "Figure 11",
    "text": "Numbers in the text",
}
WIDE_MISS = 0.2  # of GLUE average: further off than the whole span between most published encoders
ALIKE = 0.9
BEND = 0.05  # of r²: what a squared term must add for a line not to fit


@dataclass(frozen=True)
class Finding:
    """One figure or table: id (in the page's address), label, title, sentence, differences to the print."""

    id: str
    label: str
    title: str
    text: str
    notes: tuple[str, ...] = ()


def findings(frame: pd.DataFrame) -> list[Finding]:
    """Every figure and table in the paper's order; `frame` from `latent_geometry.models`."""
    tables = recomputed(frame)
    compared = commented(comparisons(frame, tables), frame)
    made = {
        "figure-1": _figure_1(frame, compared),
        "figure-3": _figure_3(frame, compared),
        "figure-4": _figure_4(frame, compared),
        "figure-5": _figure_5(frame, compared),
        "table-1": table_words(frame, compared, tables, "Table 1"),
        "figure-6": _figure_6(frame),
        "figure-7": _figure_7(frame, tables),
        "figure-8": _figure_8(frame),
        "table-2": table_words(frame, compared, tables, "Table 2"),
        "figure-9": _all_measures(frame, "additive quantizer", ADDITIVE),
        "figure-10": _all_measures(frame, "product quantizer", PRODUCT),
        "figure-11": _all_measures(frame, "spread", SPREAD),
        "text": text_words(compared),
    }
    return [Finding(id_, IDS[id_], *made[id_]) for id_ in IDS]


def _figure_1(frame: pd.DataFrame, compared: pd.DataFrame) -> Words:
    glue = medians(frame, [])[lambda rows: rows["family"] == SMALL].set_index("alpha")[GLUE]
    first, low, last = glue.iloc[0], glue[glue.index <= LOW_NOISE].iloc[-1], glue.iloc[-1]
    share = (first - low) / (first - last)
    fitted = decay(frame)
    title = f"{percent(LOW_NOISE)} of noise in the weights costs {percent(share)} of all that noise costs"
    text = (
        f"The median GLUE average of BERT-small falls from {first:.2f} at {percent(glue.index[0])} noise to "
        f"{low:.2f} at {percent(LOW_NOISE)} and {last:.2f} at pure noise. An exponential decay to a floor of "
        f"{fitted.floor:.2f} accounts for {percent(fitted.r2)} of the variance; what is left above the floor "
        f"halves with every {percent(fitted.scale * float(np.log(2)))} of noise."
    )
    return (
        title,
        text,
        count_notes(compared, "BERT-small models", f"models with at most {percent(LOW_NOISE)} noise"),
    )


def _figure_3(frame: pd.DataFrame, compared: pd.DataFrame) -> Words:
    name = ADDITIVE["PP"]
    small, roberta = (pearson(frame, name, family) for family in (SMALL, ROBERTA))
    rows = medians(frame, [name])
    own = rows[rows["family"] == SMALL]
    slope, start = np.polyfit(own[GLUE], own[name], 1)
    rest = rows[rows["family"] != SMALL]
    right = int((rest[name] > start + slope * rest[GLUE]).sum())
    low = perturbed(frame, ROBERTA)
    low = low[low["alpha"] < LOW_NOISE]
    seen = "Patchier cells, better GLUE" if min(small, roberta) > 0 else "Patchiness and GLUE"
    title = f"{seen}: r = {signed(small)} in BERT-small, {signed(roberta)} in RoBERTa"
    text = (
        f"{right} of the {len(rest)} levels of RoBERTa and BERT-base lie to the right of BERT-small's line, "
        f"patchier than it at the same GLUE average. With less than {percent(LOW_NOISE)} noise r within "
        f"RoBERTa is {signed(float(low[name].corr(low[GLUE])))}."
    )
    small_runs, roberta_runs = (rows[rows["family"] == family] for family in (SMALL, ROBERTA))
    few = roberta_runs[roberta_runs["alpha"] < LOW_NOISE]
    note = (
        "The paper speaks of three runs at every level of BERT-small and at every RoBERTa level below "
        f"{percent(LOW_NOISE)}; its tables hold three at {int((small_runs['runs'] == 3).sum())} of "
        f"{len(small_runs)} and at {int((few['runs'] == 3).sum())} of {len(few)}."
    )
    return title, text, (note,)


def _figure_4(frame: pd.DataFrame, compared: pd.DataFrame) -> Words:
    name = ADDITIVE["PP"]
    alone, typed = (regression(frame, name, architecture=flag).r2 for flag in (False, True))
    own = regression(frame, name, architecture=False, family=SMALL).r2
    title = (
        f"Knowing the architecture lifts what patchiness explains from {percent(alone)} to {percent(typed)}"
    )
    text = (
        f"r² is {alone:.3f} with one line for all {len(perturbed(frame))} perturbed models and {typed:.3f} "
        f"with an intercept for each architecture, {own:.3f} within BERT-small alone. The diagonal is where "
        "prediction and score agree."
    )
    return title, text, ()


def _figure_5(frame: pd.DataFrame, compared: pd.DataFrame) -> Words:
    name = ADDITIVE["PP"]
    rows = others(predictions(frame, name, architecture=True))
    missed = rows["predicted"] - rows[GLUE]
    far = int((missed.abs() > WIDE_MISS).sum())
    worst = rows.loc[missed.abs().idxmax()]
    rank = rows["predicted"].rank().corr(rows[GLUE].rank())
    title = f"Patchiness misses {far} of the {len(rows)} non-standard models by more than {WIDE_MISS:g}"
    beyond = rows[rows["predicted"] > 1]
    text = (
        f"Mean squared error {error_of(frame, name):.3f}, against {mean_error(frame):.3f} of the mean "
        f"baseline; rank correlation of prediction and score {signed(float(rank))}. "
        f"Furthest off: {worst['label']}, predicted {worst['predicted']:.2f}, scored {worst[GLUE]:.2f}."
        + (f" {len(beyond)} predictions are above 1, which no score can be." if len(beyond) else "")
    )
    notes = count_notes(compared, "non-standard models", "non-standard models in the chart")
    claim = (
        "The paper calls the regression predictive of many of these models; its error is larger than the "
        "mean baseline's."
    )
    return title, text, (*((claim,) if error_of(frame, name) > mean_error(frame) else ()), *notes[-1:])


def _figure_6(frame: pd.DataFrame) -> Words:
    counts = {SHORT_NAMES[name]: turns(frame, name) for name in SHOWN["figure-6"]}
    some = [short for short, count in counts.items() if count]
    listed = ", ".join(f"{short} {_times(count)}" for short, count in counts.items())
    title = f"{capital(count_of(len(some), len(counts)))} of these measures turn back as noise grows"
    text = (
        f"Changes of direction by at least {percent(TURN)} of the range, as noise grows in BERT-small: "
        f"{listed}; {SHORT_NAMES[ADDITIVE['PP']]} {_times(turns(frame, ADDITIVE['PP']))}, the GLUE average "
        f"{_times(turns(frame, GLUE))}. A measure that turns back has one value for two scores."
    )
    return title, text, ()


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _figure_7(frame: pd.DataFrame, table: pd.DataFrame) -> Words:
    name = ADDITIVE["PDEEE"]
    typed = regression(frame, name, architecture=True)
    rows = perturbed(predictions(frame, name, architecture=True)).sort_values("predicted")
    thirds = [
        float((part[GLUE] - part["predicted"]).mean())
        for part in (rows.iloc[index] for index in np.array_split(np.arange(len(rows)), 3))
    ]
    design = np.column_stack(
        [rows[name] ** 2, rows[name], *(rows["family"] == family for family in (SMALL, BASE, ROBERTA))]
    ).astype(np.float64)
    left = rows[GLUE] - design @ np.linalg.lstsq(design, rows[GLUE].to_numpy(), rcond=None)[0]
    squared = 1 - float((left**2).sum() / ((rows[GLUE] - rows[GLUE].mean()) ** 2).sum())
    listed = table[table["table"] == "Table 1"].set_index("row")["mse"]
    best = table.loc[table["mse"].idxmin()]
    size = "A small error" if listed["PDEEE"] < mean_error(frame) else "An error above the mean's"
    fits = "fits" if squared - typed.r2 < BEND else "does not fit"
    title = f"{size} on the non-standard models ({listed['PDEEE']:.3f}), by a line that {fits}"
    text = (
        f"Score minus prediction averages {', '.join(signed(value, 3) for value in thirds[:2])} and "
        f"{signed(thirds[2], 3)} in the lowest, middle and highest third of the predictions. A squared term "
        f"lifts r² from {typed.r2:.2f} to {squared:.2f}."
    )
    notes = ["The caption speaks of a residuals plot; drawn, there as here, are scores against predictions."]
    if best["row"] not in ("PDEEE", "AQ PDEEE") and listed.idxmin() == "PDEEE":
        notes.append(
            f"PDEEE has the lowest error of Table 1's five measures, as the paper says; of all nineteen "
            f"{best['row']} has the lowest ({best['mse']:.4f} against {listed['PDEEE']:.4f})."
        )
    return title, text, tuple(notes)


def _figure_8(frame: pd.DataFrame) -> Words:
    table = correlations(frame)
    upper = table.to_numpy()[np.triu_indices(len(table), 1)]
    alike = int((np.abs(upper) > ALIKE).sum())
    density = [
        min(
            abs(table.loc[group[a], group[b]])
            for a, b in (("PP", "PCvar"), ("PP", "PCkl"), ("PCvar", "PCkl"))
        )
        for group in (ADDITIVE, PRODUCT)
    ]
    eee_vrm, eee_is = table.loc["eee", "vrm"], table.loc["eee", "isoscore"]
    across = {short: float(table.loc[ADDITIVE[short], PRODUCT[short]]) for short in ADDITIVE}
    same = [short for short, r in across.items() if r > ALIKE]
    other = ", ".join(f"{short} {signed(r)}" for short, r in across.items() if short not in same)
    title = f"{alike} of {len(upper)} pairs of measures say nearly the same: r beyond ±{ALIKE:g}"
    text = (
        f"|r| among the three measures of cell density is at least {density[0]:.2f} with the additive and "
        f"{density[1]:.2f} with the product quantizer. Between the two quantizers {count_of(len(same), 8)} "
        f"measures agree as closely ({', '.join(same)}); the others less: {other}."
    )
    note = (
        f"The paper finds IsoScore only slightly less correlated with EEE; the data give {signed(eee_is)} "
        f"against {signed(eee_vrm)} for VRM. It does not say over which models; drawn is BERT-small, "
        "as in the authors' script."
    )
    return title, text, (note,)


def _all_measures(frame: pd.DataFrame, group: str, names: dict[str, str]) -> Words:
    r = {short: (pearson(frame, name, SMALL), pearson(frame, name, ROBERTA)) for short, name in names.items()}
    keep = [short for short, (small, roberta) in r.items() if np.sign(small) == np.sign(roberta)]
    first = max(r, key=lambda short: abs(r[short][0]))
    turned = [short for short, name in names.items() if turns(frame, name)]
    many = "measures of the " + group if "quantizer" in group else "measures of spread"
    kept = capital(count_of(len(keep), len(names)))
    title = f"{kept} {many} keep their sign from BERT-small to RoBERTa"
    text = (
        f"Strongest in BERT-small is {first} (r = {signed(r[first][0])}, in RoBERTa "
        f"{signed(r[first][1])}). As noise grows in BERT-small, {count_of(len(turned), len(names))} "
        f"change direction by at least {percent(TURN)} of their range"
        + (f": {', '.join(turned)}." if turned else ".")
    )
    return title, text, ()


SHORT_NAMES = SHORT | {name: row for row, name in TABLES["Table 1"].items()}
