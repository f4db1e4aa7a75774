"""Forked workers: what they take over from the process that starts them, and what not."""

import signal
import subprocess
import sys

from tests.conftest import ROOT
from tests.servers import PATIENCE

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
