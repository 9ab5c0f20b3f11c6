"""The command-line interface: the same work from a terminal.

Prints for people; with --json the last line of standard output is one JSON document and nothing else goes
there. What cannot be done ends with one sentence on standard error and an exit status above 0.
"""

import sys

import typer

from commands import (
    covariates,
    evidence,
    export,
    gap,
    jobs,
    measure,
    predict,
    reference,
    scores,
    store,
    study,
)
from commands.terminal import say, sentence

app = typer.Typer(
    help="Which checkpoints are worth fine-tuning first, from the geometry of their latent space.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (measure, export, predict, gap, evidence):
    app.add_typer(part.app)
for group in (scores, covariates, reference, jobs, store, study):
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; errors become one sentence on standard error."""
    try:
        status = app(args=arguments, prog_name="cli.py", standalone_mode=False)
    except typer.TyperException as error:
        say(error.format_message())
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        say("Stopped; what is finished is kept, and the same command goes on from there.")
        return 130
    except Exception as error:
        say(sentence(error))
        return 1
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
