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
    measures: Annotated[
        str | None, typer.Option(help="Of a straight line: names with commas; default: point patchiness.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict a score from measures, with the range that should hold it; no argument: every checkpoint."""
    names = [name.strip() for name in measures.split(",") if name.strip()] if measures else None
    opened = Store.open(store_folder(store))
    document = predicting.predict(opened, subjects or [], score, predictor, names, named_set=named_set)
    if as_json:
        print_json(document)
    else:
        print_predictions(document)


def print_predictions(document: dict[str, Any]) -> None:
    """Draw predictions as a table, and what they rest on in one line."""
    model = document["model"]
    table = Table(
        title=f"Predicted {model['score']}, by {model['predictor']}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("checkpoint")
    for heading in ("predicted", f"{percent(model['level'])} range", "known"):
        table.add_column(heading, justify="right")
    table.add_column("outside the reference")
    for result in document["results"]:
        told, low, known = (result[key] for key in ("predicted", "low", "actual"))
        table.add_row(
            result["name"],
            "" if told is None else f"{told:.3f}",
            "" if low is None else f"{low:.2f} to {result['high']:.2f}",
            "" if known is None else f"{known:.3f}",
            "" if result["in_range"] else " ".join(result["reasons"]),
        )
    draw(table)
    held = model["held_out"]
    if held:
        people.print(
            f"On families it had not seen it missed by {held['rmse']:.3f} (root mean square), always saying "
            f"the mean by {held['rmse_of_the_mean']:.3f}; its ranges held {percent(model['coverage'])} of "
            "the known scores.",
            highlight=False,
        )
