"""Nasty files through the doors that take files: no 5xx, and time, memory and disk are bounded."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from service.confined import READING_BYTES
from service.jobs import RESULT_FACTOR, SCORING_BYTES
from tests.nasty.files import EXTRACT, JOBS, MEGABYTE
from tests.servers import PATIENCE, Server, running

UPLOAD_BYTES = 2 * MEGABYTE
EXTRACT_SECONDS = 4
SECONDS = EXTRACT_SECONDS + 6.0
"""For an answer: the limit, and what it takes to start and to end a process on a busy machine."""

MOST_GROWTH = 50 * MEGABYTE
"""Bytes by which the memory of the server may grow while it takes a file of 2 MB."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def server(tiny_artifact: Path, folder: Path) -> Iterator[Server]:
    with running(
        tiny_artifact,
        folder / "log",
        job_folder=folder,
        max_upload_bytes=UPLOAD_BYTES,
        extract_seconds=EXTRACT_SECONDS,
    ) as server:
        assert server.classify("China builds a port.").status_code == 200
        yield server


def memory(process_id: int, figure: str) -> int:
    """Return a figure of a process's memory in bytes, 0 once it has ended."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    return 1024 * int((status.partition(f"{figure}:")[2].split() or ["0"])[0])


def children(process_id: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended
            found += map(int, file.read_text().split())
    return found


@contextmanager
def bounded_memory(server: Server, child_bytes: int) -> Iterator[None]:
    """Check that the server does not grow, and its children not beyond ``child_bytes``."""
    before = memory(server.process.pid, "VmRSS")
    largest = [0]
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(0.01):
            peaks = [memory(child, "VmPeak") for child in children(server.process.pid)]
            largest.append(max(peaks, default=0))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        is_done.set()
        watching.join()
    assert memory(server.process.pid, "VmHWM") < before + MOST_GROWTH
    # 0 before it limits itself: it maps less than that until then.
    assert 0 < max(largest) <= child_bytes


def send(server: Server, path: str, name: str, content: bytes) -> httpx2.Response:
    """Send a file; check that it is answered soon, shortly, and with nothing unstated."""
    begun = time.monotonic()
    response = httpx2.post(
        server.url + path, params={"name": name}, content=content, timeout=PATIENCE
    )
    assert time.monotonic() - begun < SECONDS
    assert response.status_code in (200, 201, 422)
    assert len(response.content) < UPLOAD_BYTES
    return response


@pytest.mark.parametrize("name", EXTRACT)
def test_a_nasty_file_is_read_or_refused_within_bounds(server: Server, name: str) -> None:
    content = EXTRACT[name]()
    with bounded_memory(server, READING_BYTES):
        send(server, "/extract", name, content)
    assert server.classify("China builds a port.").status_code == 200


@pytest.mark.parametrize("name", JOBS)
def test_a_nasty_file_is_scored_or_refused_within_bounds(
    server: Server, folder: Path, name: str
) -> None:
    content = JOBS[name]()
    with bounded_memory(server, SCORING_BYTES):
        response = send(server, "/jobs", name, content)
        if response.status_code == 201:
            job = response.json()
            path = f"/jobs/{job['id']}"
            asked = {"text_column": job["columns"][0]}
            assert httpx2.post(f"{server.url}{path}/start", json=asked).status_code == 202
            deadline = time.monotonic() + PATIENCE
            while (now := server.get(path)).json()["state"] == "running":
                assert time.monotonic() < deadline
                assert len(now.content) < UPLOAD_BYTES
                time.sleep(0.05)
            # A text of 150 MB is a rejected row, and that file would be larger than may be written.
            assert now.json()["state"] == ("failed" if name == "text.parquet" else "done")
            largest = max(file.stat().st_size for file in (folder / job["id"]).iterdir())
            assert largest <= RESULT_FACTOR * UPLOAD_BYTES
            assert httpx2.delete(server.url + path).status_code == 200
    assert not any(file.is_dir() for file in folder.iterdir()), "nothing of it is left"
