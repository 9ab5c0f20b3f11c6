"""Options that the studies of a text share."""

from typing import Annotated

import typer

CheckpointsArgument = Annotated[
    list[str], typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or variants of them.")
]
CorporaOption = Annotated[
    list[str] | None,
    typer.Option("--corpus", help="As in `cli.py measure`; repeatable, each is a study of its own."),
]
ColumnOption = Annotated[str | None, typer.Option(help="Of a table, the column with the text.")]
SegmentsOption = Annotated[int, typer.Option(min=2, help="Segments drawn from the text.")]
LengthOption = Annotated[int, typer.Option(min=3, help="Tokens of a segment, special ones included.")]
ShorterOption = Annotated[
    bool, typer.Option("--shorter", help="Shorter segments where a checkpoint reads fewer tokens.")
]
SeedOption = Annotated[int, typer.Option(help="Seed of the draw.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
PrecisionOption = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
