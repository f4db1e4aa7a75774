"""Programs under test: start one on a core, wait until it answers, read its time and memory."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
READY_SECONDS = 120.0
POLL_SECONDS = 0.002
_TICKS = os.sysconf("SC_CLK_TCK")


class MeasurementError(RuntimeError):
    """A comparison that would not be fair, or a program under test that failed."""


class Server:
    """A server that is started when it is entered, on a free port, and ended when it is left.

    ``arguments`` are the module that Python runs and what follows its name; ``settings`` are added
    to the environment. ``ready_seconds`` is how long it was until the first answer.
    """

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
        self._arguments = arguments
        self._environment = os.environ | (settings or {})
        self.port = 0
        self.ready_seconds = 0.0

    def __enter__(self) -> Self:
        self.port = _free_port()
        command = [sys.executable, "-m", *self._arguments, "--port", str(self.port)]
        quiet = subprocess.DEVNULL
        start = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=quiet, stderr=quiet
        )
        try:
            while not self._is_ready():
                if self._process.poll() is not None or time.perf_counter() - start > READY_SECONDS:
                    raise MeasurementError(f"{' '.join(command)}: did not become ready")
                time.sleep(POLL_SECONDS)
        except BaseException:
            self._stop()
            raise
        self.ready_seconds = time.perf_counter() - start
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def post(self, body: bytes) -> bytes:
        """Return the answer of ``POST /classify``.

        Raises
        ------
        MeasurementError
            If it is none of success.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/classify", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise MeasurementError(f"/classify answered {answer.status}")
        return content

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            for pid in reversed(tree(self.pid)):
                os.kill(pid, 9)
            self._process.wait()


def our_server(model: Path, *options: str, settings: Mapping[str, str] | None = None) -> Server:
    """Return the service of a model, not started yet."""
    return Server(["stance", "serve", "--model", str(model), *options], settings)


def other_server(name: str, model: Path) -> Server:
    """Return one of those that ours is compared with (``servers.py``), not started yet."""
    return Server(["benchmarks.servers", name, "--model", str(model)])


@contextmanager
def pinned(n_cores: int = 1, *, first: bool = False) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to some of its cores.

    The last ones, unless ``first``: a load generator gets the first, so that it does not take the
    time of the server. Fewer if there are not as many.
    """
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    os.sched_setaffinity(0, cores[:n_cores] if first else cores[-n_cores:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def n_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def tree(pid: int) -> list[int]:
    """Return a process and all that come from it; empty if it is gone."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(found for child in children for found in tree(child))]


def memory_of(pid: int) -> float:
    """Return the proportional set size of a process and all that come from it, in megabytes.

    Memory that several processes share counts for each by its part.
    """
    found = [Path(f"/proc/{each}/smaps_rollup") for each in tree(pid)]
    return sum(_kilobytes(path, "Pss:") for path in found) * 1024 / 1e6


def peak_memory_of(pid: int) -> float:
    """Return the largest resident set that a process has had so far, in megabytes; 0 if it ended.

    The kernel keeps it, so that nothing is missed between two looks.
    """
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:") * 1024 / 1e6


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU time of a process and all that come from it."""
    return sum(_ticks(found) for found in tree(pid)) / _TICKS


def _kilobytes(path: Path, field: str) -> int:
    try:
        for line in path.read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    except OSError:  # it ended meanwhile
        return 0
    return 0


def _ticks(pid: int) -> int:
    try:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(values[11]) + int(values[12])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
