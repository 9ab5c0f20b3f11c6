"""What estimators that use labels are worth for choosing a checkpoint, beside geometry, size and loss."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cache.paths import corpora_folder
from commands.terminal import JsonOption, notices, people, print_frame, print_json, records, stages
from core.errors import InputError
from core.studies import estimators, labelled_study, own_study
from core.studies.size_and_loss import size_and_loss
from core.wording import estimators as wording

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer()
VALUES, SUMMARY = "own_labels.csv", "own_estimators.csv"


@app.command("labels")
def study_labels(
    data: Annotated[
        Path | None, typer.Option(help="Folder of GLUE's Parquet files: compute it anew, in an hour.")
    ] = None,
    checkpoints: Annotated[
        Path, typer.Option(help="Where `study own small` keeps the small encoders.")
    ] = Path("checkpoints/own-study"),
    part: Annotated[str, typer.Option(help=f"With --data: only {' or '.join(own_study.PARTS)}.")] = "",
    save: Annotated[
        Path, typer.Option(help="With --data: the folder of both tables; what they hold is not repeated.")
    ] = Path("own-labels"),
    as_json: JsonOption = False,
) -> None:
    """Say whether labels tell more of a fine-tuned score than geometry, size or loss does."""
    table = estimators.shipped() if data is None else _computed(data, checkpoints, part, save)
    baseline = size_and_loss()
    headline = wording.headline(table)
    sentences = [*wording.sentences(table), *wording.on_size_and_loss(baseline)]
    if as_json:
        rows = {"estimators": records(table), "size_and_loss": records(baseline)}
        print_json({"headline": headline, "sentences": sentences} | rows)
        return
    people.print(f"{headline}.", highlight=False)
    for sentence in sentences:
        people.print(f"- {sentence}", highlight=False)
    for base in dict.fromkeys(table["base"]):
        for task in (estimators.OVERALL, estimators.CLASSED):
            names = ", ".join(estimators.TASKS[task])
            print_frame(wording.table(table, base, task), f"{base}: {names}")
    people.print(wording.CAPTION, highlight=False)


def _computed(data: Path, checkpoints: Path, part: str, save: Path) -> "pd.DataFrame":
    """The summary, computed; it and, as they come, the values it rests on are kept in the folder `save`."""
    from core.corpora import sources
    from core.fine_tuning import glue

    parts = [part] if part else own_study.PARTS
    members = [member for one in parts for member in own_study.members(one, checkpoints)]
    tasks = [glue.load(name, data) for name in estimators.AVERAGED]
    there, lacking = labelled_study.available(members)
    if lacking:
        notices.print(
            f"{len(lacking)} of {len(members)} checkpoints are left out: {checkpoints} holds not all small "
            "encoders; pre-train them with cli.py study own small.",
            highlight=False,
        )
    sequences: list[str] = []
    try:
        corpus = sources.load(sources.PTB_WIKITEXT, folder=corpora_folder())
        sequences = sources.sample(corpus, own_study.SEQUENCES).sequences
    except InputError as error:
        notices.print(f"Measures without labels are not timed: {error}", highlight=False)
    save.mkdir(parents=True, exist_ok=True)
    done = labelled_study.read(save / VALUES)
    with stages() as show:

        def say(stage: str, done: int, total: int, unit: str) -> None:
            show(f"{stage}, {done:,} of {total:,} {unit}")

        for grown in labelled_study.estimated(there, tasks, done, sequences, say):
            grown.to_csv(save / VALUES, index=False, float_format="%.6g")
        values = labelled_study.read(save / VALUES)
        table = estimators.summary(own_study.shipped(), values, estimators.DRAWS, progress=say)
    table.to_csv(save / SUMMARY, index=False, float_format="%.6g")
    return table
