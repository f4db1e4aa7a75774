"""The life of a job: started, watched, shared by processes, cancelled, removed in the end."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.jobs import remove_jobs
from service.settings import Settings
from tests.jobs import finish, rows_of, send, start, to_csv, wait
from tests.servers import PATIENCE, Server, running
from tests.test_service_app import assert_problem


def test_a_job_shows_its_progress_and_ends_when_it_is_removed(
    job_client: TestClient, job_folder: Path
) -> None:
    job = send(job_client, "posts.csv", to_csv(rows_of(60_000)))
    start(job_client, job)
    now = wait(job_client, job, lambda now: now["done"] > 0)
    assert now["state"] == "running"
    assert now["share"] == pytest.approx(now["done"] / 60_000)
    assert_problem(job_client.get(f"/jobs/{job['id']}/result"), 409)
    assert_problem(job_client.post(f"/jobs/{job['id']}/start", json={"text_column": "text"}), 409)
    assert job_client.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert list(job_folder.iterdir()) == []
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/rejects")]:
        assert_problem(job_client.request(method, f"/jobs/{job['id']}{path}"), 404)


def test_any_process_that_shares_the_folder_answers_and_removes(
    job_client: TestClient, job_settings: Settings, job_folder: Path
) -> None:
    job = send(job_client, "posts.csv", to_csv(rows_of(60_000)))
    start(job_client, job)
    with TestClient(create_app(job_settings)) as other:
        assert other.get(f"/jobs/{job['id']}").json()["rows"] == 60_000
        assert other.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert_problem(job_client.get(f"/jobs/{job['id']}"), 404)
    # The process of the first service notices, ends, and leaves nothing behind.
    again = send(job_client, "posts.csv", to_csv(rows_of(3)))
    start(job_client, again)
    assert finish(job_client, again)["state"] == "done"
    assert [path.name for path in job_folder.iterdir()] == [again["id"]]


def test_every_worker_of_a_server_answers_and_it_leaves_nothing(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with running(tiny_artifact, tmp_path / "log", workers=2) as server:
        content = to_csv(rows_of(3))
        url = f"{server.url}/jobs"
        job = httpx2.post(url, params={"name": "posts.csv"}, content=content).json()
        for _ in range(30):  # each on a connection of its own, which any of the workers may take
            assert server.get(f"/jobs/{job['id']}").json()["rows"] == 3
        assert len(list(folder.glob("stance-jobs-*"))) == 1
        server.process.terminate()
        server.process.wait(PATIENCE)
    assert list(folder.iterdir()) == []


def leave_a_file(server: Server) -> None:
    """Send a file and check that it is there."""
    content = to_csv(rows_of(3))
    assert httpx2.post(f"{server.url}/jobs?name=posts.csv", content=content).status_code == 201


def test_nothing_is_left_when_a_server_without_workers_is_told_to_end(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with running(tiny_artifact, tmp_path / "log", drain_seconds=0) as server:
        leave_a_file(server)
        assert [*folder.rglob("posts.csv")]
        server.process.terminate()
        assert server.process.wait(PATIENCE) == -signal.SIGTERM
    assert list(folder.iterdir()) == []


def test_what_a_killed_server_left_goes_when_the_next_one_begins(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with running(tiny_artifact, tmp_path / "log") as killed:
        leave_a_file(killed)
        killed.process.kill()
        killed.process.wait(PATIENCE)
    left = [*folder.rglob("posts.csv")]
    assert left
    with running(tiny_artifact, tmp_path / "log") as server:
        assert not left[0].exists()
        leave_a_file(server)
        with running(tiny_artifact, tmp_path / "other log"):
            assert [*folder.rglob("posts.csv")]  # of a server that lives


def test_a_process_that_dies_is_told(job_client: TestClient, job_folder: Path) -> None:
    job = send(job_client, "posts.csv", to_csv(rows_of(60_000)))
    start(job_client, job)
    wait(job_client, job, lambda now: now["done"] > 0)
    for stat in Path("/proc").glob("[0-9]*/cmdline"):
        if job["id"].encode() in _content(stat):
            os.kill(int(stat.parent.name), 9)
    failed = finish(job_client, job)
    assert failed["state"] == "failed"
    assert "ended early" in failed["detail"]
    assert not list(job_folder.glob("*/*.stance.csv"))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_no_more_run_at_a_time_than_may_be(job_client: TestClient) -> None:
    content = to_csv(rows_of(60_000))
    jobs = [send(job_client, "posts.csv", content) for _ in range(3)]
    for job in jobs[:2]:
        start(job_client, job)
    refused = job_client.post(f"/jobs/{jobs[2]['id']}/start", json={"text_column": "text"})
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0
    job_client.delete(f"/jobs/{jobs[0]['id']}")
    start(job_client, jobs[2])


def fill(job_folder: Path, job: dict[str, Any]) -> None:
    """Copy a job until as many are kept as may be."""
    for number in range(19):
        shutil.copytree(job_folder / job["id"], job_folder / f"{number:032}")


def test_no_more_are_kept_than_may_be(job_client: TestClient, job_folder: Path) -> None:
    job = send(job_client, "posts.csv", to_csv(rows_of(1)))
    start(job_client, job)
    finish(job_client, job)
    fill(job_folder, job)
    refused = job_client.post("/jobs?name=posts.csv", content=to_csv(rows_of(1)))
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0


def test_the_oldest_that_was_never_started_makes_room(
    job_client: TestClient, job_folder: Path
) -> None:
    started, oldest, newer = (send(job_client, "posts.csv", to_csv(rows_of(1))) for _ in range(3))
    start(job_client, started)
    finish(job_client, started)
    for job, age in ((started, 60), (oldest, 40), (newer, 20)):
        os.utime(job_folder / job["id"] / "job.json", (0, time.time() - age))
    fill(job_folder, started)
    for number in (17, 18):
        shutil.rmtree(job_folder / f"{number:032}")
    send(job_client, "posts.csv", to_csv(rows_of(1)))
    left = {path.name for path in job_folder.iterdir()}
    assert oldest["id"] not in left
    assert {started["id"], newer["id"]} <= left
    assert len(left) == 20


def test_what_nobody_fetches_is_removed_after_its_time(
    job_client: TestClient, job_settings: Settings, job_folder: Path
) -> None:
    old, new = (send(job_client, "posts.csv", to_csv(rows_of(2))) for _ in range(2))
    past = time.time() - 60 * job_settings.job_minutes - 1
    for path in [job_folder / old["id"], *(job_folder / old["id"]).iterdir()]:
        os.utime(path, (past, past))
    with TestClient(create_app(job_settings)) as other:  # Sweeps when it starts.
        wait(other, old, lambda now: now.get("status") == 404)
        assert other.get(f"/jobs/{new['id']}").status_code == 200


def test_a_service_leaves_nothing_of_its_own_behind(tiny_artifact: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        with TestClient(create_app(Settings(model=tiny_artifact))) as client:
            start(client, send(client, "posts.csv", to_csv(rows_of(60_000))))
            assert len(list(tmp_path.iterdir())) == 1
        assert list(tmp_path.iterdir()) == []


def test_only_jobs_are_removed_from_a_folder(job_client: TestClient, job_folder: Path) -> None:
    send(job_client, "posts.csv", to_csv(rows_of(1)))
    (job_folder / "mine.txt").write_text("mine")
    remove_jobs(job_folder)
    assert [path.name for path in job_folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("job_id", ["%2e%2e", "x" * 32, "%2e%2e%2fetc"])
def test_an_id_that_is_none_leads_nowhere(job_client: TestClient, job_id: str) -> None:
    assert_problem(job_client.get(f"/jobs/{job_id}"), 404)
