"""Files packed as .xz or .gz, unpacked up to a limit: a small one may be more than memory holds."""

import gzip
import io
import lzma
from pathlib import Path
from typing import IO, Any

from core.errors import InputError
from core.formatting import short_bytes

OPENERS: dict[str, Any] = {".xz": lzma.open, ".gz": gzip.open}
MOST_BYTES = 2_000_000_000  # unpacked


def opened(path: Path) -> IO[bytes]:
    """A file for reading, what is packed unpacked.

    Errors: InputError for one that unpacks to more than MOST_BYTES; what the system and the unpackers raise.
    """
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        return path.open("rb")
    content = io.BytesIO()
    with opener(path, "rb") as stream:
        while block := stream.read(1 << 20):
            content.write(block)
            if content.tell() > MOST_BYTES:
                raise InputError(
                    f"{path.name} unpacks to more than {short_bytes(MOST_BYTES)}: give a part of it."
                )
    content.seek(0)
    return content


def inner_name(path: Path) -> str:
    """The name without the ending that says how the file is packed."""
    return path.stem if path.suffix.lower() in OPENERS else path.name
