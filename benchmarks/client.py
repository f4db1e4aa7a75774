"""Send requests over many connections: by wrk, else by a small client here.

wrk (Debian and Homebrew have it) takes little time from the server on the same machine; the client
here needs no installation, but is itself the limit beyond some thousand requests a second.
"""

import asyncio
import itertools
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from benchmarks.processes import MeasurementError

_SCRIPT = Path(__file__).with_name("client.lua")


class Load(NamedTuple):
    """Requests a second, how many there were, and percentiles of the time of one, in ms."""

    per_second: float
    n_requests: float
    p50: float
    p95: float
    p99: float


def has_wrk() -> bool:
    """Tell whether wrk is installed."""
    return shutil.which("wrk") is not None


def run_load(port: int, bodies: Sequence[bytes], n_connections: int, seconds: float) -> Load:
    """Send ``POST /classify`` on all connections for some seconds, the bodies in turn.

    Parameters
    ----------
    bodies : at least one
        JSON on one line each.

    Raises
    ------
    MeasurementError
        If a request failed.
    """
    if has_wrk() and seconds >= 1:  # its unit
        return _run_wrk(port, bodies, n_connections, seconds)
    return asyncio.run(_run_here(port, bodies, n_connections, seconds))


def median_load(loads: Sequence[Load]) -> Load:
    """Return the median of each figure."""
    return Load(*(statistics.median(figures) for figures in zip(*loads, strict=True)))


def to_request(body: bytes, key: str = "") -> bytes:
    """Return the bytes of ``POST /classify``, with an API key if there is one."""
    key_line = f"x-api-key: {key}\r\n" if key else ""
    head = (
        "POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n{key_line}\r\n"
    )
    return head.encode() + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(head.split()[1]), await reader.readexactly(int(length))


def _run_wrk(port: int, bodies: Sequence[bytes], n_connections: int, seconds: float) -> Load:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(bodies))
        file.flush()
        command = ["wrk", "-t1", f"-c{n_connections}", f"-d{round(seconds)}s", "--timeout", "60s"]
        command += ["-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = orjson.loads(done.stdout.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise MeasurementError(f"of {found['requests']} requests failed: {found['failed']}")
    per_second = found["requests"] / found["microseconds"] * 1e6
    times = (found[name] / 1e3 for name in ("p50", "p95", "p99"))
    return Load(per_second, found["requests"], *times)


async def _run_here(port: int, bodies: Sequence[bytes], n_connections: int, seconds: float) -> Load:
    requests = itertools.cycle([to_request(body) for body in bodies])
    times: list[float] = []
    start = time.perf_counter()
    senders = [_send(port, requests, start + seconds, times) for _ in range(n_connections)]
    await asyncio.gather(*senders)
    elapsed = time.perf_counter() - start
    cuts = [1e3 * cut for cut in statistics.quantiles(times, n=100, method="inclusive")]
    return Load(len(times) / elapsed, len(times), cuts[49], cuts[94], cuts[98])


async def _send(port: int, requests: Iterator[bytes], end: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (start := time.perf_counter()) < end:
        writer.write(next(requests))
        status, _ = await read_answer(reader)
        if status != 200:
            raise MeasurementError(f"/classify answered {status}")
        times.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()
