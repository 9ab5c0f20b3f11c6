"""A stand-in for the Hugging Face hub on 127.0.0.1: the paths huggingface_hub asks for, served from memory.

`with serving() as hub:` then `hub.add("org/model", {"config.json": b"…"})`; `hub.connect(monkeypatch, cache)`
points huggingface_hub of this process at it, and `hub.environment(cache)` is the same for a subprocess. It
knows models and datasets, revisions, closed and gated repositories, HEAD with ETag and X-Repo-Commit, byte
ranges, and it counts what was asked (`hub.requests`) and sent (`hub.sent`). `hub.refuse` makes it answer a
bare status, such as 429 with Retry-After, as often as wanted; `hub.halfway` is called in the middle of each
file.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Repository:
    """One repository: branch or tag → commit, commit → path → bytes.

    error: the X-Error-Code it answers. refusals: how many requests are still answered with a bare `status`
    and `headers`; only_files: only those for files.
    """

    revisions: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    error: str | None = None
    refusals: int = 0
    status: int = 429
    only_files: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    parameters: int | None = None  # as the hub counts them in safetensors files

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commit = self.revisions.get(revision, revision)
        return (commit, self.commits[commit]) if commit in self.commits else None


@dataclass
class FakeHub:
    """The hub: `url`, its repositories by ("models" or "datasets", id), and what was asked of it."""

    url: str = ""
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range
    sent: int = 0  # bytes of files
    halfway: Callable[[str], None] | None = None  # called with a file's path when half of it is sent
    storage: str | None = None  # where weight files are redirected to, as the hub does for large files

    def add(
        self, name: str, files: dict[str, bytes] | Path, *, kind: str = "models", revision: str = "main"
    ) -> str:
        """Commit files (or those of a folder) to a branch; returns the commit (40 hex digits)."""
        if isinstance(files, Path):
            files = {str(f.relative_to(files)): f.read_bytes() for f in files.rglob("*") if f.is_file()}
        digest = hashlib.sha1(repr((name, revision, sorted(files.items()))).encode()).hexdigest()
        repository = self.repositories.setdefault((kind, name), Repository())
        repository.revisions[revision] = digest
        repository.commits[digest] = dict(files)
        return digest

    def close(self, name: str, *, gated: bool = False, kind: str = "models") -> None:
        """Make a repository gated, or answer as the hub does for private and unknown ones."""
        repository = self.repositories.setdefault((kind, name), Repository())
        repository.error = "GatedRepo" if gated else "RepoNotFound"

    def refuse(
        self, name: str, status: int, *, times: int = 10**9, files: bool = False, **headers: str
    ) -> None:
        """Answer requests for a repository with a bare status; files: only those for its files."""
        repository = self.repositories.setdefault(("models", name), Repository())
        repository.status, repository.refusals, repository.only_files = status, times, files
        repository.headers = {key.replace("_", "-"): value for key, value in headers.items()}

    def connect(self, monkeypatch: Any, cache: Path) -> None:
        """Let huggingface_hub in this process talk to this hub, online, with its cache in an empty folder."""
        from huggingface_hub import constants

        for name, value in {
            "ENDPOINT": self.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": self.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_OFFLINE": False,
            "HF_HUB_CACHE": str(cache),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_DISABLE_PROGRESS_BARS": True,
        }.items():
            monkeypatch.setattr(constants, name, value)

    def environment(self, cache: Path) -> dict[str, str]:
        """Environment variables that make a subprocess do the same."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_CACHE": str(cache),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }


@contextmanager
def serving() -> Iterator[FakeHub]:
    """Run a fake hub on a free port of 127.0.0.1."""
    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_API = re.compile(
    r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+(?:/[^/]+)?)"
    r"(?:/(?P<what>revision|tree)/(?P<revision>[^/]+))?/?"
)
_FILE = re.compile(
    r"/(?:(?P<kind>datasets)/)?(?P<name>[^/]+(?:/[^/]+)?)/resolve/(?P<revision>[^/]+)/(?P<file>.+)"
)


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


def _blob(data: bytes) -> dict[str, object]:
    lfs = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 135}
    return {"size": len(data), "blobId": hashlib.sha1(data).hexdigest(), "lfs": lfs}


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, *args: object) -> None:
            pass

        def _answer(self, *, body: bool) -> None:
            # A revision such as refs/convert/parquet is one quoted part of the path: match before unquoting.
            path = urlsplit(self.path).path
            hub.requests.append((self.command, unquote(path), self.headers.get("Range")))
            result = _API.fullmatch(path) or _FILE.fullmatch(path)
            part = {k: unquote(v) for k, v in result.groupdict().items() if v is not None} if result else {}
            repository = hub.repositories.get((part.get("kind", "models"), part.get("name", "")))
            if repository and repository.refusals and ("file" in part or not repository.only_files):
                repository.refusals -= 1
                self._error(repository.status, None, body, headers=repository.headers)
            elif repository is None or repository.error == "RepoNotFound":
                self._error(401, "RepoNotFound", body)  # as the hub does for those not signed in
            elif repository.error is not None and ("file" in part or part.get("what") == "tree"):
                self._error(401, repository.error, body)  # the hub tells of a gated one, and keeps its files
            elif (there := repository.files(part.get("revision", "main"))) is None:
                self._error(404, "RevisionNotFound", body)
            elif "file" in part:
                self._file(there[0], there[1].get(part["file"]), body)
            elif part.get("what") == "tree":
                self._json([_entry(p, data) for p, data in there[1].items()], body)
            else:
                listed = "blobs=" in urlsplit(self.path).query
                files = [{"rfilename": p} | (_blob(data) if listed else {}) for p, data in there[1].items()]
                about = {"id": part["name"], "sha": there[0], "siblings": files}
                if repository.parameters is not None:
                    counts = {"F32": repository.parameters}
                    about["safetensors"] = {"parameters": counts, "total": repository.parameters}
                self._json(about, body)

        def _file(self, commit: str, data: bytes | None, body: bool) -> None:
            if data is None:
                self._error(404, "EntryNotFound", body, commit)
                return
            if hub.storage and self.path.endswith(".safetensors"):
                digest = hashlib.sha256(data).hexdigest()
                self.send_response(302)
                self.send_header("Location", f"{hub.storage}/{digest}")
                self.send_header("X-Linked-ETag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(len(data)))
                self.send_header("X-Repo-Commit", commit)
                self._finish(b"", "text/plain", body)
                return
            start, end = 0, len(data)
            if wanted := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or ""):
                first, last = wanted.groups()
                if first:
                    start, end = int(first), min(int(last) + 1, end) if last else end
                else:
                    start = max(end - int(last), 0)
                if start >= len(data) or start >= end:
                    self._error(416, None, body)
                    return
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", commit)
            self._finish(data[start:end], "application/octet-stream", body)
            hub.sent += (end - start) if body else 0

        def _json(self, value: object, body: bool) -> None:
            self.send_response(200)
            self._finish(json.dumps(value).encode(), "application/json", body)

        def _error(
            self,
            status: int,
            code: str | None,
            body: bool,
            commit: str | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if code:
                self.send_header("X-Error-Code", code)
            if commit:
                self.send_header("X-Repo-Commit", commit)
            self._finish(json.dumps({"error": code or "Not Found"}).encode(), "application/json", body)

        def _finish(self, content: bytes, kind: str, body: bool) -> None:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body and hub.halfway is not None and kind == "application/octet-stream":
                middle = len(content) // 2
                self.wfile.write(content[:middle])
                self.wfile.flush()
                hub.halfway(urlsplit(self.path).path)
                self.wfile.write(content[middle:])
            elif body:
                self.wfile.write(content)

    return Handler
