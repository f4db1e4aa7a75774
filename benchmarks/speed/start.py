"""How long until a server answers, and the memory of its workers."""

import orjson

from benchmarks.speed.material import ARTICLE, SENTENCE
from benchmarks.speed.measure import Result, Row, Scale, pinned, ratio
from benchmarks.speed.processes import Server, cpu_seconds_of, memory_of

OURS, BARE, SKLEARN = "stance", "bare FastAPI app", "FastAPI and scikit-learn"
READY, CPU, MEMORY = "ready", "CPU until ready", "memory"
N_REQUESTS = 100
"""Requests before memory is read, so that what they leave behind counts."""


def measure(scale: Scale) -> Result:
    """Start the servers in turn; then ours with more and more workers."""
    commands = {
        OURS: _ours(scale, 1),
        BARE: _command("bare", scale),
        SKLEARN: _command("scikit-learn", scale),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    cpu: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, list[float]] = {name: [] for name in commands}
    with pinned():
        for number in range(scale.n_rounds + 1):
            for name, command in commands.items():
                with Server(command) as server:
                    if number > 0:  # the first round reads the files from disk
                        seconds[name].append(server.ready_seconds)
                        cpu[name].append(cpu_seconds_of(server.pid))
                        memory[name].append(_after_requests(server, name != BARE))
    rows = [Row.of(READY, name, "s", values, "from exec to the first 200 of /health/ready")
            for name, values in seconds.items()]  # fmt: skip
    rows += [Row.of(CPU, name, "s", values, "steps of 10 ms") for name, values in cpu.items()]
    rows += [Row.of(MEMORY, name, "MB", values, _asked(name)) for name, values in memory.items()]
    ratios = {
        "ready": ratio(seconds[OURS], seconds[BARE]),
        "first worker, MB": sorted(memory[OURS])[len(memory[OURS]) // 2],
    }
    more = _more_workers(scale)
    return Result(rows + more.rows, ratios | more.ratios)


def _more_workers(scale: Scale) -> Result:
    """Measure two workers and more: with more than one there is a process that watches them."""
    rows, found = [], []
    for n_workers in range(2, scale.n_workers + 1):
        with Server(_ours(scale, n_workers)) as server:
            found.append(_after_requests(server, asks=True, n_requests=n_workers * N_REQUESTS))
        name = f"stance, {n_workers} workers"
        rows.append(Row.of(MEMORY, name, "MB", found[-1:], "all processes, the watching one, too"))
    each = [after - before for before, after in zip(found, found[1:], strict=False)]
    rows.append(Row.of(MEMORY, "stance, each further worker", "MB", each, _asked(OURS)))
    return Result(rows, {"further worker, MB": sum(each) / len(each)})


def _after_requests(server: Server, asks: bool, n_requests: int = N_REQUESTS) -> float:
    if asks:
        for number in range(n_requests):
            server.post(orjson.dumps({"text": ARTICLE if number % 10 == 0 else SENTENCE}))
    return memory_of(server.pid)


def _asked(name: str) -> str:
    return f"proportional set size, {'no' if name == BARE else N_REQUESTS} requests answered"


def _ours(scale: Scale, n_workers: int) -> list[str]:
    workers = ["--workers", str(n_workers)]
    return ["-m", "stance", "serve", "--port", "{port}", "--model", str(scale.model), *workers]


def _command(name: str, scale: Scale) -> list[str]:
    module = ["-m", "benchmarks.speed.servers", name]
    return [*module, "--port", "{port}", "--model", str(scale.model)]
