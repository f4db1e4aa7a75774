"""Files scored for the page: what comes back, what is counted, what is refused."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from service.chart import GroupCounts
from service.classifier import Classifier
from service.jobs import result_name, stored_name
from service.settings import Settings
from tests.jobs import (
    TEXTS,
    finish,
    labels_of,
    read_csv,
    rows_of,
    send,
    start,
    to_csv,
    to_json_lines,
    to_parquet,
)
from tests.test_service_app import SECRET, assert_problem


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
    job_client: TestClient, classifier: Classifier, name: str, write: Any, read: Any
) -> None:
    rows = rows_of(7)
    job = send(job_client, name, write(rows))
    assert job["state"] == "uploaded"
    assert (job["columns"], job["rows"]) == (["id", "date", "text"], 7)
    assert job["suggested_column"] == "text"
    assert [row["text"] for row in job["preview"]] == [row["text"] for row in rows[:5]]
    start(job_client, job)
    done = finish(job_client, job)
    assert (done["state"], done["done"], done["share"]) == ("done", 7, 1.0)
    assert (done["scored"], done["rejected"], done["chart"]) == (7, 0, None)
    response = job_client.get(f"/jobs/{job['id']}/result")
    suffix = name.partition(".")[2]
    assert f'filename="posts.stance.{suffix}"' in response.headers["content-disposition"]
    found = read(response.content)
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    expected = [list(classifier.classify(row["text"]).labels) for row in rows]
    assert [labels_of(row) for row in found] == expected


def test_rows_that_cannot_be_scored_are_told_and_fetched(job_client: TestClient) -> None:
    content = b"id;text\n1;The port brings jobs \xc3\xa9.\n2;\n3;a;b\n4;\xff\n"
    job = send(job_client, "posts.csv", content)
    assert (job["columns"], job["rows"]) == (["id", "text"], 4)
    start(job_client, job)
    done = finish(job_client, job)
    assert (done["scored"], done["rejected"], done["done"]) == (1, 3, 4)
    rejects = job_client.get(f"/jobs/{job['id']}/rejects").text.splitlines()
    assert [json.loads(line)["line"] for line in rejects] == [3, 4, 5]
    assert {json.loads(line)["file"] for line in rejects} == {"posts.csv"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_file_in_another_encoding_is_read_in_it(job_client: TestClient, encoding: str) -> None:
    # Every row holds an accent; none may be missing, nor the guess at the column rest on the rest.
    text = "La cooperación con China traerá empleo a la región, dijo el señor Núñez."
    rows = [{"Outlet": "El País", "Date": "2024-05-01", "Nota completa": text}] * 3
    content = to_csv(rows, ";").decode().encode(encoding)
    job = send(job_client, "posts.csv", content)
    assert (job["rows"], job["encoding"]) == (3, encoding.removesuffix("-sig"))
    assert job["columns"] == ["Outlet", "Date", "Nota completa"]
    assert (job["suggested_column"], job["preview"]) == ("Nota completa", rows)
    start(job_client, job, text_column="Nota completa")
    done = finish(job_client, job)
    assert (done["scored"], done["rejected"]) == (3, 0)
    result = job_client.get(f"/jobs/{job['id']}/result").content.decode()
    assert result.count(text) == 3


@pytest.mark.parametrize("column", ["Text", " Cuerpo", "正文", "BODY"])
def test_a_column_named_like_a_text_is_suggested(job_client: TestClient, column: str) -> None:
    rows = [{"Outlet": "The Evening Gazette of Somewhere", column: "Trade."}]
    assert send(job_client, "posts.csv", to_csv(rows))["suggested_column"] == column


def test_a_chart_counts_rows_and_labels_by_month(
    job_client: TestClient, classifier: Classifier
) -> None:
    rows = [*rows_of(6), {"id": 6, "date": "", "text": TEXTS[0]}]
    job = send(job_client, "posts.csv", to_csv(rows))
    start(job_client, job, group_column="date", unit="sentence")
    done = finish(job_client, job)
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


def test_a_file_beyond_the_limit_is_told_the_command_that_scores_it(
    job_client: TestClient, job_settings: Settings, job_folder: Path
) -> None:
    content = b"text\n" + b"x\n" * (job_settings.max_upload_bytes // 2)
    problem = assert_problem(job_client.post("/jobs?name=my posts.csv", content=content), 413)
    assert problem["detail"].endswith(
        ": stance score my_posts.csv --text-column text -o scored.csv"
    )
    assert list(job_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        pytest.param("posts.xlsx", b"PK\x03\x04", 415, id="unknown-kind"),
        pytest.param("posts", b"text\nx\n", 415, id="no-ending"),
        pytest.param("posts.csv", b"", 422, id="empty"),
        pytest.param("posts.csv", b"\x1f\x8b" + SECRET.encode(), 422, id="binary"),
        pytest.param("posts.csv", b"text\n\x80\0\xff\n", 422, id="nulls"),
        pytest.param("posts.csv", b"t\xffxt\n\xc3\xa9\n", 422, id="header-not-utf8"),
        pytest.param("posts.csv", b"\ntext\nx\n", 422, id="no-header"),
        pytest.param("posts.csv", b"x," * 1001 + b"y\n", 422, id="wide"),
        pytest.param("posts.jsonl", SECRET.encode(), 422, id="no-object"),
        pytest.param("posts.parquet", b"PAR1" + SECRET.encode(), 422, id="damaged-parquet"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_not_kept(
    job_client: TestClient, job_folder: Path, name: str, content: bytes, status: int
) -> None:
    problem = assert_problem(
        job_client.post("/jobs", params={"name": name}, content=content), status
    )
    assert str(job_folder) not in problem["detail"]
    assert not job_folder.exists() or list(job_folder.iterdir()) == []


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
    job_client: TestClient, body: dict[str, Any], status: int
) -> None:
    job = send(job_client, "posts.csv", to_csv(rows_of(2)))
    assert_problem(job_client.post(f"/jobs/{job['id']}/start", json=body), status)
    assert job_client.get(f"/jobs/{job['id']}").json()["state"] == "uploaded"


def test_a_column_without_text_fails_the_job_and_says_why(job_client: TestClient) -> None:
    job = send(job_client, "posts.parquet", to_parquet(rows_of(3)))
    start(job_client, job, text_column="id")
    failed = finish(job_client, job)
    assert failed["state"] == "failed"
    assert failed["detail"] == "posts.parquet: column 'id' holds int64, expected strings"


def test_a_file_that_was_scored_before_is_scored_again(job_client: TestClient) -> None:
    rows = [{"text": TEXTS[0], "labels": "mine"}]
    job = send(job_client, "posts.csv", to_csv(rows))
    start(job_client, job)
    assert finish(job_client, job)["state"] == "done"
    (row,) = read_csv(job_client.get(f"/jobs/{job['id']}/result").content)
    assert row["labels"] == "mine"
    assert "stance_labels" in row


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
    job_client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="stance"):
        job = send(job_client, f"{SECRET}.csv", f"text\n{SECRET}\n".encode())
        start(job_client, job)
        finish(job_client, job)
        job_client.post("/extract?name=a.txt", content=SECRET)
    assert SECRET not in caplog.text
