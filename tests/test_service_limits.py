"""Limits on bytes, time and requests at a time; against a real server where sockets matter."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from service import errors, limits
from service.settings import Settings
from tests.servers import PATIENCE, Server, running, until
from tests.test_service_app import assert_problem

SLOW = 0.5
HEAD = b"POST /classify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("limits") / "log"
    with running(tiny_artifact, log, slow_client_seconds=SLOW) as server:
        yield server


def connect(server: Server, **options: Any) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE, **options)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """Return everything until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /labels HTTP/1.1\r\nhost: x\r\nx-a", id="half-the-headers"),
        pytest.param(b"GET /lab", id="half-a-line"),
    ],
)
def test_headers_that_do_not_come_close_the_connection(server: Server, sent: bytes) -> None:
    with connect(server) as connection:
        begun = time.monotonic()
        connection.sendall(sent)
        assert read_all(connection) == b""
        assert time.monotonic() - begun > SLOW / 2


def test_so_do_those_of_a_second_request(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /health/li")
        answer = read_all(connection)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.endswith(b'{"status":"live"}')


def test_a_body_that_does_not_come_is_a_408(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(HEAD + b'content-length: 100\r\n\r\n{"text": ')
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer
    assert b"application/problem+json" in answer


def test_a_body_at_a_fair_pace_may_take_longer(server: Server) -> None:
    body = b'{"text": "Trade grew."' + b" " * 30_000 + b"}"
    with connect(server) as connection:
        connection.sendall(HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body))
        begun = time.monotonic()
        while body:
            connection.sendall(body[:2000])
            body = body[2000:]
            time.sleep(0.1)  # 20,000 bytes/s: twice the least pace
        assert time.monotonic() - begun > 2 * SLOW
        assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_a_body_beyond_the_limit_is_refused_while_it_arrives(server: Server) -> None:
    part = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    with connect(server) as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # noqa: PT012 (any of the sends)
            for _ in range(10_000):
                connection.sendall(part)


def test_there_are_no_websockets(server: Server) -> None:
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    with connect(server) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n" + upgrade + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert "Traceback" not in server.log.read_text()


def test_a_client_that_does_not_read_is_cut_off(server: Server) -> None:
    def n_open() -> int:
        return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))

    with connect(server) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(1) == b"H"
        opened = n_open()
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # noqa: PT012 (any of the sends)
            while True:
                connection.send(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 100)
        until(lambda: n_open() < opened, "the server has closed the connection")
    assert "Traceback" not in server.log.read_text()


class Workplace:
    """A service with one place, short limits and a route that waits until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.app = FastAPI()
        settings = Settings(max_concurrent=1, request_seconds=0.3, max_body_bytes=200_000)
        limits.install(self.app, settings)
        errors.install(self.app)

        @self.app.post("/work")
        async def work(request: Request) -> int:
            body = await request.body()
            await self.go.wait()
            return len(body)

        @self.app.post("/typed")
        async def typed(body: dict[str, int]) -> int:
            return len(body)

        @self.app.post("/health/work")
        async def health_work(request: Request) -> int:
            return len(await request.body())

    def client(self) -> httpx2.AsyncClient:
        """Return who asks for work."""
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url="http://stance")


def test_beyond_the_places_requests_are_sent_away_and_health_is_not() -> None:
    async def scenario() -> None:
        workplace = Workplace()
        async with workplace.client() as client, asyncio.TaskGroup() as tasks:
            first = tasks.create_task(client.post("/work", content=b"12"))
            await asyncio.sleep(0)
            while (second := await client.post("/work", content=b"1")).status_code != 503:
                assert not first.done()
            problem = assert_problem(second, 503)
            assert "1 requests are worked on, the limit" in problem["detail"]
            assert second.headers["retry-after"] == "1"
            assert (await client.post("/health/work", content=b"1")).status_code == 200
            workplace.go.set()
            assert (await first).json() == 2
            assert (await client.post("/work", content=b"123")).json() == 3

    asyncio.run(scenario())


def test_an_answer_that_takes_too_long_is_a_503_and_gives_its_place_back() -> None:
    async def scenario() -> None:
        workplace = Workplace()
        async with workplace.client() as client:
            response = await client.post("/work", content=b"1")
            assert "within 0.3 seconds" in assert_problem(response, 503)["detail"]
            assert response.headers["retry-after"] == "1"
            workplace.go.set()
            assert (await client.post("/work", content=b"1")).status_code == 200

    asyncio.run(scenario())


def test_any_route_is_held_to_the_size_of_the_body() -> None:
    async def scenario() -> None:
        workplace = Workplace()
        workplace.go.set()
        async with workplace.client() as client:
            fits = await client.post("/work", content=b" " * 200_000)
            assert fits.json() == 200_000
            for path in ("/work", "/typed"):
                assert_problem(await client.post(path, content=b" " * 200_001), 413)

    asyncio.run(scenario())
