"""SIGTERM: readiness goes first, every request is answered, and the end comes within the limit."""

import asyncio
import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import httpx2
import pytest

from service.shutdown import Drain
from tests.servers import PATIENCE, Server, is_ready, running, until

TEXT = "The port brings jobs. Washington only sends warnings about China."
JSON = {"content-type": "application/json"}
BODY = json.dumps({"text": TEXT}).encode()
HEAD = (
    b"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


def begin_request(server: Server) -> socket.socket:
    """Send all of a request but its last byte, on a connection that the server has taken."""
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    connection.sendall(HEAD + BODY[:-1])
    assert server.get("/health/live").status_code == 200  # taken in order: ours was before
    return connection


def read_status(connection: socket.socket) -> int:
    return int(connection.recv(65536).split()[1])


def test_readiness_goes_first_and_all_is_still_answered(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    with running(tiny_artifact, tmp_path / "log", drain_seconds=PATIENCE) as server:
        assert "connection" not in server.classify(TEXT).headers
        server.process.terminate()
        until(lambda: not is_ready(server), "readiness says no")
        assert server.get("/health/ready").headers["content-type"] == "application/problem+json"
        assert server.get("/health/live").status_code == 200
        answer = server.classify(TEXT)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        server.process.terminate()  # again: the drain time is over
        assert server.process.wait(PATIENCE) == -signal.SIGTERM


@pytest.mark.parametrize("is_told", [False, True])
def test_a_process_may_be_told_to_end_before_the_application_is_there(is_told: bool) -> None:
    class ServerThatWasTold:
        should_exit = is_told

        def handle_exit(self, number: int, frame: FrameType | None) -> None:
            raise AssertionError("no signal is sent here")

    async def begin() -> bool:
        drain = Drain(0.0)
        drain.install()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        return drain.has_begun

    before = signal.signal(signal.SIGTERM, ServerThatWasTold().handle_exit)
    try:
        assert asyncio.run(begin()) == is_told
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_by_clients_who_heed_readiness(
    tiny_artifact: Path, tmp_path: Path, workers: int
) -> None:
    has_begun = threading.Barrier(5, timeout=PATIENCE)
    must_leave = threading.Event()

    def ask(url: str) -> None:
        """Ask on kept connections until told to leave, then once more; a failed request raises."""
        with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
            client.post("/classify", content=BODY, headers=JSON).raise_for_status()
            has_begun.wait()
            while not must_leave.is_set():
                client.post("/classify", content=BODY, headers=JSON).raise_for_status()
            client.post("/classify", content=BODY, headers=JSON).raise_for_status()

    settings = {"workers": workers, "drain_seconds": 2.0}
    with (
        running(tiny_artifact, tmp_path / "log", **settings) as server,
        ThreadPoolExecutor() as pool,
    ):
        asking = [pool.submit(ask, server.url) for _ in range(4)]
        has_begun.wait()
        server.process.terminate()
        until(lambda: not is_ready(server), "readiness says no")
        must_leave.set()
        for future in asking:
            future.result()
        server.process.wait(PATIENCE)


def test_a_request_that_has_begun_is_answered(tiny_artifact: Path, tmp_path: Path) -> None:
    settings = {"drain_seconds": 0.0, "shutdown_seconds": 60}
    with running(tiny_artifact, tmp_path / "log", **settings) as server:
        with begin_request(server) as connection:
            server.process.terminate()
            until(lambda: not is_listening(server), "the server takes no more connections")
            connection.sendall(BODY[-1:])
            assert read_status(connection) == 200
        assert server.process.wait(PATIENCE) == -signal.SIGTERM


def test_a_client_that_never_ends_does_not_hold_the_process(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    settings = {"drain_seconds": 0.0, "shutdown_seconds": 1, "slow_client_seconds": PATIENCE}
    with (
        running(tiny_artifact, tmp_path / "log", **settings) as server,
        begin_request(server),
    ):
        begin = time.monotonic()
        server.process.terminate()
        server.process.wait(PATIENCE)
        assert 1 <= time.monotonic() - begin < PATIENCE / 2


def test_an_interrupt_does_not_wait_for_the_drain_time(tiny_artifact: Path, tmp_path: Path) -> None:
    with running(tiny_artifact, tmp_path / "log", drain_seconds=2 * PATIENCE) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) in (0, -signal.SIGINT, 130)


def is_listening(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), 1).close()
    except OSError:
        return False
    return True
