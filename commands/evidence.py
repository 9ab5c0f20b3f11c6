"""What stands behind a measure: correlations with everything known held fixed."""

import math
from typing import Annotated, Any

import typer
from rich.table import Table

from cache import evidence as evidences
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.errors import InputError
from core.evidence.correlations import LEVELS

app = typer.Typer()


@app.command()
def evidence(
    measure: Annotated[str, typer.Option(help="Measure, by its name in `cli.py measures`.")],
    score: Annotated[str, typer.Option(help="Score: a task in `cli.py scores list`.")],
    covariates: Annotated[
        str | None,
        typer.Option(help="Hold these fixed, with commas between them; default: all that are known."),
    ] = None,
    checkpoints: Annotated[
        str, typer.Option(help="all, perturbed (the published ones), or a family.")
    ] = evidences.ALL,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples and the folds.")] = 0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a measure is worth: raw, with size and training taken out, and beyond them."""
    from core.evidence.association import worths
    from core.evidence.loss_scale import words_of
    from core.wording.evidence import document

    known = evidences.material(Store.open(store_folder(store)))
    evidences.found(known, measure, score)
    rows = evidences.chosen(known.rows, checkpoints)
    asked = [name.strip() for name in covariates.split(",") if name.strip()] if covariates else None
    tried = evidences.tried(rows, known.measures, score)
    if measure not in tried:
        raise InputError(
            f"Fewer than {evidences.FEWEST} of these checkpoints have both {measure} and {score}: measure "
            "more of them, or import their scores."
        )
    words = words_of(known.scores, score)
    found = worths(rows, known.covariates, tried, score, asked=asked, words=words, seed=seed)
    told = document(found[tried.index(measure)], checkpoints, len(tried), seed)
    if as_json:
        print_json(told)
    else:
        print_evidence(told)


def print_evidence(told: dict[str, Any]) -> None:
    """Draw one measure's evidence as a table, and under it what it rests on."""
    title = f"{told['measure']} and {told['score']} ({told['n']} checkpoints)"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("statistic")
    for heading in ("value", "95 % interval", "p", f"q of {told['tests']}", "n"):
        table.add_column(heading, justify="right")
    rows = {
        "Pearson": told["pearson"],
        "Spearman": told["raw_spearman"],
        "residual, linear": told["residual_spearman_linear"],
        "residual, scaling law": told["residual_spearman_chinchilla"],
        "partial": told["partial_spearman"],
    }
    for name, row in rows.items():
        if math.isnan(row["value"]):
            table.add_row(name, "none", "", "", "", str(row["n"]))
            continue
        interval = f"{row['low']:+.2f} to {row['high']:+.2f}" if not math.isnan(row["low"]) else "too few"
        q = f"{row['q']:.2g}" if "q" in row else ""
        table.add_row(name, f"{row['value']:+.3f}", interval, f"{row['p']:.2g}", q, str(row["n"]))
    draw(table)
    added, law = told["added_r2"], told["residual_spearman_chinchilla"]["law"]
    base = added["baseline_r2"]
    lines = [f"Badge: {LEVELS[told['badge']]}. {' '.join(told['reasons'])}"]
    if added["reason"] is None:
        over = ", ".join(added["baseline"]) or "always the mean"
        lines.append(f"Added R² on held-out checkpoints: {added['value']:+.3f} over {over} ({base:.3f}).")
    if law:
        lines.append(f"Scaling law of {law['loss']}: {law['formula']}.")
    given, missing = told["covariates"]["used"], told["covariates"]["missing"]
    lines.append(f"Held fixed: {', '.join(given) or 'nothing'}.")
    if missing:
        lines.append(f"Not held fixed: {', '.join(f'{name} ({why})' for name, why in missing.items())}.")
    reasons = {told[key].get("reason") for key in told if isinstance(told[key], dict)}
    for line in [*lines, *sorted(filter(None, reasons)), *told["notes"]]:
        people.print(line, markup=False, highlight=False)
