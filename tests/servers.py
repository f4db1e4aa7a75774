"""Start `stance serve` as its users do, on a free port, and wait until it is ready."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2

from tests.conftest import ROOT

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; a slow machine needs a tenth of it."""


class Server(NamedTuple):
    """A running server: its port, its (first) process, and the file of its log."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx2.Response:
        """Ask for a path."""
        return httpx2.get(self.url + path, timeout=PATIENCE)

    def classify(self, text: str) -> httpx2.Response:
        """Ask for the labels of a text."""
        return httpx2.post(self.url + "/classify", json={"text": text}, timeout=PATIENCE)


@contextmanager
def running(model: Path, log: Path, **settings: object) -> Iterator[Server]:
    """Serve `model`; `settings` are those of the service. Ends what is left at the end."""
    port = free_port()
    command = [sys.executable, "-m", "stance", "serve", "--port", str(port), "--model", str(model)]
    environment = os.environ | {f"STANCE_{k.upper()}": str(v) for k, v in settings.items()}
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file) as process,
    ):
        server = Server(port, process, log)
        try:
            until(lambda: is_ready(server) or process.poll() is not None, "the server is ready")
            assert process.poll() is None, log.read_text()
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # nothing happens if it has ended
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def is_ready(server: Server) -> bool:
    try:
        return server.get("/health/ready").status_code == 200
    except httpx2.HTTPError:
        return False


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
