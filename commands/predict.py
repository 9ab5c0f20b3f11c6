"""Predict scores from measures."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cache import predictions as predicting
from cache import rankings
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.errors import InputError
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
    rank_by: Annotated[
        str | None,
        typer.Option(
            help="A measure to rank by instead of the predicted score; it ranks what no reference covers too."
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict a score from measures, with a prediction interval; no argument: every checkpoint."""
    if rank_by is not None:
        if named_set is not None or measures is not None:
            raise InputError("--rank-by predicts nothing: leave out --set and --measures.")
        ranking = rankings.rank(
            Store.open(store_folder(store)), subjects or [], score, rank_by, reference=reference
        )
        print_json(ranking) if as_json else print_ranking(ranking)
        return
    names = [name.strip() for name in measures.split(",") if name.strip()] if measures else None
    opened = Store.open(store_folder(store))
    document = predicting.predict(
        opened, subjects or [], score, predictor, names, named_set=named_set, reference=reference
    )
    if as_json:
        print_json(document)
    else:
        print_predictions(document, ranked=not subjects and named_set is None)


def _rank(result: dict[str, Any], place: int | None) -> str:
    """A place and, where it is known, the interval of the rank: "5 (3 to 8)"."""
    from core.wording.ranking import rank_range

    if place is None:
        return ""
    within = "" if result["rank_low"] is None else rank_range(result["rank_low"], result["rank_high"])
    return f"{place} ({within})" if within else str(place)


def print_ranking(document: dict[str, Any]) -> None:
    """Draw a ranking by a measure as a table, and what the reference says of it in one line."""
    from core.measures.titles import title_of

    name = title_of(document["ranked_by"]["measure"])
    table = Table(title=f"Ranked by {name}", title_justify="left", box=None, pad_edge=False)
    table.add_column("checkpoint")
    for heading in ("rank", "value", "known"):
        table.add_column(heading, justify="right")
    chosen = any(result["candidate"] for result in document["results"])
    for result in document["results"]:
        table.add_row(
            result["name"],
            _rank(result, result["rank"] if result["candidate"] or not chosen else None),
            "not measured" if result["value"] is None else f"{result['value']:.4g}",
            "" if result["actual"] is None else f"{result['actual']:.3f}",
        )
    draw(table)
    people.print(document["ranked_by"]["sentence"], highlight=False)


def print_predictions(document: dict[str, Any], *, ranked: bool) -> None:
    """Draw predictions as a table, and their held-out figures in one line.

    ranked: the user's own, if any, and of these first the candidates, ranked among themselves as their
    intervals are; only without any of one's own the published, best first.
    """
    from core.wording.predictions import held_out_figures, not_shown, way_of

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
    results = document["results"]
    places = {result["id"]: result["rank"] for result in results}
    own = [result for result in results if result["origin"] != "published"]
    published = [result for result in results if result["origin"] == "published"] if own and ranked else []
    if ranked:
        results = sorted(
            own or results,
            key=lambda result: (result["chance"] is None, result["rank"] is None, result["rank"] or 0),
        )
        if own:
            candidates = [result["id"] for result in results if result["chance"] is not None]
            places = {subject: place for place, subject in enumerate(candidates, 1)}
    outside = any(not result["in_range"] for result in results)
    if outside:
        table.add_column("outside the reference")
    for result in results:
        predicted, low, actual = (result[key] for key in ("predicted", "low", "actual"))
        table.add_row(
            result["name"],
            _rank(result, places.get(result["id"])),
            "" if predicted is None else f"{predicted:.3f}",
            "" if low is None else f"{low:.2f} to {result['high']:.2f}",
            "" if actual is None else f"{actual:.3f}",
            *(["" if result["in_range"] else " ".join(result["reasons"])] if outside else []),
        )
    draw(table)
    if published:
        covered = sum(result["in_range"] for result in published)
        people.print(not_shown(covered, len(published) - covered), highlight=False)
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
