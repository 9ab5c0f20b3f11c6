"""What is said of a job that did not do what was asked of it: which piece, why, and what to do."""

from core.formatting import duration, typed_line


def chip(running: int, waiting: int, seconds: float | None) -> str:
    """How many pieces run, for how long the oldest of them, and how many wait; "" for none."""
    if not running and not waiting:
        return ""
    parts = [f"{running} running"] if running else []
    parts += [duration(seconds)] if seconds is not None else []
    parts += [f"{waiting} waiting"] if waiting else []
    return " · ".join(parts)


def unexpected(verb: str, subject: str, error: Exception, details: str) -> str:
    """A piece that ended in an error nobody foresaw; details: the file that holds the traceback."""
    return f"{verb} {subject} failed unexpectedly ({typed_line(error)}); the details are in {details}."


def out_of_memory(verb: str, subject: str, remedy: str) -> str:
    """A piece for which there was not enough memory."""
    return f"{verb} {subject} failed, since memory ran out: {remedy}."


def killed(verb: str, subject: str, times: int, remedy: str) -> str:
    """A piece whose process was ended from outside, once or again and again."""
    often = "" if times == 1 else f" {times} times"
    return (
        f"{verb} {subject} failed, since its process was killed{often}, perhaps for want of memory: "
        f"{remedy}, and resume the job."
    )


def silent(verb: str, subject: str, seconds: float, remedy: str) -> str:
    """A piece that was ended since nothing was heard of it for so long."""
    return (
        f"{verb} {subject} was ended, since it made no progress for {duration(seconds)}: {remedy}, and "
        "resume the job."
    )


def not_begun(verb: str, subject: str, error: Exception) -> str:
    """A piece that no process of an executor could begin."""
    return (
        f"{verb} {subject} was not begun ({typed_line(error)}): see to the processes "
        "that carry it out, and resume the job."
    )


def unreadable(why: str) -> str:
    """A job whose file this version cannot read."""
    return f"This job cannot be read: {why}. Remove it; what it computed stays in the store."


def unfinished(subject: str, state: str, job: str) -> str:
    """A piece that ended neither well nor badly; state: queued, cancelled or interrupted."""
    return f"{subject} is {state}, not finished: `cli.py jobs resume {job}` goes on with it."


def not_kept(subject: str) -> str:
    """A piece that another version carried out, which kept no result beside it."""
    return f"The result for {subject} was not kept with the job: measuring again takes it from the store."
