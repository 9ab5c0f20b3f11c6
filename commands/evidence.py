"""How a measure correlates with a score: raw, and controlling for everything that is known."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cache import evidence as evidences
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.errors import InputError
from core.evidence.published import STATISTICS
from core.formatting import listed
from core.wording import correlations as correlation_words
from core.wording import evidence as words
from core.wording.correlations import LEVELS

if TYPE_CHECKING:
    from core.evidence.association import Association
    from core.statistics.correlation import Correlation
    from core.statistics.partial import Statistic

app = typer.Typer()


@app.command()
def evidence(
    measure: Annotated[str, typer.Option(help="Measure, by its name in `cli.py measures`.")],
    score: Annotated[str, typer.Option(help="Score: a task in `cli.py scores list`.")],
    covariates: Annotated[
        str | None,
        typer.Option(help="Control for these, with commas between them; default: all that the store has."),
    ] = None,
    checkpoints: Annotated[
        str,
        typer.Option(
            "--checkpoints",
            "--reference",
            help="all, perturbed (published), own, encoders or decoders (measured here), or a family.",
        ),
    ] = evidences.ALL,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples and the folds.")] = 0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correlate a measure with a score: raw, and controlling for size, training and other covariates."""
    from core.evidence.association import associations

    data = evidences.material(Store.open(store_folder(store)))
    evidences.require(data, measure, score)
    rows = evidences.chosen(data.rows, checkpoints)
    asked = [name.strip() for name in covariates.split(",") if name.strip()] if covariates else None
    tried = evidences.tried(rows, data.measures, score)
    if measure not in tried:
        raise InputError(
            f"Fewer than {evidences.FEWEST} of these checkpoints have both {measure} and {score}: measure "
            "more of them, or import their scores."
        )
    associated = associations(
        rows, data.covariates, tried, score, asked=asked, metric=data.metrics[score], seed=seed
    )
    content = document(associated[tried.index(measure)], checkpoints, len(tried), seed)
    if as_json:
        print_json(content)
    else:
        print_evidence(content)


def document(entry: "Association", checkpoints: str, tests: int, seed: int = 0) -> dict[str, Any]:
    """One association as plain JSON values; the statistics bear the names of the published findings.

    checkpoints: which were looked at; tests: how many measures the q-values are over.
    """
    from core.statistics.bootstrap import LEVEL
    from core.statistics.regression import FOLDS

    statistics = {
        theirs: _statistic(getattr(entry, ours), entry.q.get(ours, math.nan))
        for theirs, ours in STATISTICS.items()
    }
    law = entry.fitted
    statistics["residual_spearman_linear"]["after"] = list(entry.terms)
    statistics["residual_spearman_chinchilla"]["law"] = (
        None if law is None else vars(law) | {"formula": law.formula, "loss": words.FORMED[entry.loss]}
    )
    statistics["partial_spearman"]["given"] = list(entry.controlled.names)
    missing = {name: words.why_missing(reason) for name, reason in entry.controlled.missing.items()}
    return {
        "measure": entry.measure,
        "score": entry.score,
        "checkpoints": checkpoints,
        "n": entry.raw.n,
        "pearson": _correlation(entry.known.pooled),
        **statistics,
        "added_r2": {
            "value": entry.added.value,
            "baseline_r2": entry.added.base,
            "r2": entry.added.full,
            "baseline": list(entry.baseline),
            "folds": FOLDS,
            "n": entry.added.n,
            "reason": entry.added.reason and words.sentence(entry.added.reason),
        },
        "covariates": {"used": list(entry.controlled.names), "missing": missing},
        "families": {name: _correlation(one) for name, one in entry.known.families.items()},
        "badge": entry.known.level,
        "reasons": [correlation_words.sentence(reason) for reason in entry.known.reasons],
        "simpson": entry.known.simpson,
        "notes": [words.sentence(note) for note in entry.notes],
        "tests": tests,
        "interval": LEVEL,
        "seed": seed,
    }


def _statistic(statistic: "Statistic", q: float) -> dict[str, Any]:
    return {
        "value": statistic.value,
        "low": statistic.low,
        "high": statistic.high,
        "p": statistic.p,
        "q": q,
        "n": statistic.n,
        "reason": statistic.reason and words.sentence(statistic.reason),
    }


def _correlation(correlation: "Correlation") -> dict[str, Any]:
    from core.statistics.partial import two_sided_p

    return {
        "n": correlation.n,
        "value": correlation.pearson,
        "low": correlation.pearson_low,
        "high": correlation.pearson_high,
        "p": two_sided_p(correlation.pearson, correlation.n - 2),
        "spearman": correlation.spearman,
    }


def print_evidence(content: dict[str, Any]) -> None:
    """Draw one measure's evidence as a table, and under it what it rests on."""
    title = f"{content['measure']} and {content['score']} ({content['n']} checkpoints)"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("statistic")
    for heading in ("value", "95 % interval", "p", f"q of {content['tests']}", "n"):
        table.add_column(heading, justify="right")
    rows = {
        "Pearson": content["pearson"],
        "Spearman": content["raw_spearman"],
        "residual, linear": content["residual_spearman_linear"],
        "residual, scaling law": content["residual_spearman_chinchilla"],
        "partial": content["partial_spearman"],
    }
    for name, row in rows.items():
        if math.isnan(row["value"]):
            table.add_row(name, "none", "", "", "", str(row["n"]))
            continue
        interval = f"{row['low']:+.2f} to {row['high']:+.2f}" if not math.isnan(row["low"]) else "too few"
        q = f"{row['q']:.2g}" if "q" in row else ""
        table.add_row(name, f"{row['value']:+.3f}", interval, f"{row['p']:.2g}", q, str(row["n"]))
    draw(table)
    added, law = content["added_r2"], content["residual_spearman_chinchilla"]["law"]
    base = added["baseline_r2"]
    lines = [f"Badge: {LEVELS[content['badge']]}. {' '.join(content['reasons'])}"]
    if added["reason"] is None:
        over = ", ".join(added["baseline"]) or "the mean baseline"
        lines.append(f"Added R² on held-out checkpoints: {added['value']:+.3f} over {over} ({base:.3f}).")
    if law:
        lines.append(f"Scaling law of {law['loss']}: {law['formula']}.")
    given, missing = content["covariates"]["used"], content["covariates"]["missing"]
    lines.append(f"Controlling for {listed(given) or 'nothing'}.")
    if missing:
        lines.append(f"Not controlled for: {', '.join(f'{name} ({why})' for name, why in missing.items())}.")
    reasons = {content[key].get("reason") for key in content if isinstance(content[key], dict)}
    for line in [*lines, *sorted(filter(None, reasons)), *content["notes"]]:
        people.print(line, highlight=False)
