"""The back door: the same work from a terminal.

Prints for people; with --json the last line of standard output is one JSON document and nothing else goes
there. What cannot be done ends with one sentence on standard error and an exit status above 0.
"""

import sys

import typer

from commands import evidence, gap, jobs, measure, predict, scores, study
from commands.terminal import say, sentence

app = typer.Typer(
    help="Which checkpoints are worth fine-tuning first, from the geometry of their latent space.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (measure, scores, predict, gap, evidence):
    app.add_typer(part.app)
app.add_typer(scores.scores_app, name="scores")
app.add_typer(scores.covariates_app, name="covariates")
app.add_typer(jobs.jobs_app, name="jobs")
app.add_typer(study.study_app, name="study")


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
