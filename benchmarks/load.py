"""``POST /classify`` under load beside a bare FastAPI endpoint that only echoes.

``make load``. Needs wrk and two cores: the servers (one worker each, as they are started in
service) run on one, wrk on the other, and take turns in one run. Bodies are sentences of the
labelled set, each alone or forty as an article. Prints and writes the table of
``docs/operations.md``; fails if a goal is missed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from labels.sentences import read_labelled_set
from service.artifact import DEFAULT_ARTIFACT
from training.report import markdown_table, write_between_markers

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "operations.md"
N_ROUNDS = 5
SECONDS = 5
CONNECTIONS = 32
N_BODIES = 400
ARTICLE_SENTENCES = 40
MIN_THROUGHPUT, MAX_P99 = 0.8, 1.5
"""Goals for one sentence, as multiples of the echo."""

OURS, ECHO = "`POST /classify`", "bare FastAPI echo"
PORTS = {OURS: 8471, ECHO: 8472}
COMMANDS = {
    OURS: ["-m", "stance", "serve", "--port", str(PORTS[OURS])],
    ECHO: [
        *("-m", "benchmarks.speed.servers", "echo", "--port", str(PORTS[ECHO])),
        *("--model", str(DEFAULT_ARTIFACT)),
    ],
}
READY = "/health/ready"


class Measured(NamedTuple):
    """One round: requests per second and latencies in milliseconds."""

    throughput: float
    p50: float
    p95: float
    p99: float


def main() -> None:
    """Measure, write the table, fail if a goal is missed."""
    rounds = {(body, name): list[Measured]() for body in _bodies() for name in (OURS, ECHO)}
    with _server(OURS), _server(ECHO), tempfile.TemporaryDirectory() as folder:
        files: dict[str, Path] = {}
        for body, lines in _bodies().items():
            files[body] = Path(folder) / f"{len(files)}.jsonl"
            files[body].write_bytes(b"\n".join(lines))
        for number in range(N_ROUNDS + 1):
            for (body, name), measured in rounds.items():
                found = _wrk(files[body], PORTS[name])
                if number > 0:  # the first round warms up
                    measured.append(found)
    medians = {
        key: Measured(*(statistics.median(values) for values in zip(*measured, strict=True)))
        for key, measured in rounds.items()
    }
    _report(medians)


def _bodies() -> dict[str, list[bytes]]:
    texts = [s.text for s in read_labelled_set()]
    step = max(1, len(texts) // N_BODIES)
    spread = texts[::step][:N_BODIES]
    articles = [
        " ".join(texts[start : start + ARTICLE_SENTENCES])
        for start in range(0, len(texts) - ARTICLE_SENTENCES, len(texts) // 40)
    ]
    return {
        "one sentence": [orjson.dumps({"text": text}) for text in spread],
        f"article of {ARTICLE_SENTENCES} sentences": [orjson.dumps({"text": t}) for t in articles],
    }


@contextmanager
def _server(name: str) -> Iterator[None]:
    command = ["taskset", "-c", "0", sys.executable, *COMMANDS[name]]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            _wait(f"http://127.0.0.1:{PORTS[name]}{READY}")
            yield
        finally:
            process.kill()


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5)  # noqa: S310
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def _wrk(bodies: Path, port: int) -> Measured:
    command = [
        *(
            "taskset",
            "-c",
            "1",
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{SECONDS}s",
            "--timeout",
            "30s",
        ),
        *(
            "-s",
            str(ROOT / "benchmarks" / "load.lua"),
            f"http://127.0.0.1:{port}",
            "--",
            str(bodies),
        ),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = orjson.loads(done.stdout.splitlines()[-1])
    if found["failed"]:
        raise RuntimeError(f"requests failed on port {port}: {found['failed']}")
    throughput = found["requests"] / found["microseconds"] * 1e6
    return Measured(throughput, *(found[p] / 1000 for p in ("p50", "p95", "p99")))


def _report(medians: dict[tuple[str, str], Measured]) -> None:
    rows = [["body", "server", "requests/s", "p50 ms", "p95 ms", "p99 ms"]]
    for (body, name), m in medians.items():
        rows.append([body, name, f"{m.throughput:,.0f}", *(f"{p:.1f}" for p in m[1:])])
    table = markdown_table(rows)
    print(table)
    write_between_markers(DOCUMENT, "load", table)
    ours, echo = medians["one sentence", OURS], medians["one sentence", ECHO]
    ratio, slower = ours.throughput / echo.throughput, ours.p99 / echo.p99
    verdict = f"one sentence: {ratio:.2f} of the echo's throughput, {slower:.2f} times its p99"
    print(verdict)
    if ratio < MIN_THROUGHPUT or slower > MAX_P99:
        raise SystemExit(f"goal missed: at least {MIN_THROUGHPUT}, at most {MAX_P99}")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
