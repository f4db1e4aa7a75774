"""Corrections in PostgreSQL: stored as in SQLite, and none lost when the database server goes.

The tests start a PostgreSQL server of their own, which is reached by a socket in its folder. It
refuses to run as root and then runs as ``nobody``.
"""

import http.client
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from benchmarks.processes import tree
from labels.correction_store import CorrectionStore
from labels.corrections import Correction
from service.app import create_app
from service.settings import Settings
from tests.conftest import ROOT
from tests.servers import PATIENCE, Server, running, until
from tests.test_faults import assert_refused, send_correction
from tests.test_service_corrections import REQUEST

BINARIES = max(
    Path("/usr/lib/postgresql").glob("*/bin"),
    key=lambda folder: float(folder.parent.name),
    default=Path(shutil.which("pg_ctl") or "").parent,
)
N_CLIENTS, N_ANSWERS, N_KILLED = 4, 50, 3
N_MORE_THAN_THREADS = 60


class Database:
    """A PostgreSQL server, its data and its socket in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._run("initdb", "--auth=trust", "--username=stance", "--encoding=UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder}/log", f"--options={options}")

    def stop(self, mode: str) -> None:
        """Stop the server: ``fast`` ends its sessions in order, ``immediate`` kills them."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    @contextmanager
    def stopped(self, mode: str = "fast") -> Iterator[None]:
        """Keep the server stopped."""
        self.stop(mode)
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep all processes of the server from running, as when its machine hangs."""
        processes = tree(int((self._folder / "data" / "postmaster.pid").read_text().split()[0]))
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def create(self) -> str:
        """Return the URL of a new and empty database."""
        name = f"corrections_{next(self._numbers)}"
        self._run("createdb", f"--host={self._folder}", "--username=stance", name)
        return f"postgresql+psycopg://stance@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [BINARIES / program, *arguments],
            check=True,
            cwd=self._folder,
            env={"PGDATA": str(self._folder / "data")},
            stdout=subprocess.DEVNULL,
            user="nobody" if os.geteuid() == 0 else None,
        )


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    pytest.importorskip("psycopg", reason="the extra 'postgresql' is not installed")
    if not (BINARIES / "initdb").exists():
        pytest.skip("no PostgreSQL on this system: install the package postgresql to test with it")
    # Not in pytest's own folder: another user may not enter it, and a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="stance-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        database = Database(Path(folder))
        yield database
        database.stop("fast")


@pytest.fixture
def url(database: Database) -> str:
    """Provide a database of its own for a test."""
    return database.create()


def stored_in(url: str) -> list[Correction]:
    with closing(CorrectionStore(url)) as store:
        return list(store.read())


def test_a_correction_is_stored_and_comes_out_for_a_second_reader(
    url: str, tiny_artifact: Path, labels_dir: Path, tmp_path: Path
) -> None:
    request = REQUEST | {"text": "港口带来就业 🚢.", "language": "zh"}
    with TestClient(create_app(Settings(model=tiny_artifact, corrections=url))) as client:
        response = client.post("/corrections", json=request)
    assert response.status_code == 201
    (stored,) = stored_in(url)
    assert response.json()["stored_at"] == stored.stored_at.isoformat().replace("+00:00", "Z")
    assert stored == Correction(
        text=request["text"],
        language="zh",
        given=("us_critical",),
        right=("pro_china_engagement",),
        model_version=REQUEST["model_version"],
        stored_at=stored.stored_at,
        note=REQUEST["note"],
    )
    review = tmp_path / "review.jsonl"
    command = [sys.executable, "-m", "stance", "labels", "import", "--corrections", url]
    command += ["-o", str(review), "--labels", str(labels_dir)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert orjson.loads(review.read_bytes())["text"] == request["text"]


def test_a_server_that_is_stopped_and_started_takes_corrections_without_a_restart(
    database: Database, url: str, tiny_artifact: Path, tmp_path: Path
) -> None:
    with running(tiny_artifact, tmp_path / "log", corrections=url) as server:
        assert send_correction(server, "Before.").status_code == 201
        with database.stopped():
            assert_refused(server)
        assert send_correction(server, "After.").status_code == 201
    assert [correction.text for correction in stored_in(url)] == ["Before.", "After."]


def test_a_service_that_starts_before_its_database_takes_corrections_once_it_is_there(
    database: Database, url: str, tiny_artifact: Path, tmp_path: Path
) -> None:
    with ExitStack() as outage:
        outage.enter_context(database.stopped())
        with running(tiny_artifact, tmp_path / "log", corrections=url) as server:
            assert_refused(server)
            outage.close()
            assert send_correction(server, "After.").status_code == 201
    assert [correction.text for correction in stored_in(url)] == ["After."]


def test_texts_are_answered_while_corrections_wait_for_a_server_that_hangs(
    database: Database, url: str, tiny_artifact: Path, tmp_path: Path
) -> None:
    long_text = "The port brings jobs. " * 300  # is classified in a thread
    with running(tiny_artifact, tmp_path / "log", corrections=url) as server, ExitStack() as stack:
        assert send_correction(server, "Before.").status_code == 201
        with database.frozen():
            waiting = []
            for number in range(N_MORE_THAN_THREADS):
                client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
                body = orjson.dumps(REQUEST | {"text": f"{number}"})
                client.request("POST", "/corrections", body, {"content-type": "application/json"})
                waiting.append(stack.enter_context(closing(client)))
            assert server.classify(long_text).status_code == 200
            answered, _, _ = select.select([client.sock for client in waiting], [], [], 0)
            assert not answered
        statuses = [client.getresponse().status for client in waiting]
        assert set(statuses) <= {201, 503}
        assert send_correction(server, "After.").status_code == 201
    stored = {correction.text for correction in stored_in(url)}
    taken = {f"{number}" for number, status in enumerate(statuses) if status == 201}
    assert {"Before.", "After.", *taken} <= stored


def test_what_was_answered_is_there_after_the_database_was_killed(
    database: Database, url: str, tiny_artifact: Path, tmp_path: Path
) -> None:
    is_done = threading.Event()
    answers: list[tuple[str, int]] = []

    def send(name: int, server: Server) -> None:
        """Send one correction after the other, none of them twice."""
        with httpx2.Client(base_url=server.url, timeout=PATIENCE) as client:
            for number in count():
                if is_done.is_set():
                    return
                text = f"{name}-{number}"
                response = client.post("/corrections", json=REQUEST | {"text": text})
                answers.append((text, response.status_code))

    def wait_for(status: int) -> None:
        n_before = len(answers)
        until(
            lambda: [found for _, found in answers[n_before:]].count(status) >= N_ANSWERS,
            f"{N_ANSWERS} answers {status}",
        )

    with (
        running(tiny_artifact, tmp_path / "log", corrections=url) as server,
        ThreadPoolExecutor() as pool,
    ):
        sending = [pool.submit(send, name, server) for name in range(N_CLIENTS)]
        try:
            for _ in range(N_KILLED):
                wait_for(201)
                with database.stopped("immediate"):
                    wait_for(503)
            wait_for(201)
        finally:
            is_done.set()
        for future in sending:
            future.result()
    assert {status for _, status in answers} == {201, 503}
    accepted = {text for text, status in answers if status == 201}
    stored = [correction.text for correction in stored_in(url)]
    assert len(set(stored)) == len(stored)
    assert accepted <= set(stored)
    # The others were stored just when the database was killed, before it could say so.
    assert len(stored) - len(accepted) <= N_KILLED * N_CLIENTS
