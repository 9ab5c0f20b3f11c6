"""What a reference covers: why a checkpoint lies outside it, in words, and how far it lies from the nearest.

Outside is a checkpoint that lacks a measure, that has one beyond the lowest and highest of the reference,
that lies farther from every reference checkpoint than any of those lies from its own nearest (all measures
together, each in units of the reference's standard deviation: every single measure may be in range while the
combination is unheard of), or that was measured on other or much less text.

An architecture that the reference does not hold is told, and is outside only for a predictor with a term for
the architecture, or one whose held-out errors say nothing about new architectures.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.measures import MEASURES


@dataclass(frozen=True)
class Reach:
    """What the checkpoints that a predictor was fitted to span; see `reach_of`."""

    measures: tuple[str, ...]
    family: str
    families: tuple[str, ...]
    ranges: dict[str, tuple[float, float]]
    sequences: float | None  # that the reference was measured on
    corpora: tuple[str, ...]
    values: np.ndarray  # (n, measures), in standard deviations from the mean
    centre: np.ndarray  # (measures,)
    scale: np.ndarray  # (measures,)
    farthest: float  # the largest distance of a reference checkpoint from its nearest other

    def distances(self, frame: pd.DataFrame) -> np.ndarray:
        """Distance of each row to the nearest reference checkpoint, in standard deviations: (rows,).

        NaN where a measure is missing, and for a predictor without measures.
        """
        if not self.measures:
            return np.full(len(frame), np.nan)
        X = (frame[list(self.measures)].to_numpy(np.float64) - self.centre) / self.scale
        return np.array([np.sqrt(((self.values - row) ** 2).sum(1)).min() for row in X])

    def uncovered(self, row: pd.Series, *, any_architecture: bool = False) -> list[tuple[str, str]]:
        """Why the reference does not cover a checkpoint: a few words and a sentence each; [] if it does.

        Arguments:
            any_architecture: the predictor's errors were measured on architectures that it had not seen, so
                an unknown one is no reason; vectors of unknown origin and decoders still are.
        """
        said = [*self._unmeasured(row), *self._beyond(row)]
        if row.get("origin") == "uploaded" and not any_architecture:
            said.append(("architecture unknown", "Which architecture the vectors come from is not known."))
        elif row[self.family] not in self.families and not any_architecture:
            said.append(("other architecture", f"{self.unknown_family(row)}."))
        elif any_architecture and isinstance(kind := row.get("kind"), str) and kind not in ("encoder", ""):
            said.append(("no encoder", f"It is a {kind}; the reference holds encoders only."))
        corpus = row.get("corpus")
        if self.corpora and isinstance(corpus, str) and corpus and corpus not in self.corpora:
            held = ", ".join(self.corpora)
            said.append(("other text", f"Measured on other text ({corpus}) than the reference ({held})."))
        sequences = row.get("sequences", np.nan)
        if self.sequences and np.isfinite(sequences) and sequences < self.sequences / 2:
            sentence = f"Measured on {sequences:,.0f} sequences, the reference on {self.sequences:,.0f}."
            said.append(("less text", sentence))
        return said

    def unknown_family(self, row: pd.Series) -> str:
        """That the reference holds no checkpoint like this one, with its shape where known."""
        layers, width = row.get("layers", np.nan), row.get("width", np.nan)
        known = pd.notna(layers) and pd.notna(width)
        shape = f" with {layers:.0f} layers and width {width:.0f}" if known else ""
        return f"The reference holds no {row[self.family]}{shape}"

    def _unmeasured(self, row: pd.Series) -> list[tuple[str, str]]:
        missing = [name for name in self.measures if not np.isfinite(row.get(name, np.nan))]
        listed = ", ".join(map(_title, missing))
        return [("not measured", f"Not measured: {listed}.")] if missing else []

    def _beyond(self, row: pd.Series) -> list[tuple[str, str]]:
        said = []
        for name, (low, high) in self.ranges.items():
            value = row.get(name, np.nan)
            if value < low or value > high:
                side = "below" if value < low else "above"
                sentence = f"{_title(name)} {value:.3g} lies {side} the reference's {low:.3g} to {high:.3g}."
                said.append((f"{name} {side} range", sentence))
        if not said and len(self.measures) > 1:
            away = self.distances(row.to_frame().T)[0]
            if away > self.farthest:
                sentence = (
                    f"Each measure is in range, but not their combination: it lies {away:.2g} standard "
                    f"deviations from the nearest of the reference, none of which lies more than "
                    f"{self.farthest:.2g} from its own nearest."
                )
                said.append(("unheard-of combination", sentence))
        return said


def reach_of(kept: pd.DataFrame, measures: tuple[str, ...], family: str) -> Reach:
    """What the rows of `kept`, which have all `measures`, span."""
    X = kept[list(measures)].to_numpy(np.float64)
    centre, scale = X.mean(0), X.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    values = (X - centre) / scale
    sequences = kept["sequences"].median() if "sequences" in kept else np.nan
    return Reach(
        measures=measures,
        family=family,
        families=tuple(sorted(kept[family].unique())),
        ranges={name: (float(kept[name].min()), float(kept[name].max())) for name in measures},
        sequences=float(sequences) if np.isfinite(sequences) else None,
        corpora=tuple(sorted(kept["corpus"].dropna().unique())) if "corpus" in kept else (),
        values=values,
        centre=centre,
        scale=scale,
        farthest=farthest_neighbour(values),
    )


def farthest_neighbour(values: np.ndarray) -> float:
    """The largest distance of a row of `values` (n, d) to its nearest other; infinite for fewer than two."""
    if len(values) < 2 or not values.shape[1]:
        return float("inf")
    from scipy.spatial import KDTree

    return float(KDTree(values).query(values, k=2)[0][:, 1].max())


def _title(name: str) -> str:
    return MEASURES[name].title if name in MEASURES else name
