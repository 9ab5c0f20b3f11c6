"""Every checkpoint of an overview predicted by one predictor from one reference.

A checkpoint of the reference is predicted from the other groups, so that its known score is a fair check;
every other one from the whole reference. Cell measures are those of the reference's text and size: a
checkpoint that has others only is not predicted from them, and its reasons say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures.protocol import left_out
from core.overview import Overview
from core.prediction.choosing import ChosenModel
from core.prediction.intervals import coverage, coverage_by_group
from core.prediction.model import LEVEL, Model
from core.prediction.predictors import DEFAULT, estimator
from core.prediction.ranking import places
from core.prediction.reference import FAMILY, Reference, at_sample, sized
from core.prediction.references import FEWEST, reference_of, sizes, with_groups, with_source
from core.prediction.trust import Trust, trust
from core.reasons import Reason


@dataclass(frozen=True)
class Predictions:
    """Predictions, the model behind them, and the coverage of its intervals on groups left out.

    rows: the overview's rows in its order, with the columns of `Model.predict` and held_out (it belongs to
        the reference, so it was predicted from the other groups), actual (its known score), rank (1: best
        predicted of those in range; NaN outside) and trust (a level of `core.prediction.trust`).
    """

    rows: pd.DataFrame
    model: Model
    predictor: str  # a key of PREDICTORS
    coverage: float
    coverage_by_group: float  # the same, groups counting the same
    trusts: dict[str, Trust]  # by subject

    @property
    def ranked(self) -> pd.DataFrame:
        """The rows, best predicted score first."""
        return self.rows.sort_values(
            ["predicted", "raw"], ascending=not self.model.reference.higher_is_better, kind="stable"
        )

    @property
    def compared(self) -> pd.DataFrame | None:
        """The predictors that the best of this reference was chosen from, see `ChosenModel`; else None."""
        return self.model.compared if isinstance(self.model, ChosenModel) else None

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest score of the reference."""
        scores = self.model.reference.rows[self.model.score]
        return float(scores.min()), float(scores.max())


def predict(
    overview: Overview,
    reference: Reference,
    predictor: str = DEFAULT,
    measures: Sequence[str] | None = None,
    *,
    level: float = LEVEL,
) -> Predictions:
    """Predict the reference's score for every checkpoint of `overview` that has one of the measures.

    Arguments:
        predictor, measures: as of `core.prediction.predictors.estimator`; level: of the interval.

    Raises InputError: no such predictor or measure; too few checkpoints in the reference with all of it.
    """
    model = estimator(predictor, measures).fit(reference, level=level)
    rows = with_groups(reference, with_source(reference, sized(at_sample(overview, reference.sample).rows)))
    own = model.held_out()
    measured = rows.reindex(columns=list(model.measures or overview.measures)).notna().any(axis=1)
    if not model.measures:
        measured |= rows[model.score].notna()
    others = model.predict(rows[measured & ~rows.index.isin(own.index)])
    parts = [part.assign(held_out=flag) for part, flag in ((own, True), (others, False)) if len(part)]
    predicted = pd.concat(parts) if parts else others.assign(held_out=False)
    predicted["reasons"] = _with_other_cells(overview, predicted["reasons"], reference.sample, model.measures)
    predicted = _with_mixed_texts(overview, predicted, model.measures)
    actual = rows[model.score] if model.score in rows else pd.Series(np.nan, index=rows.index)
    actual = reference.rows[model.score].reindex(rows.index).fillna(actual)  # known by another protocol
    absent = [name for name in model.measures if name not in rows]
    joined = rows.assign(**dict.fromkeys(absent, np.nan)).join(predicted, how="inner").assign(actual=actual)
    joined["rank"] = places(joined, higher_is_better=reference.higher_is_better)
    trusts = {
        str(subject): trust(model, row)
        for subject, row in zip(
            joined.index, joined[_read(joined, reference)].to_dict("records"), strict=True
        )
    }
    joined["trust"] = [entry.level for entry in trusts.values()]
    return Predictions(
        rows=joined,
        model=model,
        predictor=predictor,
        coverage=coverage(own, actual),
        coverage_by_group=coverage_by_group(own, actual, reference.rows[reference.groups]),
        trusts=trusts,
    )


def _read(rows: pd.DataFrame, reference: Reference) -> list[str]:
    """The columns that trust reads."""
    read = ["actual", "low", "high", "sd", "reasons", "interpolated", FAMILY, "layers", "width"]
    return [name for name in dict.fromkeys([*read, reference.groups]) if name in rows]


def covering(
    overview: Overview, score: str, predictor: str = DEFAULT, measures: Sequence[str] | None = None
) -> Predictions:
    """Predictions from the reference that covers most candidates, of those with at least 8 checkpoints.

    Candidates are checkpoints measured here without a known score; all that are measured here where none is.
    Of references that cover as many, the first in `core.prediction.references.TITLES` counts, which is the
    nearest to the user's own; without candidates it is that of the perturbed checkpoints.
    Raises InputError: no reference can predict the score.
    """
    counts = sizes(overview, score) if score in overview.scores else {}
    here = overview.rows["origin"] != "published"
    asked = here & overview.rows[score].isna() if counts else here
    asked = asked if asked.any() else here
    single = max((n for name, n in counts.items() if name != "all"), default=0)
    tried = [name for name, n in counts.items() if n >= FEWEST and (name != "all" or n > single)]
    best: Predictions | None = None
    most = -1
    for name in tried if asked.any() else []:
        try:
            predictions = predict(overview, reference_of(overview, name, score), predictor, measures)
        except InputError:  # too few checkpoints with the measures that were asked for
            continue
        rows = predictions.rows
        covered = int(rows.loc[rows.index.isin(asked.index[asked]), "in_range"].sum())
        if covered > most:
            best, most = predictions, covered
    if best is not None and (most > 0 or counts["perturbed"] < FEWEST):
        return best
    largest = max(counts, key=counts.__getitem__) if any(counts.values()) else "perturbed"
    name = "perturbed" if counts.get("perturbed", 0) else largest
    return predict(overview, reference_of(overview, name, score), predictor, measures)


def _with_other_cells(
    overview: Overview, reasons: pd.Series, sample: str, measures: tuple[str, ...]
) -> pd.Series:
    """`reasons` with that of cells measured on another text or size, which were not used."""
    others = left_out(overview.cells, sample, list(measures))
    added = [
        (*own, Reason("other_cells", samples=others[str(subject)])) if str(subject) in others else own
        for subject, own in reasons.items()
    ]
    return pd.Series(added, index=reasons.index, dtype=object)


def _with_mixed_texts(overview: Overview, rows: pd.DataFrame, measures: tuple[str, ...]) -> pd.DataFrame:
    """`rows` with the reason not to rank a checkpoint whose measures were taken on different texts."""
    texts = overview.texts.reindex(index=rows.index, columns=list(measures))
    mixed = texts.notna().any(axis=1).to_numpy()
    reasons = [
        (*own, Reason("mixed_texts", texts=texts.loc[subject].dropna().to_dict())) if apart else own
        for (subject, own), apart in zip(rows["reasons"].items(), mixed, strict=True)
    ]
    return rows.assign(
        reasons=pd.Series(reasons, index=rows.index, dtype=object),
        in_range=rows["in_range"].astype(bool) & ~mixed,
    )
