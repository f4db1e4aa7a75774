"""The life of a job: started, watched, shared by processes, cancelled, removed in the end."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.jobs import remove_jobs
from service.settings import Settings
from tests.conftest import ROOT
from tests.jobs import WAIT_SECONDS, finish, job_settings, rows_of, send, start, to_csv, wait
from tests.test_service_app import assert_problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def settings(tiny_artifact: Path, folder: Path) -> Settings:
    return job_settings(tiny_artifact, folder)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def test_a_job_shows_its_progress_and_ends_when_it_is_removed(
    client: TestClient, folder: Path
) -> None:
    job = send(client, "posts.csv", to_csv(rows_of(60_000)))
    start(client, job)
    running = wait(client, job, lambda now: now["done"] > 0)
    assert running["state"] == "running"
    assert running["share"] == pytest.approx(running["done"] / 60_000)
    assert_problem(client.get(f"/jobs/{job['id']}/result"), 409)
    assert_problem(client.post(f"/jobs/{job['id']}/start", json={"text_column": "text"}), 409)
    assert client.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert list(folder.iterdir()) == []
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/rejects")]:
        assert_problem(client.request(method, f"/jobs/{job['id']}{path}"), 404)


def test_any_process_that_shares_the_folder_answers_and_removes(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    job = send(client, "posts.csv", to_csv(rows_of(60_000)))
    start(client, job)
    with TestClient(create_app(settings)) as other:
        assert other.get(f"/jobs/{job['id']}").json()["rows"] == 60_000
        assert other.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert_problem(client.get(f"/jobs/{job['id']}"), 404)
    # The process of the first service notices, ends, and leaves nothing behind.
    again = send(client, "posts.csv", to_csv(rows_of(3)))
    start(client, again)
    assert finish(client, again)["state"] == "done"
    assert [path.name for path in folder.iterdir()] == [again["id"]]


def test_every_worker_of_a_server_answers_and_it_leaves_nothing(
    tiny_artifact: Path, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--model", str(tiny_artifact), "--port", str(port), "--workers", "2"]
    command = [sys.executable, "-m", "stance", "serve", *options]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
                wait_until_ready(client, server)
                content = to_csv(rows_of(3))
                job = client.post("/jobs?name=posts.csv", content=content).json()
                # Each a connection of its own, which any of the workers may take.
                headers = {"connection": "close"}
                for _ in range(30):
                    answer = client.get(f"/jobs/{job['id']}", headers=headers)
                    assert answer.json()["rows"] == 3
            assert len(list(tmp_path.glob("stance-jobs-*"))) == 1
        finally:
            server.terminate()
    assert list(tmp_path.iterdir()) == []


def wait_until_ready(client: httpx2.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            client.get("/health/ready")
            return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the server did not become ready")


def test_a_process_that_dies_is_told(client: TestClient, folder: Path) -> None:
    job = send(client, "posts.csv", to_csv(rows_of(60_000)))
    start(client, job)
    wait(client, job, lambda now: now["done"] > 0)
    for stat in Path("/proc").glob("[0-9]*/cmdline"):
        if job["id"].encode() in _content(stat):
            os.kill(int(stat.parent.name), 9)
    failed = finish(client, job)
    assert failed["state"] == "failed"
    assert "ended early" in failed["detail"]
    assert not list(folder.glob("*/*.stance.csv"))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_no_more_run_at_a_time_than_may_be(client: TestClient) -> None:
    content = to_csv(rows_of(60_000))
    jobs = [send(client, "posts.csv", content) for _ in range(3)]
    for job in jobs[:2]:
        start(client, job)
    refused = client.post(f"/jobs/{jobs[2]['id']}/start", json={"text_column": "text"})
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0
    client.delete(f"/jobs/{jobs[0]['id']}")
    start(client, jobs[2])


def test_no_more_are_kept_than_may_be(client: TestClient, folder: Path) -> None:
    job = send(client, "posts.csv", to_csv(rows_of(1)))
    for number in range(19):
        shutil.copytree(folder / job["id"], folder / f"{number:032}")
    refused = client.post("/jobs?name=posts.csv", content=to_csv(rows_of(1)))
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0


def test_what_nobody_fetches_is_removed_after_its_time(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    old, new = (send(client, "posts.csv", to_csv(rows_of(2))) for _ in range(2))
    past = time.time() - 60 * settings.job_minutes - 1
    for path in [folder / old["id"], *(folder / old["id"]).iterdir()]:
        os.utime(path, (past, past))
    with TestClient(create_app(settings)) as other:  # Sweeps when it starts.
        wait(other, old, lambda now: now.get("status") == 404)
        assert other.get(f"/jobs/{new['id']}").status_code == 200


def test_a_service_leaves_nothing_of_its_own_behind(tiny_artifact: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        with TestClient(create_app(Settings(model=tiny_artifact))) as client:
            start(client, send(client, "posts.csv", to_csv(rows_of(60_000))))
            assert len(list(tmp_path.iterdir())) == 1
        assert list(tmp_path.iterdir()) == []


def test_only_jobs_are_removed_from_a_folder(client: TestClient, folder: Path) -> None:
    send(client, "posts.csv", to_csv(rows_of(1)))
    (folder / "mine.txt").write_text("mine")
    remove_jobs(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("job_id", ["%2e%2e", "x" * 32, "%2e%2e%2fetc"])
def test_an_id_that_is_none_leads_nowhere(client: TestClient, job_id: str) -> None:
    assert_problem(client.get(f"/jobs/{job_id}"), 404)
