"""Files scored for the page: sent, looked at, started, watched, fetched, and removed."""

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.chart import GroupCounts
from service.classifier import Classifier
from service.jobs import remove_jobs, result_name, stored_name
from service.settings import Settings
from tests.conftest import ROOT
from tests.test_service_app import SECRET, assert_problem

LIMIT = 3_000_000
WAIT_SECONDS = 120
TEXTS = ["The port brings jobs.", "Washington only sends warnings.", "Trade grew."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def settings(tiny_artifact: Path, folder: Path) -> Settings:
    return Settings(
        model=tiny_artifact, job_folder=folder, max_upload_bytes=LIMIT, max_jobs=2, job_minutes=5
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def rows_of(n: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "date": f"2024-{n % 3 + 4:02d}-07", "text": TEXTS[n % len(TEXTS)]}
        for n in range(n)
    ]


def to_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0], delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def to_parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def to_json_lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def read_csv(content: bytes, delimiter: str = ",") -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode()), delimiter=delimiter))


def labels_of(row: dict[str, Any]) -> list[str]:
    labels = row["labels"]
    return labels if isinstance(labels, list) else [label for label in labels.split("|") if label]


def send(client: TestClient, name: str, content: bytes) -> dict[str, Any]:
    response = client.post("/jobs", params={"name": name}, content=content)
    assert response.status_code == 201, response.text
    return dict(response.json())


def start(client: TestClient, job: dict[str, Any], **options: Any) -> dict[str, Any]:
    body = {"text_column": job["suggested_column"], **options}
    response = client.post(f"/jobs/{job['id']}/start", json=body)
    assert response.status_code == 202, response.text
    assert response.json()["state"] in ("running", "done")
    return dict(response.json())


def finish(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    return wait(client, job, lambda now: now["state"] != "running")


def wait(
    client: TestClient, job: dict[str, Any], is_reached: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        now: dict[str, Any] = client.get(f"/jobs/{job['id']}").json()
        if is_reached(now):
            return now
        time.sleep(0.02)
    raise AssertionError(f"not reached: {now}")


@pytest.mark.parametrize(
    ("name", "write", "read"),
    [
        ("posts.csv", to_csv, read_csv),
        ("posts.jsonl", to_json_lines, lambda c: [json.loads(line) for line in c.splitlines()]),
        ("posts.parquet", to_parquet, lambda c: pq.read_table(io.BytesIO(c)).to_pylist()),
        (
            "posts.tsv",
            lambda rows: to_csv(rows, "\t"),
            lambda content: read_csv(content, "\t"),
        ),
    ],
)
def test_a_file_comes_back_in_its_own_kind_with_the_labels_of_the_classifier(
    client: TestClient, classifier: Classifier, name: str, write: Any, read: Any
) -> None:
    rows = rows_of(7)
    job = send(client, name, write(rows))
    assert job["state"] == "uploaded"
    assert (job["columns"], job["rows"]) == (["id", "date", "text"], 7)
    assert job["suggested_column"] == "text"
    assert [row["text"] for row in job["preview"]] == [row["text"] for row in rows[:5]]
    start(client, job)
    done = finish(client, job)
    assert (done["state"], done["done"], done["share"]) == ("done", 7, 1.0)
    assert (done["scored"], done["rejected"], done["chart"]) == (7, 0, None)
    response = client.get(f"/jobs/{job['id']}/result")
    suffix = name.partition(".")[2]
    assert f'filename="posts.stance.{suffix}"' in response.headers["content-disposition"]
    found = read(response.content)
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    expected = [list(classifier.classify(row["text"]).labels) for row in rows]
    assert [labels_of(row) for row in found] == expected


def test_rows_that_cannot_be_scored_are_told_and_fetched(client: TestClient) -> None:
    content = b"id;text\n1;The port brings jobs.\n2;\n3;a;b\n4;\xff\n"
    job = send(client, "posts.csv", content)
    assert (job["columns"], job["rows"]) == (["id", "text"], 4)
    start(client, job)
    done = finish(client, job)
    assert (done["scored"], done["rejected"], done["done"]) == (1, 3, 4)
    rejects = client.get(f"/jobs/{job['id']}/rejects").text.splitlines()
    assert [json.loads(line)["line"] for line in rejects] == [3, 4, 5]
    assert {json.loads(line)["file"] for line in rejects} == {"posts.csv"}


def test_a_chart_counts_rows_and_labels_by_month(
    client: TestClient, classifier: Classifier
) -> None:
    rows = [*rows_of(6), {"id": 6, "date": "", "text": TEXTS[0]}]
    job = send(client, "posts.csv", to_csv(rows))
    start(client, job, group_column="date", unit="sentence")
    done = finish(client, job)
    assert done["chart_kind"] == "month"
    found = {group["group"]: group for group in done["chart"]}
    assert list(found) == ["", "2024-04", "2024-05", "2024-06"]
    given = classifier.classify_sentence(TEXTS[0]).labels
    assert found["2024-04"]["rows"] == 2
    assert found["2024-04"]["counts"] == {
        label: 2 * (label in given) for label in classifier.taxonomy.ids
    }


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        pytest.param(["2024-05-01", "2024-05-31T10:00:00Z"], ["2024-05"], id="iso"),
        pytest.param(["01.05.2024", "13.4.2024"], ["2024-04", "2024-05"], id="german"),
        pytest.param(["4/5/2024", "4/13/2024"], ["2024-04"], id="month-first"),
        pytest.param(["4/5/2024", "13/4/2024"], ["2024-04", "2024-05"], id="day-first"),
        pytest.param(["Tue, 07 May 2024 10:00:00 GMT"], ["2024-05"], id="feed"),
        pytest.param(["2024-13-01"], ["2024-13-01"], id="no-month"),
        pytest.param(["A", "B", "B", None], ["B", "", "A"], id="values-most-frequent-first"),
        pytest.param([str(n) for n in range(50)], None, id="twenty-values"),
    ],
)
def test_dates_are_grouped_by_month_and_other_values_by_number(
    values: list[str | None], groups: list[str] | None
) -> None:
    counts = GroupCounts(["x"])
    for value in values:
        counts.add(value, ["x"])
    kind, chart = counts.chart()
    if groups is None:
        assert (kind, len(chart)) == ("value", 20)
    else:
        assert [group["group"] for group in chart] == groups
        assert sum(group["counts"]["x"] for group in chart) == len(values)


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


def test_a_file_beyond_the_limit_is_told_the_command_that_scores_it(
    client: TestClient, folder: Path
) -> None:
    content = b"text\n" + b"x\n" * (LIMIT // 2)
    problem = assert_problem(client.post("/jobs?name=my posts.csv", content=content), 413)
    assert problem["detail"].endswith(
        ": stance score my_posts.csv --text-column text -o scored.csv"
    )
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        pytest.param("posts.xlsx", b"PK\x03\x04", 415, id="unknown-kind"),
        pytest.param("posts", b"text\nx\n", 415, id="no-ending"),
        pytest.param("posts.csv", b"", 422, id="empty"),
        pytest.param("posts.csv", b"\x1f\x8b" + SECRET.encode(), 422, id="binary"),
        pytest.param("posts.csv", "text\nx\n".encode("utf-16"), 422, id="utf-16"),
        pytest.param("posts.csv", b"t\xffxt\nx\n", 422, id="header-not-utf8"),
        pytest.param("posts.csv", b"\ntext\nx\n", 422, id="no-header"),
        pytest.param("posts.csv", b"x," * 1001 + b"y\n", 422, id="wide"),
        pytest.param("posts.jsonl", SECRET.encode(), 422, id="no-object"),
        pytest.param("posts.parquet", b"PAR1" + SECRET.encode(), 422, id="damaged-parquet"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_not_kept(
    client: TestClient, folder: Path, name: str, content: bytes, status: int
) -> None:
    problem = assert_problem(client.post("/jobs", params={"name": name}, content=content), status)
    assert str(folder) not in problem["detail"]
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text_column": SECRET}, 422),
        ({"text_column": "text", "group_column": SECRET}, 422),
        ({"text_column": "text", "unit": "word"}, 422),
        ({"unit": "text"}, 422),
        ({"text_column": None}, 422),
    ],
)
def test_a_start_that_does_not_fit_the_file_is_refused(
    client: TestClient, body: dict[str, Any], status: int
) -> None:
    job = send(client, "posts.csv", to_csv(rows_of(2)))
    assert_problem(client.post(f"/jobs/{job['id']}/start", json=body), status)
    assert client.get(f"/jobs/{job['id']}").json()["state"] == "uploaded"


def test_a_column_without_text_fails_the_job_and_says_why(client: TestClient) -> None:
    job = send(client, "posts.parquet", to_parquet(rows_of(3)))
    start(client, job, text_column="id")
    failed = finish(client, job)
    assert failed["state"] == "failed"
    assert failed["detail"] == "posts.parquet: column 'id' holds int64, expected strings"


def test_a_file_that_was_scored_before_is_scored_again(client: TestClient) -> None:
    rows = [{"text": TEXTS[0], "labels": "mine"}]
    job = send(client, "posts.csv", to_csv(rows))
    start(client, job)
    assert finish(client, job)["state"] == "done"
    (row,) = read_csv(client.get(f"/jobs/{job['id']}/result").content)
    assert row["labels"] == "mine"
    assert "stance_labels" in row


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


@pytest.mark.parametrize(
    ("name", "stored", "result"),
    [
        ("posts.csv", "posts.csv", "posts.stance.csv"),
        ("../../etc/my posts.TSV", "my_posts.tsv", "my_posts.stance.tsv"),
        ("C:\\x\\a.jsonl", "a.jsonl", "a.stance.jsonl"),
        ("文章.parquet", "file.parquet", "file.stance.parquet"),
        (".csv.csv", "csv.csv", "csv.stance.csv"),
        ("lines.txt", "lines.txt", "lines.stance.csv"),
        ("x" * 300 + ".csv", "x" * 80 + ".csv", "x" * 80 + ".stance.csv"),
    ],
)
def test_a_stored_name_means_nothing_to_the_file_system(
    name: str, stored: str, result: str
) -> None:
    assert stored_name(name) == stored
    assert result_name(stored) == result


def test_requests_for_files_leave_no_text_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="stance"):
        job = send(client, f"{SECRET}.csv", f"text\n{SECRET}\n".encode())
        start(client, job)
        finish(client, job)
        client.post("/extract?name=a.txt", content=SECRET)
    assert SECRET not in caplog.text
