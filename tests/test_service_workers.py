"""Forked workers: what they take over from the process that starts them, and what not."""

import signal
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import tree
from tests.conftest import ROOT
from tests.servers import PATIENCE, running, until

PROGRAM = """
import signal, time
from uvicorn import Config
from uvicorn._subprocess import get_subprocess
from service.workers import fork_workers

fork_workers()
signal.signal(signal.SIGTERM, lambda number, frame: None)  # as the supervisor has one
for _ in range(20):
    worker = get_subprocess(Config(""), lambda sockets: time.sleep(60), [])
    worker.start()
    worker.terminate()
    worker.join()
    print(worker.exitcode)
"""


def test_a_worker_that_is_stopped_as_it_begins_ends() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=ROOT, timeout=PATIENCE, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(-signal.SIGTERM)] * 20


def test_all_workers_read_the_model_again_and_stay(tiny_artifact: Path, tmp_path: Path) -> None:
    settings = {"workers": 3, "drain_seconds": 5}
    with running(tiny_artifact, tmp_path / "log", **settings) as server:
        before = tree(server.process.pid)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.log.read_text().count("read again") == 3, "all have read it again")
        assert tree(server.process.pid) == before
        server.process.send_signal(signal.SIGHUP)
        server.process.terminate()
        until(lambda: server.get("/health/ready").status_code == 503, "readiness says no")
        server.process.wait(PATIENCE)
