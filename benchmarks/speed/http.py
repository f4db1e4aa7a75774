"""``POST /classify`` beside an echo endpoint and scikit-learn in the handler.

All three are servers of their own, with one process on one core, and get the same bodies; the load
comes from another core. Then the whole application without network, as the server calls it.
"""

import asyncio
import statistics
import time
from contextlib import ExitStack

import orjson
from starlette.types import ASGIApp, Message, Scope

from benchmarks.client import Load, has_wrk, median_load, run_load
from benchmarks.processes import (
    MeasurementError,
    Server,
    cpu_seconds_of,
    memory_of,
    other_server,
    our_server,
    pinned,
)
from benchmarks.speed.material import ARTICLE, SENTENCE
from benchmarks.speed.measure import Result, Row, Scale, ratio
from service.app import create_app
from service.settings import Settings

OURS, ECHO, SKLEARN = "stance", "FastAPI echo", "FastAPI and scikit-learn"
ONE, MANY = "one sentence", "article of 40 sentences"
EXPLAINED = f"{MANY}, with evidence"
INSIDE = "inside the service, without network"
TEXTS = {ONE: SENTENCE, MANY: ARTICLE}
UNIT = "requests a second"


def measure(scale: Scale) -> Result:
    """Load the servers in turn, then call the application itself."""
    servers = {
        OURS: our_server(scale.model),
        ECHO: other_server("echo", scale.model),
        SKLEARN: other_server("scikit-learn", scale.model),
    }
    rows: list[Row] = []
    ratios: dict[str, float] = {}
    with ExitStack() as stack:
        with pinned():
            for server in servers.values():
                stack.enter_context(server)
        for case, text in TEXTS.items():
            found = _take_turns(servers, orjson.dumps({"text": text}), scale)
            rows += [_row(case, name, rounds, servers[name]) for name, rounds in found.items()]
            if case == ONE:
                speeds = {name: [load.per_second for load, _ in r] for name, r in found.items()}
                ratios["echo"] = ratio(speeds[OURS], speeds[ECHO])
                ratios["scikit-learn"] = ratio(speeds[OURS], speeds[SKLEARN])
    inside = asyncio.run(_inside(scale))
    for case, rounds in inside.items():
        rows.append(Row.of(INSIDE, f"stance, {case}", "µs a request", [1e6 * s for s in rounds]))
    ratios["article, ms"] = 1e3 * statistics.median(inside[MANY])
    return Result(rows, ratios)


def _take_turns(
    servers: dict[str, Server], body: bytes, scale: Scale
) -> dict[str, list[tuple[Load, float]]]:
    """Return, for each round, the load and the server's CPU seconds a request."""
    found: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
    for server in servers.values():
        server.post(body)
    with pinned(first=True):
        for _ in range(scale.n_loads):
            for name, server in servers.items():
                before = cpu_seconds_of(server.pid)
                load = run_load(server.port, [body], scale.n_connections, scale.load_seconds)
                spent = cpu_seconds_of(server.pid) - before
                found[name].append((load, spent / load.n_requests))
    return found


def _row(case: str, name: str, rounds: list[tuple[Load, float]], server: Server) -> Row:
    loads = [load for load, _ in rounds]
    median = median_load(loads)
    cpu = 1e6 * statistics.median(seconds for _, seconds in rounds)
    note = (
        f"p50 {median.p50:.1f}, p95 {median.p95:.1f}, p99 {median.p99:.1f} ms; "
        f"{cpu:,.0f} µs CPU a request; {memory_of(server.pid):.0f} MB; "
        f"load by {'wrk' if has_wrk() else 'asyncio client'}"
    )
    return Row.of(case, name, UNIT, [load.per_second for load in loads], note)


async def _inside(scale: Scale) -> dict[str, list[float]]:
    """Return the CPU seconds of a request that the server hands to the application."""
    app = create_app(Settings(model=scale.model))
    bodies = {case: orjson.dumps({"text": text}) for case, text in TEXTS.items()}
    bodies[EXPLAINED] = orjson.dumps({"text": ARTICLE, "evidence": True})
    found: dict[str, list[float]] = {case: [] for case in bodies}
    with pinned():
        async with app.router.lifespan_context(app):
            for number in range(scale.n_rounds + 1):
                for case, body in bodies.items():
                    n = max(1, scale.n_slow // 20) if case == EXPLAINED else scale.n_slow
                    start = time.process_time()
                    for _ in range(n):
                        await _post(app, body)
                    if number > 0:
                        found[case].append((time.process_time() - start) / n)
    return found


async def _post(app: ASGIApp, body: bytes) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/classify",
        "raw_path": b"/classify",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "state": {},
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    if status != 200:
        raise MeasurementError(f"/classify answered {status}")
