"""Send files to be scored as the page does: small files of each kind, and the steps of a job."""

import csv
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from starlette.testclient import TestClient

WAIT_SECONDS = 120
TEXTS = ["The port brings jobs.", "Washington only sends warnings.", "Trade grew."]


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
