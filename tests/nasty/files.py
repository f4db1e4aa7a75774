"""Files that unpack to too much, or hold too many or too long parts."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.test_service_extract import pdf, word

MEGABYTE = 1_000_000


def archive(parts: Iterable[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts:
            packed.writestr(name, content)
    return file.getvalue()


def archive_of_archives(depth: int) -> bytes:
    content = bytes(10 * MEGABYTE)
    for _ in range(depth):
        content = archive((f"{number}.zip", content) for number in range(10))
    return content


def large_document() -> bytes:
    """Return a Word file whose text, one paragraph, unpacks to a gigabyte and a half."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word("x"))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            before, mark, after = old.read(name).partition(b"<w:t>")
            with new.open(name, "w", force_zip64=True) as part:
                part.write(before + mark)
                for _ in range(1500 if mark else 0):
                    part.write(b"x" * MEGABYTE)
                part.write(after)
    return file.getvalue()


def packed_twice() -> bytes:
    content = zlib.compress(zlib.compress(bytes(200 * MEGABYTE), 9), 9)
    return pdf([], content).replace(b"/FlateDecode", b"[/FlateDecode /FlateDecode]")


def parquet(column: pa.Array) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": column}), file, compression="zstd", store_schema=False)
    return file.getvalue()


def one_value(text: str, rows: int) -> pa.Array:
    """Return a column whose pages hold one text and how often it is repeated."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


EXTRACT: dict[str, Callable[[], bytes]] = {
    "large.docx": large_document,
    "archives.docx": lambda: archive_of_archives(3),
    "twice.pdf": packed_twice,
    "open.html": lambda: b"<" * MEGABYTE,
    "paragraphs.html": lambda: b"<p>China" * (MEGABYTE // 8),
    "line.txt": lambda: b"a" * MEGABYTE,
    "marks.txt": lambda: "a\u0301".encode() * (MEGABYTE // 3),
}

JOBS: dict[str, Callable[[], bytes]] = {
    "terabyte.parquet": lambda: parquet(one_value("x" * MEGABYTE, MEGABYTE)),
    "rows.parquet": lambda: parquet(one_value("x", MEGABYTE // 2)),
    "nulls.parquet": lambda: parquet(pa.nulls(MEGABYTE // 10, pa.string())),
    "text.parquet": lambda: parquet(pa.array(["x" * 150 * MEGABYTE])),
    "archives.parquet": lambda: archive_of_archives(3),
    "gzip.csv": lambda: gzip.compress(b"text\n" + b"a" * 50 * MEGABYTE),
    "line.csv": lambda: b"text\n" + b"a" * MEGABYTE,
    "header.csv": lambda: b"a" * MEGABYTE,
    "quote.csv": lambda: b'text\n"' + b"a\n" * (MEGABYTE // 2),
    "columns.csv": lambda: b",".join(b"%d" % n for n in range(MEGABYTE // 7)) + b"\n1",
    "names.csv": lambda: b",".join(b"%d" % n + b"x" * 1000 for n in range(900)) + b"\nx",
    "fields.jsonl": lambda: (
        b'{"text":"x"}\n{"text":"x",' + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}\n"
    ),
    "deep.jsonl": lambda: b'{"text":' + b"[" * 1000 + b"]" * 1000 + b"}\n",
    "line.jsonl": lambda: b'{"text":"' + b"a" * MEGABYTE + b'"}\n',
    "lines.txt": lambda: b"a\n" * 20_000,
}
