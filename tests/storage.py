"""The storage server that a hub redirects large files to: byte ranges of files, on 127.0.0.1.

It takes what it answers from `files` (address → path), waits `latency` seconds before each answer, and
counts. `fault` may answer in its place: a function of the handler and the request's number that returns
whether it has answered.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Fault = Callable[["Handler", int], bool]


@dataclass
class Storage:
    """What is served, how slowly, and what was asked: headers of each request, bytes sent, most at once."""

    url: str = ""
    files: dict[str, Path] = field(default_factory=dict)
    latency: float = 0.0
    fault: Fault | None = None
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0
    connections: int = 0
    active: int = 0
    most_active: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """Answers requests for ranges of one Storage's files."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    storage: Storage

    def setup(self) -> None:
        super().setup()
        with self.storage.lock:
            self.storage.connections += 1

    def do_GET(self) -> None:
        storage = self.storage
        with storage.lock:
            number = len(storage.requests)
            storage.requests.append(dict(self.headers))
            storage.active += 1
            storage.most_active = max(storage.most_active, storage.active)
        time.sleep(storage.latency)
        with storage.lock:
            storage.active -= 1
        if storage.fault is None or not storage.fault(self, number):
            self.answer(self.path)

    def span(self) -> tuple[int, int]:
        """The range asked for, as [start, end)."""
        result = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert result is not None
        return int(result[1]), int(result[2]) + 1

    def answer(self, path: str, *, etag: str = '"one"', kept: int | None = None) -> None:
        """Send the range asked for; of its body the first `kept` bytes, and then hang up."""
        start, end = self.span()
        file = self.storage.files[path.strip("/")]
        with file.open("rb") as stream:
            stream.seek(start)
            body = stream.read(end - start)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{file.stat().st_size}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body[:kept])
        self.close_connection = self.close_connection or kept is not None
        with self.storage.lock:
            self.storage.sent += len(body[:kept])

    def status(self, code: int, **headers: str) -> bool:
        """Send a bare status."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Storage]:
    """Run a storage server on a free port of 127.0.0.1."""
    storage = Storage()
    handler = type("OneStorage", (Handler,), {"storage": storage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.request_queue_size = True, 128
    storage.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
