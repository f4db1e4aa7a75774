"""Take the text out of one file: plain text, web page, Word or PDF.

Runs in a process of its own (``service.confined``), since such a file may be made to do harm.
Nothing is written, nothing is fetched.
"""

import io
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from labels.encodings import likely_encoding, marked_encoding
from service.confined import RefusalError

MAX_CHARACTERS = 5_000_000
"""Code points: fifty times the longest text that a request may hold, a book of 800,000 words."""

ARTICLE_START = 300
"""Code points at the start of an article within which its headline is looked for."""


class Kind(StrEnum):
    """A kind of file that a text can be taken out of."""

    TEXT = "text"
    HTML = "html"
    DOCX = "docx"
    PDF = "pdf"


_SUFFIXES = {
    **dict.fromkeys((".txt", ".text", ".md"), Kind.TEXT),
    **dict.fromkeys((".html", ".htm", ".xhtml"), Kind.HTML),
    ".docx": Kind.DOCX,
    ".pdf": Kind.PDF,
}
_MEDIA_TYPES = {
    "text/plain": Kind.TEXT,
    "text/markdown": Kind.TEXT,
    "text/html": Kind.HTML,
    "application/xhtml+xml": Kind.HTML,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": Kind.DOCX,
    "application/pdf": Kind.PDF,
}
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def kind_of(suffix: str, media_type: str) -> Kind | None:
    """Return the kind by the name's suffix or else the media type; None if it is none of ours."""
    return _SUFFIXES.get(suffix.lower()) or _MEDIA_TYPES.get(media_type)


def extract(content: bytes, kind: str, charset: str | None) -> dict[str, Any]:
    """Return the text, and notices about what is missing in it, as ``ExtractResponse``.

    Parameters
    ----------
    content : bytes
        The whole file.
    kind : str
        A value of ``Kind``.
    charset : str, optional
        The encoding that the sender named, for text and web pages.

    Raises
    ------
    RefusalError
        If it is of another kind than it says, damaged, locked, without text, or too long.
    """
    _check_magic(content, Kind(kind))
    read: dict[Kind, Callable[[], tuple[str, list[tuple[str, str]]]]] = {
        Kind.TEXT: lambda: (_decode(content, charset), []),
        Kind.HTML: lambda: _from_html(content, charset),
        Kind.DOCX: lambda: (_from_docx(content), []),
        Kind.PDF: lambda: _from_pdf(content),
    }
    try:
        text, notices = read[Kind(kind)]()
    except (RefusalError, MemoryError):
        raise
    except Exception as error:  # Parsers of hostile files fail in every way there is.
        raise RefusalError(f"damaged, it cannot be read as {kind}") from error
    text = _without_surrogates(text).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise RefusalError(_NO_TEXT[Kind(kind)])
    if len(text) > MAX_CHARACTERS:
        raise RefusalError(
            f"it holds {len(text)} characters of text, at most {MAX_CHARACTERS} are taken out; "
            "send it in parts"
        )
    told = [{"code": code, "detail": detail} for code, detail in notices]
    return {"text": text, "kind": kind, "characters": len(text), "notices": told}


_NO_TEXT = dict.fromkeys(Kind, "it holds no text") | {
    Kind.PDF: "it holds no text, perhaps only pictures of pages; run text recognition (OCR) first"
}


def _decode(content: bytes, charset: str | None) -> str:
    """Return the text of bytes in the encoding of their mark, the one named, or the likeliest."""
    if marked := marked_encoding(content):
        return content.decode(marked, errors="replace").removeprefix("\ufeff")
    for encoding in filter(None, ("utf-8", charset)):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode(likely_encoding(content) or "cp1252", errors="replace")


def _check_magic(content: bytes, kind: Kind) -> None:
    """Refuse a file that is plainly something else than its name says."""
    head = content[:1024]
    is_pdf, is_zip = b"%PDF-" in head, head.startswith(b"PK\x03\x04")
    if kind is Kind.PDF:
        is_right = is_pdf
    elif kind is Kind.DOCX:
        is_right = is_zip
    else:
        is_marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        is_right = not is_zip and not head.startswith(b"%PDF-") and (is_marked or b"\0" not in head)
    if not is_right:
        raise RefusalError(f"it is no {kind} file, whatever its name or type says")


def _from_html(content: bytes, charset: str | None) -> tuple[str, list[tuple[str, str]]]:
    import trafilatura
    from trafilatura.settings import Document

    if charset is None and (declared := _META_CHARSET.search(content[:4096])):
        charset = declared[1].decode("ascii")
    tree = trafilatura.load_html(_decode(content, charset))
    if tree is None:
        raise RefusalError("it holds no web page")
    article = trafilatura.bare_extraction(tree, include_comments=False, with_metadata=True)
    if not isinstance(article, Document) or not article.text:
        text = trafilatura.html2txt(_decode(content, charset))
        return text, [("no_article", "No article was found in the page: all of its text is here.")]
    lines = [line for line in article.text.splitlines() if line.strip()]
    if article.title and article.title not in article.text[:ARTICLE_START]:
        lines.insert(0, article.title)
    return "\n\n".join(lines), []


def _from_docx(content: bytes) -> str:
    import docx

    body = docx.Document(io.BytesIO(content)).element.body
    paragraphs = (
        # A text box stands twice in the file: as it is, and for old programs.
        _paragraph_text(paragraph)
        for paragraph in body.iter(_WORD + "p")
        if next(paragraph.iterancestors(_FALLBACK), None) is None
    )
    return "\n\n".join(text for text in paragraphs if text.strip())


def _paragraph_text(paragraph: Any) -> str:
    """Return its text with what was inserted and without what was deleted under review."""
    marks = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
    parts = []
    for node in paragraph.iter(_WORD + "t", *(_WORD + mark for mark in marks)):
        # A text box is a paragraph within a paragraph and speaks for itself.
        if next(node.iterancestors(_WORD + "p")) is paragraph:
            name = node.tag.removeprefix(_WORD)
            parts.append(marks.get(name) or node.text or "")
    return "".join(parts)


def _from_pdf(content: bytes) -> tuple[str, list[tuple[str, str]]]:
    from pypdf import PdfReader

    from service.pdf_text import join_pages

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise RefusalError("it is locked by a password; save it without one")
    pages = [page.extract_text() for page in reader.pages]
    empty = [str(number) for number, page in enumerate(pages, 1) if not page.strip()]
    notices = []
    if empty:
        shown = ", ".join(empty[:10]) + (" and more" if len(empty) > 10 else "")
        detail = f"No text on {len(empty)} of {len(pages)} pages ({shown}), perhaps only pictures."
        notices.append(("pages_without_text", detail))
    return join_pages(pages), notices


def _without_surrogates(text: str) -> str:
    """Return ``text`` as valid Unicode: pairs of surrogates joined, lone ones replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
