"""Text out of files: the right text, in time, and harmless whatever the file is made to do."""

import io
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import docx
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.extract import extract
from service.pdf_text import join_pages
from service.settings import Settings
from tests.test_service_app import SECRET, assert_problem

LIMIT = 200_000


@pytest.fixture(scope="module")
def client(tiny_artifact) -> Iterator[TestClient]:
    settings = Settings(model=tiny_artifact, max_upload_bytes=LIMIT, extract_seconds=5, max_jobs=2)
    with TestClient(create_app(settings)) as client:
        yield client


def test_a_file_may_be_larger_than_other_bodies(tiny_artifact) -> None:
    settings = Settings(model=tiny_artifact, max_body_bytes=2000, max_text_characters=1000)
    text = "The port brings jobs. " * 200
    with TestClient(create_app(settings)) as client:
        assert client.post("/classify", json={"text": text}).status_code == 413
        answer = client.post("/extract?name=a.txt", content=text)
        assert answer.json()["characters"] == len(text)
        assert client.post("/jobs?name=a.txt", content=text).status_code == 201


def pdf(pages: list[list[str]], content: bytes | None = None) -> bytes:
    """Return a PDF with these lines on its pages, or with one content stream as it is."""
    streams = [content] if content is not None else []
    for lines in pages:
        shown = b"".join(b"(%s) Tj T* " % line.encode("cp1252") for line in lines)
        streams.append(zlib.compress(b"BT /F1 12 Tf 14 TL 72 720 Td " + shown + b"ET"))
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(streams)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, stream in enumerate(streams):
        resources = b"/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 600 800]"
        objects += [
            b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>" % (resources, 5 + 2 * number),
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    file, offsets = io.BytesIO(), []
    file.write(b"%PDF-1.7\n")
    for number, body in enumerate(objects, 1):
        offsets.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    file.write(b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    file.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return file.getvalue()


def word(*paragraphs: str, xml: str = "") -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    file = io.BytesIO()
    document.save(file)
    if not xml:
        return file.getvalue()
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:sectPr", xml.encode() + b"<w:sectPr", 1)
            new.writestr(name, content)
    return changed.getvalue()


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


ARTICLE = "".join(
    f"<p>The port of {place} brings jobs, the minister said, and São Tomé profits.</p>"
    for place in ("Lobito", "Chancay", "Piraeus", "Kribi", "Gwadar", "Doraleh")
)


def test_a_text_file_keeps_its_lines_and_paragraphs(client: TestClient) -> None:
    response = client.post(
        "/extract", content="One.\r\n\r\nTwo.", headers={"content-type": "text/plain"}
    )
    assert response.json() == {
        "text": "One.\n\nTwo.",
        "kind": "text",
        "characters": 10,
        "notices": [],
    }


@pytest.mark.parametrize(
    ("text", "encoding", "charset"),
    [
        ("Él dijo «sí» 中国 😀", "utf-8", None),
        ("Él dijo «sí» 中国 😀", "utf-8-sig", None),
        ("Él dijo «sí» 中国 😀", "utf-16", None),
        ("El señor dijo que sí: “mañana”.", "cp1252", None),
        ("中国港口带来就业，部长说。", "gb18030", None),
        ("中國港口帶來就業，部長說。", "big5", "big5"),
        ("Приезд министра", "koi8-r", "koi8-r"),
    ],
)
def test_the_encoding_is_marked_declared_or_found(
    text: str, encoding: str, charset: str | None
) -> None:
    assert extract(text.encode(encoding), "text", charset)["text"] == text


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_of_a_web_page_the_article_is_taken_with_its_headline(
    client: TestClient, encoding: str
) -> None:
    menu = "<nav><a href=/>Home</a> <a href=/x>Weather</a></nav>"
    head = f"<meta charset={encoding}><title>A port opens</title><script>var x = 1;</script>"
    content = page(menu + f"<main><article>{ARTICLE}</article></main>", head)
    answer = client.post("/extract?name=a.html", content=content.encode(encoding)).json()
    paragraphs = answer["text"].split("\n\n")
    assert paragraphs[0] == "A port opens"
    assert (
        paragraphs[1] == "The port of Lobito brings jobs, the minister said, and São Tomé profits."
    )
    assert len(paragraphs) == 7
    assert "Weather" not in answer["text"]
    assert answer["notices"] == []


def test_of_a_word_file_the_text_as_reviewed_is_taken(client: TestClient) -> None:
    xml = (
        "<w:p><w:r><w:t>Trade </w:t></w:r><w:ins><w:r><w:t>grew</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>fell</w:delText></w:r></w:del><w:r><w:t>.</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Cell.</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    content = word("The port brings jobs.", "", "中国 😀.", xml=xml)
    answer = client.post("/extract?name=a.DOCX", content=content).json()
    assert answer["text"] == "The port brings jobs.\n\n中国 😀.\n\nTrade grew.\n\nCell."


def test_of_a_pdf_the_pages_are_taken_and_empty_ones_are_told(client: TestClient) -> None:
    content = pdf([["The port brings jobs, señor."], [], ["Trade grew."]])
    answer = client.post("/extract?name=a.pdf", content=content).json()
    assert "The port brings jobs, señor." in answer["text"]
    assert "Trade grew." in answer["text"]
    assert [notice["code"] for notice in answer["notices"]] == ["pages_without_text"]
    assert "1 of 3 pages (2)" in answer["notices"][0]["detail"]


def test_lines_of_a_pdf_become_paragraphs_without_running_heads() -> None:
    body = [
        "The harbour was opened by the trade minis-",
        "ter, who praised the US-",
        "led group and the new cranes that stand at",
        "its end.",
        "A second paragraph begins here and it goes",
    ]
    after = [
        "on over the page, and ends at last here.",
        "中国港口带来了很多新的就业机会部长说道",
        "美国。",
    ]
    pages = [["Daily 1", *body], ["Daily 2", *after], ["Daily 3", "The ﬁnal page."]]
    assert join_pages(["\n".join(lines) for lines in pages]).split("\n\n") == [
        "The harbour was opened by the trade minister, who praised the US-led group and the new "
        "cranes that stand at its end.",
        "A second paragraph begins here and it goes on over the page, and ends at last here. "
        "中国港口带来了很多新的就业机会部长说道美国。",
        "The final page.",
    ]


def test_a_long_pdf_is_joined_in_linear_time() -> None:
    lines = ["The port of the city brings jobs, said the minister of trade."] * 100_000
    begun = time.monotonic()
    assert join_pages(["\n".join(lines)]) == " ".join(lines)
    assert time.monotonic() - begun < 30  # A few seconds; hours if the cost were quadratic.


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        pytest.param("a.xlsx", b"PK\x03\x04", 415, "none that can be read", id="unknown-kind"),
        pytest.param("a.pdf", b"PK\x03\x04", 422, "no pdf file", id="other-content"),
        pytest.param("a.txt", b"%PDF-1.7", 422, "no text file", id="pdf-named-txt"),
        pytest.param("a.txt", b"\x00\x01" + SECRET.encode(), 422, "no text file", id="binary"),
        pytest.param("a.txt", b" \n ", 422, "no text", id="blank"),
        pytest.param("a.txt", b"", 422, "no text", id="empty"),
        pytest.param("a.pdf", pdf([[]]), 422, "OCR", id="pictures-only"),
        pytest.param("a.pdf", b"%PDF-1.7\n" + SECRET.encode(), 422, "damaged", id="broken-pdf"),
        pytest.param("a.docx", word("x")[:-300], 422, "damaged", id="broken-docx"),
        pytest.param("a.docx", b"PK\x03\x04" + SECRET.encode(), 422, "damaged", id="no-archive"),
        pytest.param("a.txt", b"x" * (LIMIT + 1), 413, f"{LIMIT} bytes", id="large"),
        pytest.param("x" * 301, b"x", 422, "name", id="long-name"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(
    client: TestClient, name: str, content: bytes, status: int, told: str
) -> None:
    problem = assert_problem(
        client.post("/extract", params={"name": name}, content=content), status
    )
    assert told in problem["detail"]


def packed(times: int) -> bytes:
    """Return a content stream that unpacks without end, in little space."""
    return zlib.compress(b"BT (x) Tj ET " * times)


@pytest.mark.parametrize("path", ["/extract", "/jobs"])
@pytest.mark.parametrize(
    ("site", "is_taken"), [("cross-site", False), ("same-site", False), ("same-origin", True)]
)
def test_files_are_not_taken_from_other_web_sites(
    client: TestClient, path: str, site: str, is_taken: bool
) -> None:
    headers = {"sec-fetch-site": site}
    response = client.post(f"{path}?name=a.txt", content=b"Trade grew.", headers=headers)
    if is_taken:
        assert response.is_success
    else:
        assert_problem(response, 403)


HOSTILE = [
    pytest.param("a.docx", lambda: word("x", xml="<w:p/>" * 5_000_000), id="zip-bomb"),
    pytest.param("a.pdf", lambda: pdf([], packed(5_000_000)), id="pdf-bomb"),
    pytest.param("a.html", lambda: b"<div>" * 39_000, id="deep-html"),
    pytest.param("a.html", lambda: b"<!DOCTYPE a [<!ENTITY b 'bb'>]><p>&b;" * 100, id="entities"),
]


@pytest.mark.parametrize(("name", "content"), HOSTILE)
def test_a_file_made_to_harm_costs_its_process_and_not_the_service(
    client: TestClient, name: str, content
) -> None:
    begun = time.monotonic()
    response = client.post("/extract", params={"name": name}, content=content())
    assert response.status_code in (200, 422)
    assert time.monotonic() - begun < 20
    assert client.get("/health/live").status_code == 200


def test_the_time_limit_ends_it(tiny_artifact) -> None:
    settings = Settings(model=tiny_artifact, extract_seconds=1)
    with TestClient(create_app(settings)) as client:
        content = pdf([], packed(5_000_000))
        problem = assert_problem(client.post("/extract?name=a.pdf", content=content), 422)
    assert "more than 1 seconds" in problem["detail"]


def test_more_files_at_a_time_than_may_be_are_sent_away(client: TestClient) -> None:
    content = pdf([], packed(5_000_000))

    def send(_: int) -> int:
        response = client.post("/extract?name=a.pdf", content=content)
        assert response.status_code != 503 or int(response.headers["retry-after"]) > 0
        return response.status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(send, range(4)))
    assert 503 in statuses
    assert set(statuses) <= {200, 422, 503}
