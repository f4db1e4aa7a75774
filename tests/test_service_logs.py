"""Logs: a JSON object a line, an id for each request, and never a text or a key."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.keys import add_key
from tests.servers import PATIENCE, Server, running, until

CANARY = "Kolibri-7391"
"""A text that must appear nowhere but in the answer to who sent it."""

SPAN_ID = "00f067aa0ba902b7"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@contextmanager
def trace_collector() -> Iterator[tuple[str, list[bytes]]]:
    """Listen as an OpenTelemetry collector does; yield the address and what arrives."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{collector.server_port}", received
        collector.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    scopes = ["classify", "metrics", "admin", "correct"]
    return add_key(folder / "keys.json", "newsroom", scopes, "10000/minute")


@pytest.fixture(scope="module")
def spans() -> Iterator[tuple[str, list[bytes]]]:
    with trace_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(
    tiny_artifact: Path, folder: Path, key: str, spans: tuple[str, list[bytes]]
) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", spans[0])
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        settings = {"keys": folder / "keys.json", "traces": True, "max_body_bytes": 200_000}
        with running(tiny_artifact, folder / "log", **settings) as server:
            yield server


@pytest.fixture
def client(server: Server, key: str) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=PATIENCE) as client:
        yield client


def lines_of(server: Server, request_id: str) -> list[dict[str, Any]]:
    """Return what is logged of a request, which is written after its answer was sent."""

    def lines() -> list[dict[str, Any]]:
        content = server.log.read_text().splitlines()
        entries = [json.loads(line) for line in content if line.startswith("{")]
        return [entry for entry in entries if entry.get("request_id") == request_id]

    until(lambda: bool(lines()), f"a line for {request_id}")
    return lines()


def test_a_request_has_a_line_with_its_id_and_without_its_path(
    server: Server, client: httpx2.Client
) -> None:
    response = client.post("/classify", json={"text": "Trade grew."})
    (line,) = lines_of(server, response.headers["x-request-id"])
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": response.headers["x-request-id"],
        "method": "POST",
        "route": "/classify",
        "status": 200,
        "key": "newsroom",
    }


def test_the_callers_id_is_taken(server: Server, client: httpx2.Client) -> None:
    response = client.get("/labels", headers={"x-request-id": "desk:17.a_b-c"})
    assert response.headers["x-request-id"] == "desk:17.a_b-c"
    assert lines_of(server, "desk:17.a_b-c")[0]["route"] == "/labels"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "ä", "<b>"])
def test_an_id_that_could_carry_a_text_is_replaced(client: httpx2.Client, given: str) -> None:
    response = client.get("/labels", headers={"x-request-id": given.encode()})
    assert len(response.headers["x-request-id"]) == 16


def test_a_refusal_at_the_door_and_an_unknown_path_are_logged_without_the_path(
    server: Server, client: httpx2.Client
) -> None:
    refused = httpx2.get(f"{server.url}/labels", timeout=PATIENCE)
    unknown = client.get(f"/{CANARY}")
    for response, status, key in ((refused, 401, None), (unknown, 404, "newsroom")):
        (line,) = lines_of(server, response.headers["x-request-id"])
        assert (line["status"], line["route"], line["key"]) == (status, "(none)", key)


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/page/app.js", "/page/{path}", 200),
        (f"/page/{CANARY}", "/page/{path}", 404),
        ("/static-offline-docs/favicon.png", "/static-offline-docs/{path}", 200),
        ("/openapi.json", "/openapi.json", 200),
        (f"/openapi.json/{CANARY}", "(none)", 404),
    ],
)
def test_what_is_no_route_of_ours_is_named_by_its_pattern(
    server: Server, client: httpx2.Client, path: str, route: str, status: int
) -> None:
    response = client.get(path)
    (line,) = lines_of(server, response.headers["x-request-id"])
    assert (line["status"], line["route"]) == (status, route)


def test_a_span_continues_the_callers_trace(
    client: httpx2.Client, spans: tuple[str, list[bytes]]
) -> None:
    headers = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01", "x-request-id": "traced"}
    client.post("/classify", json={"text": "Trade grew."}, headers=headers)
    until(lambda: any(bytes.fromhex(TRACE_ID) in sent for sent in spans[1]), "a span")
    sent = next(sent for sent in spans[1] if bytes.fromhex(TRACE_ID) in sent)
    assert bytes.fromhex(SPAN_ID) in sent
    assert b"POST /classify" in sent
    assert b"traced" in sent


JSON = {"content-type": "application/json"}
BROKEN = [
    f'{{"text": "{CANARY}"',
    f'"{CANARY}"',
    f'{{"{CANARY}": 1}}',
    f'{{"text": "{CANARY} \\ud800"}}',
    f'{{"text": "x", "language": "{CANARY}"}}',
    f'{{"text": "x", "id": 1, "evidence": "{CANARY}"}}',
    f'{{"items": [{{"text": " ", "id": "{CANARY}"}}, "{CANARY}"], "{CANARY}": 1}}',
    f'{{"text": "{CANARY * 10_000}"}}',
    f'{{"text": "{CANARY * 20_000}"}}',
]


def send_everywhere(client: httpx2.Client, key: str) -> None:
    """Push the canary through every door, every field, every error and the address itself."""
    good = {"text": f"{CANARY} warns Washington. The port of {CANARY} grew.", "id": CANARY}
    answered = client.post("/classify", json=good | {"evidence": True})
    assert answered.status_code == 200
    assert client.post("/classify/batch", json={"items": [good, CANARY]}).status_code == 200
    long = {"text": f"{CANARY} warns Washington. " * 1000}
    assert client.post("/classify", json=long).status_code == 200
    comment = {"comment": {"text": CANARY}, "requestedAttributes": {"US_CRITICAL": {}}}
    door = "/v1alpha1/comments:analyze"
    assert client.post(f"{door}?key={key}&q={CANARY}", json=comment).status_code == 200
    client.post(door, json=comment | {"languages": [CANARY], "clientToken": CANARY})
    paths = ["/classify", "/classify/batch", door, "/corrections", "/extract", "/jobs"]
    for path in paths:
        for body in BROKEN:
            response = client.post(path, content=body, headers=JSON)
            assert 400 <= response.status_code < 500, (path, body[:40])
        client.post(path, content=CANARY, headers={"content-type": CANARY})
        client.get(f"{path}/{CANARY}?{CANARY}={CANARY}")
    for headers in ({"authorization": f"Bearer {CANARY}"}, {"x-api-key": f"stance_{CANARY}_x"}):
        refused = httpx2.get(client.base_url.join("/labels"), headers=headers, timeout=PATIENCE)
        assert refused.status_code == 401
    client.get(f"/{CANARY}", headers={"x-request-id": f"{CANARY} {CANARY}", "cookie": CANARY})
    client.request("DELETE", "/labels", headers={"tracestate": f"a={CANARY}", "referer": CANARY})


def test_the_canary_is_found_nowhere(
    server: Server, client: httpx2.Client, key: str, spans: tuple[str, list[bytes]], folder: Path
) -> None:
    n_spans = len(spans[1])
    send_everywhere(client, key)
    last = client.get("/labels").headers["x-request-id"]
    lines_of(server, last)
    until(lambda: any(last.encode() in sent for sent in spans[1][n_spans:]), "the last span")
    told = {
        "log": server.log.read_bytes(),
        "metrics": client.get("/metrics").content,
        "openapi": client.get("/openapi.json").content,
        "model": client.get("/model").content,
        "shadow": client.get("/admin/shadow").content,
        "spans": b"".join(spans[1]),
        "files": b"".join(path.read_bytes() for path in folder.iterdir()),
    }
    secret = key.rpartition("_")[2]
    for where, content in told.items():
        assert CANARY.encode() not in content, where
        assert secret.encode() not in content, where
    assert b'"status":401' in told["log"]
    assert b"/classify" in told["spans"]
