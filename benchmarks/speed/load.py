"""Send one request again and again over many connections: by wrk, else by a small client here.

wrk (Debian and Homebrew have it) takes little time from the server on the same machine; the client
here needs no installation, but is itself the limit beyond some thousand requests a second.
"""

import asyncio
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.measure import MeasurementError

_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = io.open("{body}", "rb"):read("*a")
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\nRESULT {{"n": %d, "us": %d, "failed": %d, "ms": [%f, %f, %f]}}\\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, how many there were, and percentiles of the time of one, in ms."""

    per_second: float
    n_requests: int
    p50: float
    p95: float
    p99: float


def client_name() -> str:
    """Return which client sends the requests."""
    return "wrk" if shutil.which("wrk") else "asyncio client"


def run_load(port: int, body: bytes, n_connections: int, seconds: float) -> Load:
    """Send ``POST /classify`` on all connections for some seconds.

    Raises
    ------
    MeasurementError
        If a request failed.
    """
    if shutil.which("wrk") and seconds >= 1:  # its unit
        return _run_wrk(port, body, n_connections, seconds)
    return asyncio.run(_run_here(port, body, n_connections, seconds))


def _run_wrk(port: int, body: bytes, n_connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        content, script = Path(folder, "body.json"), Path(folder, "post.lua")
        content.write_bytes(body)
        script.write_text(_SCRIPT.format(body=content))
        duration = f"-d{round(seconds)}s"
        url = f"http://127.0.0.1:{port}/classify"
        command = ["wrk", "-t1", f"-c{n_connections}", duration, "--timeout", "60s"]
        command += ["-s", str(script), url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.partition("RESULT ")[2])
    if found["failed"] or not found["n"]:
        raise MeasurementError(f"{found['failed']} of {found['n']} requests failed")
    return Load(found["n"] / found["us"] * 1e6, found["n"], *found["ms"])


async def _run_here(port: int, body: bytes, n_connections: int, seconds: float) -> Load:
    head = (
        "POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    times: list[float] = []
    start = time.perf_counter()
    senders = [_send(port, request, start + seconds, times) for _ in range(n_connections)]
    await asyncio.gather(*senders)
    elapsed = time.perf_counter() - start
    cuts = [1e3 * cut for cut in statistics.quantiles(times, n=100, method="inclusive")]
    return Load(len(times) / elapsed, len(times), cuts[49], cuts[94], cuts[98])


async def _send(port: int, request: bytes, end: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (start := time.perf_counter()) < end:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise MeasurementError(f"answer {head.splitlines()[0].decode()!r}")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        times.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()
