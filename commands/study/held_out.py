"""Errors of every predictor on checkpoints that it was not fitted to."""

from pathlib import Path
from typing import Annotated

import typer

from cache import held_out
from commands.terminal import (
    JsonOption,
    people,
    print_frame,
    print_json,
    records,
    stages,
)

app = typer.Typer()


@app.command("held-out")
def study_held_out(
    again: Annotated[
        bool, typer.Option("--again", help="Compute it anew from the published figures: minutes.")
    ] = False,
    predictors: Annotated[str | None, typer.Option(help="Only these, by name, with commas.")] = None,
    save: Annotated[Path | None, typer.Option(help="Also write the table to this .csv file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare all predictors by their error on checkpoints that they were not fitted to."""
    names = [name.strip() for name in (predictors or "").split(",") if name.strip()]
    with stages() as show:
        table = held_out.table_of(again, names, say=show)
    if save:
        held_out.save(table, save)
    if as_json:
        print_json({"predictors": records(table)})
        return
    short = {
        "predictor": "predictor",
        "role": "chosen for",
        "family_mse": "MSE",
        "fold_r2": "R²",
        "coverage": "coverage",
        "width": "width",
        "test_mse": "MSE 13",
        "test_mae": "MAE 13",
        "test_spearman": "ρ 13",
    }
    shown = table[list(short)].rename(columns=short)
    print_frame(shown.round(dict.fromkeys(shown.columns, 4)), "Predictors by held-out error")
    people.print(
        "MSE: on families left out, families counting the same. R²: in 10-fold cross-validation. "
        "coverage, width: of the 90 % interval, families left out. 13: the 13 non-standard checkpoints; "
        "ρ is Spearman's.",
        highlight=False,
    )
