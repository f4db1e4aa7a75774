"""Files: upload, choose, watch, cancel, download, a chart by month or source."""

import csv
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Site

ROWS = [
    ("2026-01-05", "La Costa", "The Chinese port brings jobs and lower costs, the minister said."),
    ("2026-01-09", "El Faro", "Washington only lectures us about tariffs."),
    ("2026-02-03", "La Costa", "Analysts warn that Chinese warships could use the port."),
    ("2026-03-11", "El Faro", "The session was held on Tuesday."),
]


def table(n: int = len(ROWS)) -> dict[str, Any]:
    lines = ["date,outlet,body"]
    lines += [f'{day},{outlet},"{body}"' for day, outlet, body in (ROWS * n)[:n]]
    return {"name": "posts.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}


def upload(site: Site, file: dict[str, Any]) -> None:
    site.page.click(".bar nav >> text=Files")
    site.page.set_input_files("#table-file", [file])


def test_scoring_a_file_in_every_look(site: Site, look: str) -> None:
    page = site.page
    page.click(".bar nav >> text=Files")
    site.check_access()
    upload(site, table())
    expect(page.locator("#text-column")).to_have_value("body")
    site.check_access()
    if look not in ("light-wide", "dark-phone"):
        return  # a job takes seconds: the other two looks of the result are enough
    page.select_option("#group-column", "outlet" if "dark" in look else "date")
    page.click("text=Score the file")
    expect(page.locator("#download")).to_be_visible(timeout=30_000)
    expect(page.locator(".multiple")).to_have_count(3)
    site.check_access()
    page.click("text=Remove it from the service")
    expect(page.locator("#table-file")).to_be_attached()


def test_without_a_column_that_looks_like_a_text_none_stands_there_as_chosen(site: Site) -> None:
    content = b"Outlet,Date,Nota\nEl Faro,2024-05-01\n"
    upload(site, {"name": "posts.csv", "mimeType": "text/csv", "buffer": content})
    expect(site.page.locator("#text-column")).to_have_value("")
    expect(site.page.locator("#text-column option")).to_have_count(4)


def test_a_file_that_is_not_in_utf8_is_read_and_says_so(site: Site) -> None:
    content = "Outlet,Texto\nEl País,La región prosperó mañana.\n".encode("cp1252")
    upload(site, {"name": "posts.csv", "mimeType": "text/csv", "buffer": content})
    expect(site.page.locator("#text-column")).to_have_value("Texto")
    expect(site.page.get_by_text("read as cp1252")).to_be_visible()
    expect(site.page.get_by_text("La región prosperó mañana.")).to_be_visible()


def test_the_labelled_file_holds_what_the_service_answers(site: Site, tmp_path: Path) -> None:
    page = site.page
    upload(site, table())
    page.select_option("#group-column", "date")
    page.click("text=Score the file")
    with page.expect_download(timeout=30_000) as download:
        page.click("#download")
    target = tmp_path / "scored.csv"
    download.value.save_as(target)
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["outlet"] for row in rows] == [outlet for _, outlet, _ in ROWS]
    for row, (_, _, body) in zip(rows, ROWS, strict=True):
        labels = site.ask("/classify", {"text": body})["labels"]
        assert [label for label in row["labels"].split("|") if label] == labels
    page.click("text=The figures as a table")
    expect(page.locator(".figures tbody tr").first).to_contain_text("2026-01")
    page.click("text=Remove it from the service")


def test_a_running_job_can_be_cancelled(site: Site) -> None:
    upload(site, table(12_000))
    site.page.click("text=Score the file")
    site.page.click("#cancel-job")
    expect(site.page.locator("#table-file")).to_be_attached()
    expect(site.page.locator("#live")).to_have_text("Removed.")


def test_a_file_beyond_the_limit_gets_the_command_to_run(site: Site, tmp_path: Path) -> None:
    limit = site.ask("/model")["limits"]["max_upload_bytes"]
    big = tmp_path / "big file.csv"
    big.write_bytes(b"a" * (limit + 1))
    site.page.click(".bar nav >> text=Files")
    site.page.set_input_files("#table-file", big)
    problem = site.page.locator("#stage [role=alert]")
    expect(problem).to_contain_text("stance score 'big file.csv'")


def test_a_file_that_is_no_table_is_told(site: Site) -> None:
    upload(site, {"name": "x.parquet", "mimeType": "", "buffer": b"no parquet"})
    expect(site.page.locator("#stage [role=alert]")).to_be_visible()
