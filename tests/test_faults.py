"""What breaks around the service, what its users then see, and that it comes back.

``docs/operations.md`` states each of these. A flipped bit and an artifact that is replaced in the
middle of a request are in ``test_service_artifact.py`` and ``test_service_models.py``.
"""

import os
import resource
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.classifier import Classifier
from service.keys import add_key
from service.settings import Settings
from tests.conftest import damage, put
from tests.servers import PATIENCE, Server, running, until
from tests.test_service_app import assert_problem
from tests.test_service_corrections import REQUEST as CORRECTION
from tests.test_service_corrections import stored_in

TEXT = "The port brings jobs. Washington only sends warnings about China."


def workers_of(server: Server) -> set[int]:
    """Return the process ids of the server's workers."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended in the meantime
            continue
        if int(parent) == server.process.pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def have_models(server: Server, n_workers: int) -> bool:
    """Tell whether so many workers run and each watches its model, with the last of its threads.

    The others answer the supervisor, load the model, and run the event loop.
    """
    with suppress(OSError):  # one has ended in the meantime
        n_threads = [len(os.listdir(f"/proc/{w}/task")) for w in workers_of(server)]
        return len(n_threads) == n_workers and min(n_threads) >= 4
    return False


def test_a_killed_worker_is_replaced_and_only_its_own_requests_are_lost(
    tiny_artifact: Path, tmp_path: Path, classifier: Classifier
) -> None:
    expected = classifier.classify(TEXT).to_dict()
    is_done = threading.Event()
    n_answered = [0] * 4

    def ask(number: int, url: str) -> int:
        """Ask until told to stop, count what is answered, rightly, and return how many are lost."""
        n_lost = 0
        while not is_done.is_set():
            with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
                try:
                    while not is_done.is_set():
                        response = client.post("/classify", json={"text": TEXT})
                        assert response.json() == expected
                        n_answered[number] += 1
                except httpx2.TransportError:
                    n_lost += 1
        return n_lost

    with (
        running(tiny_artifact, tmp_path / "log", workers=2) as server,
        ThreadPoolExecutor() as pool,
    ):
        until(lambda: len(workers_of(server)) == 2, "two workers run")
        before = workers_of(server)
        asking = [pool.submit(ask, number, server.url) for number in range(len(n_answered))]
        try:
            os.kill(min(before), signal.SIGKILL)
            until(lambda: len(workers_of(server) - {min(before)}) == 2, "the worker is replaced")
            # The one that was killed may have been the only one that was ready.
            until(lambda: all(n_answered), "everybody is answered")
        finally:
            is_done.set()
        n_lost = [future.result() for future in asking]
    assert sum(n_lost) <= len(n_lost)


def test_a_worker_that_dies_while_the_artifact_is_bad_does_not_end_the_others(
    artifact_copy: Path, tiny_artifact: Path, tmp_path: Path
) -> None:
    with running(artifact_copy, tmp_path / "log", workers=2, drain_seconds=0.0) as server:
        until(lambda: have_models(server, 2), "two workers have read the model")
        (killed, kept) = workers_of(server)
        damage(artifact_copy)
        os.kill(killed, signal.SIGKILL)
        until(lambda: "worker waits for a model" in server.log.read_text(), "the worker waits")
        assert server.classify(TEXT).status_code == 200
        put(tiny_artifact, artifact_copy)
        os.kill(kept, signal.SIGKILL)
        until(lambda: kept not in workers_of(server), "the other worker is gone")
        assert server.classify(TEXT).status_code == 200


def test_a_waiting_worker_ends_with_the_server(artifact_copy: Path, tmp_path: Path) -> None:
    with running(artifact_copy, tmp_path / "log", workers=2, drain_seconds=0.0) as server:
        until(lambda: have_models(server, 2), "two workers have read the model")
        damage(artifact_copy)
        os.kill(min(workers_of(server)), signal.SIGKILL)
        until(lambda: "worker waits for a model" in server.log.read_text(), "the worker waits")
        server.process.terminate()
        server.process.wait(PATIENCE)
        assert not workers_of(server)


def test_files_copied_over_the_artifact_do_not_disturb_answers(
    artifact_copy: Path, tmp_path: Path
) -> None:
    with running(artifact_copy, tmp_path / "log") as server:
        before = server.classify(TEXT).json()
        for path in artifact_copy.iterdir():
            os.truncate(path, 0)  # as cp begins
        assert server.classify(TEXT).json() == before
        asked = {"text": TEXT, "evidence": True}
        answer = httpx2.post(server.url + "/classify", json=asked, timeout=PATIENCE).json()
        assert answer["sentences"][0]["evidence"]
        assert server.get("/model/card").status_code == 200


def test_without_file_descriptors_open_connections_are_answered_and_new_ones_later(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    limit = 64
    with (
        running(tiny_artifact, tmp_path / "log", slow_client_seconds=PATIENCE) as server,
        httpx2.Client(base_url=server.url, timeout=PATIENCE) as client,
    ):
        assert client.get("/health/ready").status_code == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        address = ("127.0.0.1", server.port)
        idle = [socket.create_connection(address, PATIENCE) for _ in range(2 * limit)]
        descriptors = Path(f"/proc/{server.process.pid}/fd")
        until(lambda: len(os.listdir(descriptors)) >= limit - 1, "no descriptor is left")
        assert client.post("/classify", json={"text": TEXT}).status_code == 200
        for connection in idle:
            connection.close()
        until(lambda: can_connect(server), "new connections are answered")
        until(lambda: not client.get("/model").json()["refused"], "the folder is read again")


def test_what_explanations_need_is_loaded_before_somebody_asks_for_one(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    with running(tiny_artifact, tmp_path / "log") as server:
        maps = Path(f"/proc/{server.process.pid}/maps")
        until(lambda: "_multiarray_umath" in maps.read_text(), "numpy is loaded")
        asked = {"text": TEXT, "evidence": True}
        answer = httpx2.post(server.url + "/classify", json=asked, timeout=PATIENCE).json()
        assert answer["sentences"][0]["evidence"]


def can_connect(server: Server) -> bool:
    try:
        return server.classify(TEXT).status_code == 200
    except httpx2.TransportError:
        return False


def send_correction(server: Server, text: str) -> httpx2.Response:
    request = CORRECTION | {"text": text}
    return httpx2.post(server.url + "/corrections", json=request, timeout=PATIENCE)


def assert_refused(server: Server) -> None:
    """Check that a correction gets the stated problem, and that the rest goes on."""
    assert_problem(send_correction(server, "This one is not stored."), 503)
    assert "corrections: the correction was not stored" in server.log.read_text()
    assert "This one" not in server.log.read_text()
    assert server.classify(TEXT).status_code == 200


def test_a_full_disk_refuses_corrections_until_there_is_space_and_loses_none(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    database = tmp_path / "corrections.db"
    url = f"sqlite:///{database}"
    with running(tiny_artifact, tmp_path / "log", corrections=url) as server:
        texts = [f"{number} " + "x" * 1900 for number in range(20)]
        assert send_correction(server, texts[0]).status_code == 201
        # From here on the kernel lets no file grow beyond this size.
        limits = (database.stat().st_size, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        statuses = [send_correction(server, text).status_code for text in texts[1:]]
        assert set(statuses) <= {201, 503}
        assert_refused(server)
        stored = [
            text for text, status in zip(texts, [201, *statuses], strict=True) if status == 201
        ]
        assert [correction.text for correction in stored_in(database)] == stored
        no_limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, no_limits)
        assert send_correction(server, "There is space again.").status_code == 201
    assert [c.text for c in stored_in(database)] == [*stored, "There is space again."]


def test_a_full_disk_refuses_files_until_there_is_space(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs"
    with running(tiny_artifact, tmp_path / "log", job_folder=folder) as server:

        def send(path: str) -> httpx2.Response:
            content = f"{TEXT}\n" * 1000
            return httpx2.post(f"{server.url}{path}?name=a.txt", content=content, timeout=PATIENCE)

        assert send("/jobs").status_code == 201
        kept = set(folder.iterdir())
        limits = (30_000, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        assert "cannot keep the file" in assert_problem(send("/jobs"), 503)["detail"]
        assert set(folder.iterdir()) == kept
        assert send("/extract").status_code == 200
        no_limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, no_limits)
        assert send("/jobs").status_code == 201


def take_away(folder: Path) -> None:
    folder.rename(folder.with_name("away"))


def unmount(folder: Path) -> None:
    take_away(folder)
    folder.mkdir()


def damage_database(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("away"))
    (folder / "corrections.db").write_bytes(b"no database " * 1000)


def make_unwritable(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("away"))
    (folder / "corrections.db").chmod(0o400)


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(take_away, id="folder-gone"),
        pytest.param(unmount, id="folder-empty-as-if-not-mounted"),
        pytest.param(damage_database, id="file-damaged-then-restored-from-a-copy"),
        pytest.param(
            make_unwritable,
            id="read-only",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write all files"),
        ),
    ],
)
def test_a_database_that_is_gone_and_comes_back_takes_corrections_without_a_restart(
    tiny_artifact: Path, tmp_path: Path, break_it: Callable[[Path], None]
) -> None:
    folder = tmp_path / "database"
    folder.mkdir()
    database = folder / "corrections.db"
    url = f"sqlite:///{database}"
    with running(tiny_artifact, tmp_path / "log", corrections=url) as server:
        assert send_correction(server, "Before.").status_code == 201
        break_it(folder)
        assert_refused(server)
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name("away").rename(folder)
        assert send_correction(server, "After.").status_code == 201
    assert [correction.text for correction in stored_in(database)] == ["Before.", "After."]


def test_a_clock_that_jumps_changes_rates_only(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = add_key(tmp_path / "keys.json", "desk", ["classify"], "2/minute")
    settings = Settings(model=tiny_artifact, keys=tmp_path / "keys.json", request_seconds=5.0)
    headers = {"x-api-key": key}
    clock, jump = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: clock() + jump)

    with TestClient(create_app(settings)) as client:

        def ask() -> int:
            return client.post("/classify", json={"text": TEXT}, headers=headers).status_code

        assert [ask(), ask(), ask()] == [200, 200, 429]
        jump = 86_400.0
        assert [ask(), ask(), ask()] == [200, 200, 429]
        jump = -86_400.0
        assert ask() in (200, 429)  # as docs/operations.md says: a used-up window lasts longer
        jump = 2 * 86_400.0
        assert ask() == 200
