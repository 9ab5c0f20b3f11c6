"""The one error that means: what the user gave cannot be used."""

from collections.abc import Mapping

MOST_LETTERS = 600  # of a message, which may quote what a file holds


class InputError(ValueError):
    """Input that cannot be used; its message is one sentence that names the thing and the remedy.

    The command line prints the message and exits with status 1; a page shows it; a job stores it in the
    row of the checkpoint that caused it. Anything else that is raised is a defect of this project.
    What it quotes of a file may hold line breaks and be long; the message is one line of MOST_LETTERS all the
    same, whose beginning and end are kept.
    """

    def __init__(self, message: object) -> None:
        super().__init__(one_line(str(message)))


def one_line(text: str) -> str:
    """A text as one line of at most MOST_LETTERS, cut in its middle."""
    if len(text) > MOST_LETTERS:
        text = f"{text[: MOST_LETTERS - 203]} … {text[-200:]}"
    return " ".join(text.splitlines())


class OpenChoiceError(InputError):
    """Input that may be read in several ways; the message is the statement with the remedy.

    Attributes:
        field: of what reads it, such as `core.hidden_states.vector_readers.Choice`, that settles it.
        answers: what a person may answer, in words → the value of that field.
        statement: what is open, for pages, which ask.
        remedy: how the command line chooses.
    """

    def __init__(self, statement: str, remedy: str, field: str, answers: Mapping[str, str | bool]) -> None:
        super().__init__(f"{statement}: {remedy}.")
        self.statement = one_line(statement)
        self.remedy = remedy
        self.field = field
        self.answers = dict(answers)
