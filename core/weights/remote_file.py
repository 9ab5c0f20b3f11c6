"""A file on the Hugging Face hub of which only byte ranges are read.

A range is asked for through huggingface_hub's own session (its proxies, certificates and offline switch). The
first answer redirects to a storage server; that address is remembered, and the hub's token is not sent there.
An answer counts only if it is the range asked for, of a file of the size and ETag seen before.
"""

import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import InputError

if TYPE_CHECKING:
    import httpx2

TRIES = 5
FIRST_WAIT = 0.5  # seconds; doubled after each try
LONGEST_WAIT = 60.0
_LATER = (408, 429, 500, 502, 503, 504)
_CHUNK = 2**16


class _Later(Exception):  # noqa: N818 - no error yet
    """The server asks to come back later, after `seconds` if it says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class RemoteFile:
    """A file of `size` bytes at `url`, which stays the same: `url` names a commit.

    `name` is what messages call it; `digest` is that of its content (SHA-256, or git's for a small file), as
    the hub tells it. `kept` holds what was read of its beginning.
    """

    def __init__(self, name: str, url: str, size: int, digest: str | None, headers: dict[str, str]) -> None:
        """`headers` are sent to the host of `url` only, where they hold a token."""
        self.name, self.url, self.size, self.digest = name, url, size, digest
        self.kept = b""
        self._headers = headers
        self._address = url
        self._etag: str | None = None
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return self.name

    def read(self, start: int, end: int) -> tuple[bytes, int, int]:
        """The bytes [start, end); how many bytes arrived and how many requests it took, retries included.

        Errors: InputError, one sentence, after TRIES failures, or at once where trying again cannot help.
        """
        import httpx2

        arrived = requests = 0
        wait = FIRST_WAIT
        for remaining in reversed(range(TRIES)):
            body = bytearray()
            try:
                requests += self._ask(start, end, body)
                return bytes(body), arrived + len(body), requests
            except _Later as later:
                reason, pause = str(later), wait if later.seconds is None else later.seconds
            except httpx2.TransportError as error:
                reason, pause = str(error) or type(error).__name__, wait
            arrived, requests = arrived + len(body), requests + 1
            if not remaining or pause > LONGEST_WAIT:
                break
            time.sleep(pause)
            wait *= 2
        asked = f", and asks to wait {pause:.0f} seconds" if pause > LONGEST_WAIT else ""
        raise InputError(
            f"{self.name} could not be read from {self._host} ({reason.rstrip('.')}{asked}): nothing of it "
            "is used; try again later, or download the checkpoint and give its folder."
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._address).netloc

    def _ask(self, start: int, end: int, body: bytearray) -> int:
        """One try: appends the bytes [start, end) to `body`; returns the number of requests it took."""
        from huggingface_hub import constants, get_session

        address = self._address
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        if _origin(address) == _origin(self.url):
            headers = self._headers | headers
        with get_session().stream(
            "GET",
            address,
            headers=headers,
            timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
            follow_redirects=True,
        ) as answer:
            self._check(answer, start, end, redirected=address != self.url)
            for chunk in answer.iter_raw(_CHUNK):
                body += chunk
                if len(body) > end - start:
                    break
            if len(body) != end - start:
                raise _Later(f"{len(body):,} bytes came where {end - start:,} were asked for")
            self._address = str(answer.url)
            return 1 + len(answer.history)

    def _check(self, answer: "httpx2.Response", start: int, end: int, *, redirected: bool) -> None:
        """Refuse, by its status and headers and before its body is read, an answer that is not the range."""
        status, host = answer.status_code, answer.url.netloc.decode()
        if status in _LATER:
            after = answer.headers.get("retry-after", "")
            raise _Later(
                f"{status} {answer.reason_phrase}".strip(), float(after) if after.isdigit() else None
            )
        if status in (401, 403):
            if redirected:  # the address of the storage server is signed, and has expired
                self._address = self.url
                raise _Later(f"{status} {answer.reason_phrase}", 0)
            raise InputError(
                f"{self.name} may not be read ({host} answered {status}): sign in with `hf auth login`, or "
                "accept the terms on the model's page."
            )
        if status == 200:
            raise InputError(
                f"{host} ignores byte ranges: it would send all {self.size:,} bytes of {self.name} where "
                f"{end - start:,} were asked for, so nothing was read; set HF_ENDPOINT to another server, or "
                "download the checkpoint and give its folder."
            )
        linked = [h for past in answer.history if (h := past.headers.get("x-linked-etag"))]
        etag = answer.headers.get("etag")
        if status == 206:
            given = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("content-range", ""))
            if not given or (int(given[1]), int(given[2])) != (start, end - 1):
                raise InputError(
                    f"{host} answered with other bytes of {self.name} than those asked for: nothing of them "
                    "is used; give another HF_ENDPOINT, or download the checkpoint and give its folder."
                )
            same = given[3] in ("*", str(self.size)) and all(
                _bare(t) == self.digest for t in linked if self.digest
            )
            with self._lock:
                self._etag = self._etag or etag
                same = same and etag in (None, self._etag)
        if status == 416 or (status == 206 and not same):
            raise InputError(
                f"{self.name} changed on {host} while it was being read: nothing of it is used; start again."
            )
        if status != 206:
            raise InputError(
                f"{self.name} could not be read ({host} answered {status}): check its id and revision, or "
                "give a local folder."
            )


def _origin(address: str) -> tuple[str, str]:
    parts: Any = urlsplit(address)
    return parts.scheme, parts.netloc


def _bare(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')
