"""Studies: the papers' figures and tables, fine-tuning, sweeps, and the project's own; one module each."""

import typer

from commands.study import (
    cells_picture,
    cells_sweep,
    clusters,
    glue,
    held_out,
    knnlm,
    label_free,
    labels,
    layers,
    own,
    paper,
    perplexity,
    push_away,
    quantized,
)

app = typer.Typer(
    help="Questions that the papers leave open, asked of your checkpoints.", no_args_is_help=True
)
for part in (
    held_out,
    glue,
    own,
    labels,
    cells_picture,
    cells_sweep,
    paper,
    perplexity,
    layers,
    clusters,
    knnlm,
    label_free,
    push_away,
    quantized,
):
    app.add_typer(part.app)
