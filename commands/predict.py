"""Predict scores from measures."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cache import predictions as predicting
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.formatting import percent

app = typer.Typer()


@app.command()
def predict(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUBJECT…", help="Names, folders or fingerprints that the store knows."),
    ] = None,
    named_set: Annotated[
        str | None, typer.Option("--set", help="nonstandard: the paper's 13, in the order of their table.")
    ] = None,
    score: Annotated[
        str, typer.Option(help="What to predict: a task in `cli.py scores list`.")
    ] = "glue_average",
    predictor: Annotated[str, typer.Option(help="mean, linear, linear+architecture or best.")] = "best",
    reference: Annotated[
        str | None,
        typer.Option(
            help="What to learn from: perturbed, encoders, decoders, own or all; default: what covers most "
            "of your checkpoints."
        ),
    ] = None,
    measures: Annotated[
        str | None, typer.Option(help="Of a linear regression: names with commas; default: point patchiness.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict a score from measures, with a prediction interval; no argument: every checkpoint."""
    names = [name.strip() for name in measures.split(",") if name.strip()] if measures else None
    opened = Store.open(store_folder(store))
    document = predicting.predict(
        opened, subjects or [], score, predictor, names, named_set=named_set, reference=reference
    )
    if as_json:
        print_json(document)
    else:
        print_predictions(document, ranked=not subjects and named_set is None)


def _rank(result: dict[str, Any]) -> str:
    """The rank of a result and, of a candidate, its interval among the candidates: "5 (1 to 3)"."""
    from core.wording.ranking import rank_range

    if result["rank"] is None:
        return ""
    within = "" if result["rank_low"] is None else rank_range(result["rank_low"], result["rank_high"])
    return f"{result['rank']} ({within})" if within else str(result["rank"])


def print_predictions(document: dict[str, Any], *, ranked: bool) -> None:
    """Draw predictions as a table, and their held-out figures in one line; ranked: best first."""
    from core.wording.predictions import held_out_figures, way_of

    model = document["model"]
    table = Table(
        title=f"Predicted {model['score']}, by {model['predictor']}, from the reference {model['reference']}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("checkpoint")
    for heading in ("rank", "predicted", f"{percent(model['level'])} interval", "known"):
        table.add_column(heading, justify="right")
    table.add_column("outside the reference")
    results = document["results"]
    if ranked:  # the user's own first
        results = sorted(
            results, key=lambda result: (result["origin"] == "published", result["rank"] or len(results))
        )
    for result in results:
        predicted, low, actual = (result[key] for key in ("predicted", "low", "actual"))
        table.add_row(
            result["name"],
            _rank(result),
            "" if predicted is None else f"{predicted:.3f}",
            "" if low is None else f"{low:.2f} to {result['high']:.2f}",
            "" if actual is None else f"{actual:.3f}",
            "" if result["in_range"] else " ".join(result["reasons"]),
        )
    draw(table)
    errors = model["held_out"]
    if errors:
        people.print(
            held_out_figures(
                way_of(model["groups"], ten=errors["in_ten_folds"]),
                errors["rmse"],
                errors["rmse_of_the_mean"],
                model["level"],
                model["coverage"],
            ),
            highlight=False,
        )
