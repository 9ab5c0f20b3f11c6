"""The app as a user starts it, on a free port with its own store, and a Chromium confined to this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

PROJECT = Path(__file__).resolve().parents[2]
# Nothing but 127.0.0.1 has an address for this browser, so a page that needs the network shows it.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Chromium's own words for what every Streamlit app asks of it; not faults of a page.
HARMLESS = ("iframe which has both allow-scripts and allow-same-origin", "Unrecognized feature")


@dataclass
class App:
    """`streamlit run` of serve.py (or `script`) with HOME, store and checkpoint roots inside `folder`."""

    folder: Path
    roots: list[Path] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    script: str = "serve.py"
    process: subprocess.Popen[bytes] | None = None

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def processor_seconds(self) -> float:
        """What the server has computed since it started: its time on a machine with nothing else to do."""
        assert self.process is not None
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def start(self, timeout: float = 60) -> App:
        """Start the server and wait until it answers; RuntimeError with its log if it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {
            "HOME": str(self.folder),
            "LATENT_SHORTLIST_STORE": str(self.store),
            "LATENT_SHORTLIST_ROOTS": os.pathsep.join(map(str, self.roots)),
            "HF_HUB_OFFLINE": "1",
            **self.environment,
        }
        command = [sys.executable, "-m", "streamlit", "run", self.script]
        options = [f"--server.port={self.port}", "--server.headless=true", "--server.fileWatcherType=none"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command + options,
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).read()
                return self
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"the app did not start:\n{self.log}")

    def workers(self) -> list[int]:
        """Process ids of the workers that compute for this store (and no other)."""
        result = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    continue
            except OSError:  # it ended while we looked
                continue
            if b"cache.worker" in words and str(self.store).encode() in words:
                result.append(int(entry.name))
        return result

    def kill_workers(self) -> list[int]:
        """SIGKILL every worker of this store, as the kernel does when memory runs out; returns their ids."""
        killed = self.workers()
        for process in killed:
            os.kill(process, signal.SIGKILL)
        return killed

    def stop(self) -> None:
        """End the server and the workers it started."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.kill_workers()


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        try:
            yield running
        finally:
            running.close()


@dataclass
class Watched:
    """What a page asked for outside 127.0.0.1, and what went wrong in it."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def watch(context: BrowserContext) -> Watched:
    """Record outside requests, console errors and uncaught exceptions of every page of `context`."""
    seen = Watched()

    def local(url: str) -> bool:
        return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))

    def on_page(page: Page) -> None:
        page.on("request", lambda request: None if local(request.url) else seen.outside.append(request.url))
        page.on("websocket", lambda socket: None if local(socket.url) else seen.outside.append(socket.url))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                seen.errors.append(message.text)
                if message.type == "error" and not any(words in message.text for words in HARMLESS)
                else None
            ),
        )

    context.on("page", on_page)
    return seen
