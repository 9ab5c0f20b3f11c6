"""What predictions show, in sentences computed from them."""

import numpy as np

from core.formatting import decimal, listed, lower_first, percent, signed
from core.measures.titles import title_of
from core.prediction import Model, Predictions, Reference, nonstandard
from core.prediction.best import BestModel
from core.prediction.choosing import ChosenModel
from core.prediction.regression import LinearModel
from core.statistics.correlation import spearman

_PLURALS = {"family": "families", "base": "base checkpoints", "group": "checkpoints"}
_ONES = {"group": "checkpoint"}
FEWEST_WITHIN = 4  # checkpoints of a group below which no correlation within it is stated


def groups_of(reference: Reference) -> str:
    """What the reference's groups are called, in the plural."""
    return _PLURALS.get(reference.groups, f"{reference.groups}s")


def way(model: Model) -> str:
    """How groups were left out, before "RMSE": one by one, or in ten parts of whole groups."""
    return way_of(model.reference.groups, ten=model.in_ten_folds)


def way_of(groups: str, *, ten: bool) -> str:
    """The same for groups by the name of their column."""
    if ten:
        return f"Ten-fold ({_PLURALS.get(groups, groups)} whole)"
    return f"Leave-one-{_ONES.get(groups, groups)}-out"


def headline(predictions: Predictions) -> str:
    """The held-out RMSE of the predictor against the mean baseline's."""
    model = predictions.model
    errors, score, left_out = model.errors, title_of(model.score), lower_first(way(model))
    if errors is None:
        return f"{score}: no held-out error, since the reference has one {model.reference.groups} only"
    if predictions.predictor == "mean":
        return f"{score}: {left_out} RMSE {errors.rmse:.3f} of the mean baseline"
    side = "below" if errors.rmse < errors.mean_rmse else "not below"
    return f"{score}: {left_out} RMSE {errors.rmse:.3f}, {side} the mean baseline ({errors.mean_rmse:.3f})"


def how_far(predictions: Predictions) -> str:
    """In plain words: how far a prediction is off on what was not seen, and what that is worth."""
    model = predictions.model
    errors, score = model.errors, title_of(model.score)
    unseen = "family" if model.reference.groups == "family" else _ONES.get(model.reference.groups, "base")
    if errors is None:
        return f"How far to believe a predicted {score} is not known: nothing was left out to check it"
    if predictions.predictor == "mean":
        return f"The mean says of every checkpoint the same {score}, and is off by about {errors.rmse:.2f}"
    off = f"A predicted {score} is off by about {errors.rmse:.2f} on a {unseen} not seen before"
    if errors.rmse < errors.mean_rmse:
        return f"{off}; the mean alone by {errors.mean_rmse:.2f}"
    return f"{off}, no better than the mean ({errors.mean_rmse:.2f})"


def on_none(score: str) -> str:
    """What is said where a score, by its title, cannot be predicted for want of checkpoints."""
    return f"Too few checkpoints have both measures and {score} to predict it; *Evidence* correlates them."


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


def on_the_choice(predictions: Predictions) -> str:
    """Which predictor was chosen within the reference and why, and what size and geometry add."""
    model, table = predictions.model, predictions.compared
    if not isinstance(model, ChosenModel) or table is None:
        return ""
    rmse = dict(zip(table["predictor"], table["rmse"], strict=True))
    chosen = model.candidate
    lowest = table.loc[table["rmse"].idxmin()]
    text = f"Chosen: {lower_first(chosen.title)}, RMSE {rmse[chosen.name]:.3f}."
    if lowest["predictor"] != chosen.name:
        text += (
            f" The lowest RMSE is {lowest['rmse']:.3f} ({lower_first(lowest['title'])}), not clearly "
            "lower, so the plainer one is taken."
        )
    size, both = rmse.get("line:size"), rmse.get("ridge:size+geometry")
    if size is not None and both is not None:
        text += f" Size alone has RMSE {size:.3f}, size with all geometry measures {both:.3f}."
    if (loss := rmse.get("line:loss")) is not None:
        text += f" The measured loss alone (bits per byte) has RMSE {loss:.3f}."
    return f"{text} The mean baseline has {rmse['mean']:.3f}."


def fitted_to(model: Model) -> str:
    """The predictor and the reference that it was fitted to, without a full stop."""
    groups = groups_of(model.reference)
    of = "" if groups == "checkpoints" else f" of {len(model.groups)} {groups}"
    to = f"fitted to {model.n} {model.reference.title}{of}"
    if isinstance(model, ChosenModel):
        return f"{model.candidate.title}, chosen by held-out error, {to}"
    if isinstance(model, BestModel):
        return (
            f"{model.choice.new.title}, {to}{_named(model)}; near reference checkpoints of the "
            f"same base, {lower_first(model.choice.known.title)}"
        )
    if not model.measures:
        return f"Mean baseline, {to}"
    names = listed(map(title_of, model.measures))
    plus = (
        ", with a term for the architecture" if isinstance(model, LinearModel) and model.architecture else ""
    )
    return f"Linear regression on {names}{plus}, {to}{_named(model)}"


def _named(model: Model) -> str:
    """The groups of the reference in brackets, where they are few."""
    few = model.groups if model.reference.groups != "group" and len(model.groups) <= 5 else ()
    return f" ({', '.join(few)})" if few else ""


def accuracy(predictions: Predictions) -> str:
    """Held-out RMSE, the mean baseline's, and coverage, in one sentence."""
    model = predictions.model
    if model.errors is None:
        return f"The reference has one {model.reference.groups} only, so there is no held-out error."
    return held_out_figures(
        way(model),
        model.errors.rmse,
        model.errors.mean_rmse,
        model.level,
        predictions.coverage,
    )


def held_out_figures(left_out: str, rmse: float, baseline: float, level: float, covered: float) -> str:
    """Held-out RMSE, the mean baseline's, and the coverage of the intervals of `level`, in one sentence.

    left_out: how, see `way`.
    """
    return (
        f"{left_out} RMSE {rmse:.3f}, mean baseline {baseline:.3f}; coverage of the "
        f"{percent(level)} interval: {percent(covered)}."
    )


def not_shown(covered: int, outside: int) -> str:
    """How many published checkpoints a table of one's own leaves out, and where they are."""
    return (
        f"Published checkpoints are not shown here: the reference covers {covered:,} of them, {outside:,} "
        "lie outside; --json lists them all."
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
        if len(part) >= FEWEST_WITHIN
    }
    finite = [f"{decimal(rho)} in {name}" for name, rho in correlations.items() if np.isfinite(rho)]
    group = predictions.model.reference.groups
    if len(finite) > 5:
        values = sorted(rho for rho in correlations.values() if np.isfinite(rho))
        return f"{text}; median Spearman correlation within a {group} left out: {decimal(np.median(values))}"
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
