"""Named lists of words, for distances between the rows that a model keeps for them.

Each list is a text file in this folder: a header of `# key: value` lines (title, about, form, provenance,
licence), then one word a line. Lists of your own are read the same way, with or without a header.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from core.errors import InputError

FORMS = {
    "plain": "as written, with no mark (`0`, `import`), else the form after a space",
    "word": "as it stands after a space (`Ġthe`, `▁the`; `the` in WordPiece), else as written",
    "both": "every single token of the word, with and without a mark (`the`, `Ġthe`, `##the`)",
}
RANDOM = re.compile(r"random:(\d+)")
_HERE = Path(__file__).parent
_HEADER = re.compile(r"# (\w+): (.*)")
_LARGEST = 5_000


@dataclass(frozen=True)
class TokenSet:
    """Words that stand for a domain, or for everyday language. form: a key of FORMS, which token is meant."""

    name: str
    words: tuple[str, ...]
    form: str = "plain"
    title: str = ""
    about: str = ""
    source: str = ""
    licence: str = field(default="", compare=False)

    @property
    def digest(self) -> str:
        """32 hex over the words in their order: the same list under another name has the same."""
        return hashlib.blake2b("\n".join(self.words).encode(), digest_size=16).hexdigest()


@cache
def token_sets() -> dict[str, TokenSet]:
    """The lists that come with the program, by name, domains before references."""
    sets = [from_text(file.stem, file.read_text(encoding="utf-8")) for file in _HERE.glob("*.txt")]
    return {entry.name: entry for entry in sorted(sets, key=lambda s: (s.form == "word", s.title.lower()))}


def load(name_or_file: str) -> TokenSet:
    """A list by its name, or one of your own from a text file (one word a line, UTF-8).

    Errors: InputError for an unknown name, a file that cannot be read, and a list without words.
    """
    if name_or_file in token_sets():
        return token_sets()[name_or_file]
    file = Path(name_or_file).expanduser()
    if not file.is_file():
        raise InputError(
            f"There is no token set or file {name_or_file}: give {', '.join(token_sets())}, random:N as a "
            "reference, or a text file with one word a line."
        )
    try:
        return from_text(file.stem, file.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, OSError):
        raise InputError(
            f"{name_or_file} cannot be read as words: give a UTF-8 text file with one word a line."
        ) from None


def from_text(name: str, text: str) -> TokenSet:
    """A list from text: one word a line, or all on one line with spaces or commas between them.

    Lines that start with "# " are comments; `# form: word` and the other keys of a header are understood.
    Words given twice count once. Errors: InputError for no words, too many, or an unknown form.
    """
    lines = text.splitlines()
    header = {match[1]: match[2] for line in lines if (match := _HEADER.fullmatch(line.strip()))}
    kept = [line.strip() for line in lines if line.strip() and not line.startswith("# ")]
    words = tuple(dict.fromkeys(_split(kept[0]) if len(kept) == 1 else kept))
    if not words:
        raise InputError(f"The token set {name} holds no words: give one a line.")
    if len(words) > _LARGEST:
        raise InputError(
            f"The token set {name} holds {len(words):,} words and {_LARGEST:,} are allowed: shorten it, or "
            "use random:N for a reference drawn from the vocabulary."
        )
    form = header.get("form", "plain")
    if form not in FORMS:
        raise InputError(f"The token set {name} asks for the form {form}: give {', '.join(FORMS)}.")
    return TokenSet(
        name,
        words,
        form,
        header.get("title", name),
        header.get("about", ""),
        header.get("provenance", ""),
        header.get("licence", ""),
    )


def _split(line: str) -> Iterator[str]:
    return filter(None, re.split(r"[\s,]+", line) if line != "," else [line])


def random_size(name: str) -> int | None:
    """N of a reference `random:N` (tokens drawn from the rest of the vocabulary); None for anything else.

    Errors: InputError where N is not between 2 and 5,000.
    """
    match = RANDOM.fullmatch(name)
    if match and not 2 <= int(match[1]) <= _LARGEST:
        raise InputError(f"{name} cannot be drawn: give random:N with N from 2 to {_LARGEST:,}.")
    return int(match[1]) if match else None
