"""What predictions show, in sentences computed from them."""

import numpy as np

from core.formatting import decimal, listed, lower_first, percent, signed
from core.measures.titles import title_of
from core.prediction import Model, Predictions, Reference, nonstandard
from core.prediction.best import BestModel
from core.prediction.regression import LinearModel
from core.statistics.correlation import spearman

_PLURALS = {"family": "families", "base": "base checkpoints"}


def groups_of(reference: Reference) -> str:
    """What the reference's groups are called, in the plural."""
    return _PLURALS.get(reference.groups, f"{reference.groups}s")


def headline(predictions: Predictions) -> str:
    """The held-out RMSE of the predictor against the mean baseline's."""
    model = predictions.model
    errors, score, group = model.errors, title_of(model.score), model.reference.groups
    if errors is None:
        return f"{score}: no held-out error, since the reference has one {group} only"
    if predictions.predictor == "mean":
        return f"{score}: leave-one-{group}-out RMSE {errors.rmse:.3f} of the mean baseline"
    side = "below" if errors.rmse < errors.mean_rmse else "not below"
    return (
        f"{score}: leave-one-{group}-out RMSE {errors.rmse:.3f}, {side} the mean baseline "
        f"({errors.mean_rmse:.3f})"
    )


def basis(predictions: Predictions) -> str:
    """What was fitted to what, and the coverage of the intervals, in two or three sentences."""
    model = predictions.model
    r2 = f"; r² {decimal(model.r2)}" if isinstance(model, LinearModel) and model.measures else ""
    text = f"{fitted_to(model)}{r2}."
    if not np.isfinite(predictions.coverage):
        return text
    groups = groups_of(model.reference)
    return (
        f"{text} {coverage_of(predictions)} on {groups} left out "
        f"({percent(predictions.coverage_by_group)} when {groups} count the same); with {len(model.groups)} "
        f"{groups} that is a rough figure."
    )


def fitted_to(model: Model) -> str:
    """The predictor and the reference that it was fitted to, without a full stop."""
    groups = groups_of(model.reference)
    to = f"fitted to {model.n} {model.reference.title} of {len(model.groups)} {groups}"
    if isinstance(model, BestModel):
        return (
            f"{model.choice.new.title}, {to} ({', '.join(model.groups)}); near reference checkpoints of the "
            f"same base, {lower_first(model.choice.known.title)}"
        )
    if not model.measures:
        return f"Mean baseline, {to}"
    names = listed(map(title_of, model.measures))
    plus = (
        ", with a term for the architecture" if isinstance(model, LinearModel) and model.architecture else ""
    )
    return f"Linear regression on {names}{plus}, {to} ({', '.join(model.groups)})"


def accuracy(predictions: Predictions) -> str:
    """Held-out RMSE, the mean baseline's, and coverage, in one sentence."""
    model = predictions.model
    if model.errors is None:
        return f"The reference has one {model.reference.groups} only, so there is no held-out error."
    return held_out_figures(
        model.reference.groups,
        model.errors.rmse,
        model.errors.mean_rmse,
        model.level,
        predictions.coverage,
    )


def held_out_figures(group: str, rmse: float, baseline: float, level: float, covered: float) -> str:
    """Held-out RMSE, the mean baseline's, and the coverage of the intervals of `level`, in one sentence."""
    return (
        f"Leave-one-{group}-out RMSE {rmse:.3f}, mean baseline {baseline:.3f}; coverage of the "
        f"{percent(level)} interval: {percent(covered)}."
    )


def coverage_of(predictions: Predictions) -> str:
    """The coverage of the intervals, without a full stop."""
    return f"Coverage of the {percent(predictions.model.level)} interval: {percent(predictions.coverage)}"


def within_groups(predictions: Predictions) -> str:
    """Median absolute error, and the rank correlation within each group, predicted from the others."""
    rows = predictions.rows[predictions.rows["held_out"]].dropna(subset=["predicted", "actual"])
    error = (rows["predicted"] - rows["actual"]).abs()
    text = f"Median absolute error {decimal(error.median())}"
    correlations = {
        str(name): spearman(part["predicted"].to_numpy(), part["actual"].to_numpy())
        for name, part in rows.groupby(predictions.model.reference.groups)
    }
    finite = [f"{decimal(rho)} in {name}" for name, rho in correlations.items() if np.isfinite(rho)]
    group = predictions.model.reference.groups
    return f"{text}; Spearman correlation within a {group} left out: {', '.join(finite)}" if finite else text


def on_the_nonstandard(predictions: Predictions) -> tuple[str, str]:
    """(claim, figures) about the non-standard checkpoints; ("", "") where their score is not known."""
    rows = nonstandard(predictions.rows).dropna(subset=["raw", "actual"])
    if len(rows) < 3:
        return "", ""
    model = predictions.model
    actual, values = rows["actual"].to_numpy(), rows["raw"].to_numpy()
    mean = float(model.reference.rows[model.score].mean())
    mse, level = float(((values - actual) ** 2).mean()), float(((mean - actual) ** 2).mean())
    own = float(((actual - actual.mean()) ** 2).mean())
    inside = int(rows["actual"].between(rows["low"], rows["high"]).sum())
    rank = spearman(values, actual)
    if predictions.predictor == "mean":
        claim = f"RMSE {level**0.5:.2f} of the mean baseline on the {len(rows)} non-standard checkpoints"
    else:
        claim = (
            f"RMSE {mse**0.5:.2f} on the {len(rows)} non-standard checkpoints, "
            f"{'below' if mse < level else 'not below'} the mean baseline ({level**0.5:.2f})"
        )
    text = [
        f"Mean squared error {mse:.4f}; of the reference's mean {level:.4f}; of their own mean, which is not "
        f"known beforehand, {own:.4f}."
    ]
    if np.isfinite(rank):
        text.append(f"Spearman correlation with the known scores: {signed(rank)}.")
    text.append(f"{inside} of {len(rows)} known scores lie within the {percent(model.level)} interval.")
    covered = rows["in_range"].to_numpy(bool)
    if 0 < covered.sum() < len(rows):
        within, outside = (((values - actual) ** 2)[kept].mean() for kept in (covered, ~covered))
        text.append(
            f"Mean squared error of the {int(covered.sum())} that the reference covers: {within:.4f}; of the "
            f"{int((~covered).sum())} outside it: {outside:.4f}."
        )
    beyond = rows[(values > 1) | (values < model.reference.limits[0])]
    if len(beyond):
        shown = ", ".join(decimal(value) for value in sorted(beyond["raw"]))
        text.append(f"{len(beyond)} predictions lie beyond what a score can be: {shown}.")
    return claim, " ".join(text)
