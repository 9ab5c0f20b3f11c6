"""What libraries say and raise while they load or run a checkpoint: no line of theirs, and one sentence."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InputError
from core.formatting import typed_line

_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")  # how torch says so


@contextmanager
def quiet() -> Iterator[None]:
    """Transformers and torch write nothing on standard error meanwhile: neither log lines nor bars."""
    from transformers.utils import logging

    shown, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(shown)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def one_sentence(what: str, remedy: str) -> Iterator[None]:
    """Turn whatever a library raises on a checkpoint into an InputError: what, the exception, the remedy.

    A lack of memory, which is not the checkpoint's, becomes a MemoryError.
    """
    try:
        yield
    except (InputError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # whatever a library raises; a panic within the tokenizers is no Exception
        if any(words in str(error) for words in _MEMORY):
            raise MemoryError(str(error)) from error
        raise InputError(f"{what} ({typed_line(error)}): {remedy}.") from error
