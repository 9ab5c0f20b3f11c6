"""The server answers this machine's own names only, and no other site may show it in a frame."""

import base64
import os
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from tests.browser.server import App


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    started = App(tmp_path_factory.mktemp("app"))
    started.start(180)
    yield started
    started.stop()


def status(app: App, host: str) -> int:
    """The status by which the server answers a WebSocket asked for under another name for 127.0.0.1."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}:{app.port}",
        f"Origin: http://{host}:{app.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    with socket.create_connection(("127.0.0.1", app.port), timeout=30) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.recv(100).split()[1])


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", 101), ("localhost", 101), ("[::1]", 101), ("evil.example", 403), ("127.0.0.1.evil", 403)],
)
def test_a_session_is_for_this_machines_own_names(app: App, host: str, answer: int) -> None:
    assert status(app, host) == answer


@pytest.mark.parametrize("path", ["/", "/add", "/_stcore/health"])
def test_no_other_site_may_show_it_in_a_frame(app: App, path: str) -> None:
    with urllib.request.urlopen(app.url + path, timeout=30) as answer:
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert answer.headers["X-Frame-Options"] == "DENY"
