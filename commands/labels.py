"""The part of `cli.py measure` that measures labels: what its options may be, and how results are printed."""

import math

from rich.table import Table

from cache.requests import Settings, Subject
from cache.results import LabelSet, LayerMeasures, MeasuredLabels
from cache.tasks import called
from cache.tasks.labelled import Labelled, check
from commands.terminal import draw, people
from core.errors import InputError
from core.formatting import first_few, listed, minus
from core.measures import MEASURES, select

# What measuring on a plain text is told and a labelled text answers itself, by the field of `Settings`.
ANSWERED = {
    "corpus": "--corpus",
    "column": "--column",
    "sequences": "--sequences",
    "layer": "--layer",
    "position": "--position",
    "seed": "--seed",
    "repeats": "--repeats",
    "at": "--at",
    "quantizer_seeds": "--quantizer-seeds",
    "M": "--m",
    "k": "--k",
    "engine": "--engine",
}
MOST_CLASSES = 8  # of which the rows are printed
BELONG = {"text": "--text", "text_pair": "--text-pair", "label": "--label", "kind": "--label-kind"}


def check_options(settings: Settings, asked: Labelled, layers: bool) -> bool:
    """Whether labels are measured, by the options as given.

    Raises InputError, before any work, for options that do not belong together, and for measures, a file,
    columns or labels that cannot be used.
    """
    if not asked.file:
        given = _given(asked, Labelled(), BELONG) + ["--layers"] * layers
        if given:
            raise InputError(f"{listed(given)} can be used with --labels FILE only: give that too.")
        select(settings.measures)
        return False
    if given := _given(settings, Settings(), ANSWERED):
        raise InputError(
            f"With --labels leave out {listed(given)}: each row is a text of its own, measured at every "
            "layer by the mean over its tokens."
        )
    check(asked)
    return True


def _given(request: object, usual: object, options: dict[str, str]) -> list[str]:
    """The options whose fields are not as usual."""
    return [option for field, option in options.items() if getattr(request, field) != getattr(usual, field)]


def print_labels(results: list[MeasuredLabels], *, every: bool) -> None:
    """Draw measures of labels: a row a checkpoint, best by the first measure on top; every layer if asked."""
    if not results:
        return
    _print_set(results[0].labels)
    names = [name for name in MEASURES if any(name in result.measures for result in results)]
    results = sorted(results, key=lambda result: -result.measures.get(names[0], -math.inf))
    title = "Mean over layers, ± standard error"
    _draw(title, "checkpoint", names, {_name(result): result.layers[-1] for result in results})
    for result in results if every else ():
        people.print()
        layers = {str(layer.layer): layer for layer in result.layers}
        _draw(f"{_name(result)}, layer by layer", "layer", names, layers)
    reasons = {name: why for result in results for name, why in result.left_out.items()}
    for reason in dict.fromkeys(reasons.values()):
        without = [name for name, why in reasons.items() if why == reason]
        people.print(f"No value for {listed(without)}: {reason}", highlight=False)
    cached = sum(result.cached for result in results)
    people.print(f"{cached} of {len(results)} from the store.", highlight=False)


def _name(result: MeasuredLabels) -> str:
    return called(Subject(result.subject))


def _print_set(labels: LabelSet) -> None:
    """Say which rows the labels are of, and how many there are of each class."""
    columns = [f"text in {labels.text}"]
    columns += [f"second text in {labels.text_pair}"] if labels.text_pair else []
    classes = [f"{name} ({count:,})" for name, count in labels.classes.items()]
    kinds = first_few(classes, MOST_CLASSES) or "numbers"
    rows = f"{labels.file}: {labels.rows:,} rows; {listed(columns)}; {labels.label}: {kinds}."
    for line in (rows, *labels.notes):
        people.print(line, highlight=False)


def _draw(title: str, heading: str, names: list[str], rows: dict[str, LayerMeasures]) -> None:
    """Draw a table of measures with their standard errors, a row each."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(heading)
    for name in names:
        table.add_column(name, justify="right")
    for first, layer in rows.items():
        cells = [_cell(layer.measures.get(name), layer.standard_errors.get(name)) for name in names]
        table.add_row(first, *cells)
    draw(table)


def _cell(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return minus(f"{value:.3f}") + ("" if error is None else f" ± {error:.3f}")
