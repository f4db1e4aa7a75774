"""How long until a server answers, and the memory of its workers."""

import time
from itertools import pairwise
from statistics import mean, median

import orjson

from benchmarks.processes import (
    Server,
    cpu_seconds_of,
    memory_of,
    other_server,
    our_server,
    pinned,
)
from benchmarks.speed.material import ARTICLE, SENTENCE
from benchmarks.speed.measure import Result, Row, Scale, ratio

OURS, BARE = "stance", "bare FastAPI app"
READY, CPU, MEMORY = "ready, by the clock", "CPU time until ready", "memory"
AFTER = "after some requests"
SETTLED_SECONDS = 2.5


def measure(scale: Scale) -> Result:
    """Start the servers in turn; then ours with more and more workers."""
    servers = {OURS: our_server(scale.model), BARE: other_server("bare", scale.model)}
    notes = {OURS: AFTER, BARE: "idle"}
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    cpu: dict[str, list[float]] = {name: [] for name in servers}
    memory: dict[str, list[float]] = {name: [] for name in servers}
    with pinned():
        for _ in range(scale.n_rounds):
            for name, server in servers.items():
                with server:
                    seconds[name].append(server.ready_seconds)
                    cpu[name].append(cpu_seconds_of(server.pid))
                    n_requests = 0 if name == BARE else scale.n_requests
                    memory[name].append(_after_requests(server, n_requests))
    rows = [Row.of(READY, name, "s", values) for name, values in seconds.items()]
    rows += [Row.of(CPU, name, "s", values) for name, values in cpu.items()]
    rows += [Row.of(MEMORY, name, "MB", values, notes[name]) for name, values in memory.items()]
    ratios = {
        "ready": ratio(seconds[OURS], seconds[BARE]),
        "first worker, MB": median(memory[OURS]),
    }
    more = _more_workers(scale)
    return Result(rows + more.rows, ratios | more.ratios)


def _more_workers(scale: Scale) -> Result:
    """Measure two workers and more: with more than one there is a process that watches them."""
    rows, found = [], []
    for n_workers in range(2, scale.n_workers + 1):
        with our_server(scale.model, "--workers", str(n_workers)) as server:
            found.append(_after_requests(server, n_workers * scale.n_requests))
        name = f"stance, {n_workers} workers"
        rows.append(Row.of(MEMORY, name, "MB", found[-1:], "all processes, the watching one, too"))
    each = [after - before for before, after in pairwise(found)]
    rows.append(Row.of(MEMORY, "stance, each further worker", "MB", each, AFTER))
    return Result(rows, {"further worker, MB": mean(each)})


def _after_requests(server: Server, n_requests: int) -> float:
    start = time.perf_counter()
    number = 0
    # What a server loads soon after its start counts, too.
    while number < n_requests or (n_requests > 0 and time.perf_counter() - start < SETTLED_SECONDS):
        server.post(orjson.dumps({"text": ARTICLE if number % 10 == 0 else SENTENCE}))
        number += 1
    return memory_of(server.pid)
