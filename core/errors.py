"""The one error that means: what the user gave cannot be used."""


class InputError(ValueError):
    """Input that cannot be used; its message is one sentence that names the thing and the remedy.

    The command line prints the message and exits with status 1; a page shows it; a job stores it in the
    row of the checkpoint that caused it. Anything else that is raised is a defect of this project.
    """
