"""Numbers, names and sentences as people read them; every layer may use it."""

import math
import re
from collections.abc import Iterable

MINUS = "−"
NAMES = ("Euclidean", "Vasicek")  # which begin titles


def lower_first(title: str) -> str:
    """A title as it stands within a sentence: names, abbreviations and single letters keep their capital."""
    word = title.split(maxsplit=1)[0] if title else ""
    keeps = word in NAMES or word[1:2] == "-" or any(letter.isupper() for letter in word[1:])
    return title if keeps else title[:1].lower() + title[1:]


def capital(text: str) -> str:
    """Text with its first letter large and the rest as it is."""
    return text[:1].upper() + text[1:]


def minus(text: str) -> str:
    """A number as text with a true minus sign in place of each hyphen."""
    return text.replace("-", MINUS)


def decimal(value: float, decimals: int = 2) -> str:
    """A number with a true minus sign where it is negative: "0.57", "−0.29"."""
    return minus(f"{value:.{decimals}f}")


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign whatever it is: "+0.57", "−0.29"."""
    return minus(f"{value:+.{decimals}f}")


def percent(share: float, digits: str = ".0f") -> str:
    """A share of 1 in percent: "68 %"; digits: how the number is formatted, whole by default."""
    return f"{minus(format(100 * share, digits))} %"


def fine_percent(share: float) -> str:
    """A share of 1 in percent, two digits of it below a tenth: "68 %", "4.8 %", "0.5 %"."""
    return percent(share, ".2g" if share < 0.1 else ".0f")


def short_number(value: float) -> str:
    """A count to three digits or so: 28.8M, 1.1B, 845k; "–" where it is not finite."""
    if not math.isfinite(value):
        return "–"
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return re.sub(r"\.0$", "", f"{value / limit:.1f}") + unit
    return f"{value:.0f}"


def short_bytes(count: float) -> str:
    """A number of bytes to three digits or so: 512 bytes, 4.2 kB, 1.1 GB."""
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return re.sub(r"\.0$", "", f"{count / limit:.1f}") + f" {unit}"
    return f"{count:.0f} bytes"


def duration(seconds: float) -> str:
    """A time span in the coarsest unit that still tells something: "40 s", "12 min", "1 h 50 min"."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def count_of(count: int, whole: int) -> str:
    """ "3 of 8", "all 8" or "none of 8"."""
    return f"all {whole}" if count == whole else f"{count or 'none'} of {whole}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"; "" for none."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def first_few(names: Iterable[str], most: int = 1) -> str:
    """The first `most` names and how many are left out: "a, b and 3 more"."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def first_line(error: BaseException) -> str:
    """The first line of an exception's message without its full stop; its type's name where it has none."""
    lines = str(error).strip().splitlines() or [""]
    return lines[0].rstrip(".") or type(error).__name__


def typed_line(error: BaseException) -> str:
    """An exception's type and first line: "ValueError: no such column", or the type alone."""
    name, line = type(error).__name__, first_line(error)
    return name if line == name else f"{name}: {line}"
