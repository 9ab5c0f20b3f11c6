"""Applicability domain: whether a reference covers a checkpoint, and the reasons where it does not.

Outside is a checkpoint that lacks a measure, that has one beyond the lowest and highest of the reference,
that lies farther from every reference checkpoint than any of those lies from its own nearest (all measures
together, each in units of the reference's standard deviation: every single measure may be in range while the
combination lies outside the joint range), or that was measured on other or much less text.

A family that the reference does not hold counts as outside only for a predictor with a term for the
architecture, or one whose held-out errors say nothing about new architectures.

Reasons are data (`core.reasons.Reason`), `core.wording.applicability` puts them into words. Their codes:
not_measured (measures), outside_range (measure, value, low, high), outside_joint_range (distance,
farthest), unknown_architecture, other_architecture (family, layers, width), other_kind (kind, kinds),
other_text (corpus, corpora), less_text (sequences, reference), and from `core.prediction.predictions`
other_cells (samples, as of `core.measures.protocol.left_out`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.prediction.reference import FAMILY
from core.reasons import Reason


@dataclass(frozen=True)
class Domain:
    """What the checkpoints that a predictor was fitted to span; see `domain_of`."""

    measures: tuple[str, ...]
    families: tuple[str, ...]
    kinds: tuple[str, ...]  # encoder, decoder …; () where not known
    ranges: dict[str, tuple[float, float]]
    sequences: float | None  # that the reference was measured on
    corpora: tuple[str, ...]
    values: np.ndarray  # (n, measures), in standard deviations from the mean
    centre: np.ndarray  # (measures,)
    scale: np.ndarray  # (measures,)
    farthest: float  # the largest distance of a reference checkpoint from its nearest other

    def scaled(self, frame: pd.DataFrame) -> np.ndarray:
        """The measures of `frame` in standard deviations from the reference's mean: (rows, measures)."""
        return (frame[list(self.measures)].to_numpy(np.float64) - self.centre) / self.scale

    def distances(self, frame: pd.DataFrame) -> np.ndarray:
        """Distance of each row to the nearest reference checkpoint, in standard deviations: (rows,).

        NaN where a measure is missing, and for a predictor without measures.
        """
        away = np.full(len(frame), np.nan)
        X = self.scaled(frame)
        whole = np.isfinite(X).all(axis=1)
        if self.measures and whole.any():
            away[whole] = nearest(self.values, X[whole])
        return away

    def reasons(self, frame: pd.DataFrame, *, any_architecture: bool = False) -> list[tuple[Reason, ...]]:
        """Why the reference does not cover each row of `frame`; () where it does.

        Arguments:
            any_architecture: the predictor's errors were measured on architectures that it had not seen, so
                an unknown one is no reason; one of another kind (a decoder among encoders) still is.
        """
        away = self.distances(frame)
        read = [*self.measures, "kind", "origin", FAMILY, "layers", "width", "corpus", "sequences"]
        return [
            (
                *self._measures(row, distance),
                *self._architecture(row, any_architecture),
                *self._text(row),
            )
            for row, distance in zip(_records(frame, read), away, strict=True)
        ]

    def _measures(self, row: Mapping[Any, Any], distance: float) -> list[Reason]:
        missing = tuple(name for name in self.measures if not np.isfinite(row.get(name, np.nan)))
        reasons = [Reason("not_measured", measures=missing)] if missing else []
        beyond = [
            Reason("outside_range", measure=name, value=float(row[name]), low=low, high=high)
            for name, (low, high) in self.ranges.items()
            if row.get(name, np.nan) < low or row.get(name, np.nan) > high
        ]
        if not beyond and len(self.measures) > 1 and distance > self.farthest:
            beyond = [Reason("outside_joint_range", distance=float(distance), farthest=self.farthest)]
        return reasons + beyond

    def _architecture(self, row: Mapping[Any, Any], any_architecture: bool) -> list[Reason]:
        if any_architecture:
            kind = row.get("kind")
            other = isinstance(kind, str) and kind and self.kinds and kind not in self.kinds
            return [Reason("other_kind", kind=kind, kinds=self.kinds)] if other else []
        if row.get("origin") == "uploaded":
            return [Reason("unknown_architecture")]
        return [] if row.get(FAMILY) in self.families else [Reason("other_architecture", **shape_of(row))]

    def _text(self, row: Mapping[Any, Any]) -> list[Reason]:
        reasons = []
        corpus, sequences = row.get("corpus"), row.get("sequences", np.nan)
        if self.corpora and isinstance(corpus, str) and corpus and corpus not in self.corpora:
            reasons.append(Reason("other_text", corpus=corpus, corpora=self.corpora))
        if self.sequences and pd.notna(sequences) and sequences < self.sequences / 2:
            reasons.append(Reason("less_text", sequences=float(sequences), reference=self.sequences))
        return reasons


def domain_of(rows: pd.DataFrame, measures: tuple[str, ...]) -> Domain:
    """What `rows` span, which have all `measures` and a family."""
    X = rows[list(measures)].to_numpy(np.float64)
    centre, scale = X.mean(0), X.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    values = (X - centre) / scale
    sequences = rows["sequences"].median() if "sequences" in rows else np.nan
    return Domain(
        measures=measures,
        families=tuple(sorted(rows[FAMILY].unique())),
        kinds=_labels(rows, "kind"),
        ranges={name: (float(rows[name].min()), float(rows[name].max())) for name in measures},
        sequences=float(sequences) if np.isfinite(sequences) else None,
        corpora=_labels(rows, "corpus"),
        values=values,
        centre=centre,
        scale=scale,
        farthest=farthest_neighbour(values),
    )


def _records(frame: pd.DataFrame, columns: list[str]) -> list[dict]:
    return frame[[name for name in columns if name in frame]].to_dict("records")


def nearest(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance of each of `points` (m, d) to the nearest row of `values` (n, d), d > 0. Returned: (m,)."""
    from scipy.spatial import KDTree

    return KDTree(values).query(points)[0]


def farthest_neighbour(values: np.ndarray) -> float:
    """The largest distance of a row of `values` (n, d) to its nearest other; infinite for fewer than two."""
    if len(values) < 2 or not values.shape[1]:
        return float("inf")
    from scipy.spatial import KDTree

    return float(KDTree(values).query(values, k=2)[0][:, 1].max())


def shape_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Family, layers and width of a checkpoint, None where one is not known."""
    layers, width = row.get("layers", np.nan), row.get("width", np.nan)
    return {
        "family": row[FAMILY] if isinstance(row.get(FAMILY), str) else "checkpoint of this family",
        "layers": int(layers) if pd.notna(layers) else None,
        "width": int(width) if pd.notna(width) else None,
    }


def _labels(rows: pd.DataFrame, column: str) -> tuple[str, ...]:
    if column not in rows:
        return ()
    return tuple(sorted(label for label in rows[column].dropna().unique() if label))
