"""Read rows of csv, tsv, jsonl, parquet and txt files in chunks, whatever the file's size.

Called by ``service.batch``. A row that cannot be read becomes a reject with its line and reason
and the rest goes on; a file that cannot be read at all is an ``InputError``.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import whitespace
from typing import Any, BinaryIO, TextIO

import orjson

from labels.encodings import (
    DEFAULT,
    check_encoding,
    encoding_hint,
    guess_encoding,
    is_utf8,
    marked_encoding,
)
from service.rows import (
    DELIMITERS,
    ENCODED_SUFFIXES,
    INPUT_SUFFIXES,
    NOT_UTF8,
    Chunk,
    InputError,
    Reject,
    Source,
    no_column,
)

CHUNK_ROWS = 2000
"""Rows held at a time: enough to keep the cost per chunk out of sight, a few MB of text."""

MAX_FIELD_CHARACTERS = 10_000_000
"""A csv field longer than this is a quote that was never closed."""

TXT_LINE = "line"

_BOM = b"\xef\xbb\xbf"
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"%PDF")
"""How packed files, parquet and PDF begin."""


def open_source(
    path: Path, text_column: str | None, delimiter: str | None = None, encoding: str = DEFAULT
) -> Source:
    """Open a file by its suffix and check that the text column is there.

    Without a ``text_column``, to look at a file, the first column stands for it. ``encoding`` is
    that of csv, tsv and txt.

    Raises
    ------
    InputError
        If it is missing, a directory, empty, binary, of an unknown kind or another encoding,
        damaged, or has no such column.
    """
    codec = check_encoding(encoding)
    if delimiter is not None and len(delimiter) != 1:
        raise InputError(f"--delimiter {delimiter!r}: expected one character")
    suffix = path.suffix.lower()
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name the files in it")
    if suffix not in INPUT_SUFFIXES:
        raise InputError(
            f"{path}: unknown kind '{suffix}'; expected one of {', '.join(INPUT_SUFFIXES)}"
        )
    head = _head(path)
    if suffix == ".parquet":
        from service.parquet import open_parquet  # the library takes longer than a small file

        return open_parquet(path, text_column)
    _refuse_binary(path, head, encoding)
    if suffix not in ENCODED_SUFFIXES and not is_utf8(encoding):
        raise InputError(f"{path}: is always in UTF-8; --encoding is for csv, tsv and txt")
    if suffix == ".txt":
        return Source(path, (TXT_LINE, "text"), path.stat().st_size, _txt_chunks(path, codec))
    if suffix in DELIMITERS:
        return _open_csv(path, text_column, delimiter or DELIMITERS[suffix], codec)
    return _open_jsonl(path, text_column)


def refuse_other_encoding(path: Path, chunk: Chunk) -> None:
    """Refuse a file of which rows are in another encoding than UTF-8, and most others would be.

    For those who take all rows or none.

    Raises
    ------
    InputError
        With line, and the option that reads the file.
    """
    for reject in chunk.rejects:
        if reject.reason == NOT_UTF8 and not is_utf8(guess_encoding(path)):
            raise InputError(f"{path}:{reject.line}: {NOT_UTF8}{encoding_hint(path)}")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if not head.removeprefix(_BOM).strip():
        raise InputError(f"{path}: empty; expected at least one row")
    return head


def _refuse_binary(path: Path, head: bytes, encoding: str) -> None:
    marked = marked_encoding(head) or DEFAULT
    if is_utf8(encoding) and not is_utf8(marked):
        raise InputError(f"{path}: {marked.upper()}; read it with --encoding {marked}")
    has_nulls = b"\0" in "a".encode(encoding)
    if (b"\0" in head and not has_nulls) or head.startswith(_BINARY):
        raise InputError(f"{path}: binary; expected text in {encoding.upper()}")


def _open_csv(path: Path, text_column: str | None, delimiter: str, codec: str) -> Source:
    with _open_text(path, codec) as (_, lines):
        try:
            header = tuple(next(csv.reader(lines, delimiter=delimiter, strict=True)))
        except (csv.Error, StopIteration) as error:
            raise InputError(f"{path}:1: the header cannot be read ({error})") from error
    if not header:
        raise InputError(f"{path}:1: blank; expected the names of the columns")
    if not _is_decoded("".join(header)):
        raise InputError(f"{path}:1: the header is {_undecoded(codec)}{encoding_hint(path)}")
    text_column = header[0] if text_column is None else text_column
    if text_column not in header:
        raise no_column(path, text_column, header)
    column, times = Counter(header).most_common(1)[0]
    if times > 1:
        raise InputError(f"{path}:1: column {column!r} stands {times} times")
    chunks = _csv_chunks(path, header, text_column, delimiter, codec)
    return Source(path, header, path.stat().st_size, chunks)


@contextmanager
def _open_text(path: Path, codec: str, newline: str = "") -> Iterator[tuple[BinaryIO, TextIO]]:
    """Open a file and its text, whose lines end as they stand there.

    Bytes that are nothing in this encoding become lone surrogates, by which a row's check knows
    them, if it is one of bytes; else the whole file cannot be read.
    """
    with path.open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding=codec, errors="surrogateescape", newline=newline)
        try:
            yield raw, text
        except UnicodeError as error:
            raise InputError(f"{path}: {_undecoded(codec)} ({error})") from error


def _undecoded(codec: str) -> str:
    return NOT_UTF8 if is_utf8(codec) else f"not {codec}"


def _csv_chunks(
    path: Path, header: tuple[str, ...], text_column: str, delimiter: str, codec: str
) -> Iterator[Chunk]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    column = header.index(text_column)
    with _open_text(path, codec) as (raw, lines):
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        next(reader)
        chunk = Chunk()
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                last = f" to {reader.line_num}" if reader.line_num > line else ""
                reason = f"cannot be read as csv: {error} (line {line}{last})"
                chunk.rejects.append(Reject(str(path), line, reason, None))
                continue
            if row is None:
                break
            if not row:
                continue
            if problem := _row_problem(row, header, codec):
                chunk.rejects.append(Reject(str(path), line, problem, row))
            else:
                chunk.lines.append(line)
                chunk.texts.append(row[column])
                chunk.values.append(dict(zip(header, row, strict=True)))
            if len(chunk.lines) + len(chunk.rejects) >= CHUNK_ROWS:
                chunk.position = raw.tell()
                yield chunk
                chunk = Chunk()
        chunk.position = raw.tell()
        yield chunk


def _row_problem(row: list[str], header: tuple[str, ...], codec: str) -> str | None:
    if len(row) != len(header):
        return f"{len(row)} fields, expected {len(header)} as in the header"
    return None if _is_decoded("".join(row)) else _undecoded(codec)


def _is_decoded(text: str) -> bool:
    """Tell whether all of ``text``, read with ``surrogateescape``, could be decoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield (number, bytes read so far, content) of the lines that are not blank."""
    with path.open("rb") as file:
        position = 0
        for number, line in enumerate(_physical_lines(file), 1):
            position += len(line)
            line = line.rstrip(b"\r\n")
            if number == 1:
                line = line.removeprefix(_BOM)
            if line.strip():
                yield number, position, line


def _physical_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, a longer one than any text may be in pieces, so that memory stays bounded."""
    while line := file.readline(MAX_FIELD_CHARACTERS):
        yield line


def _txt_chunks(path: Path, codec: str) -> Iterator[Chunk]:
    chunk = Chunk()
    with _open_text(path, codec, newline="\n") as (raw, lines):
        number = 0
        while line := lines.readline(MAX_FIELD_CHARACTERS):
            number += 1
            text = line.rstrip("\r\n")
            if not text.strip(whitespace):
                continue
            if _is_decoded(text):
                chunk.lines.append(number)
                chunk.texts.append(text)
                chunk.values.append({TXT_LINE: number, "text": text})
            else:
                as_text = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
                chunk.rejects.append(Reject(str(path), number, _undecoded(codec), as_text))
            if len(chunk.lines) + len(chunk.rejects) >= CHUNK_ROWS:
                chunk.position = raw.tell()
                yield chunk
                chunk = Chunk()
        chunk.position = raw.tell()
        yield chunk


def _open_jsonl(path: Path, text_column: str | None) -> Source:
    first: dict[str, Any] | None = None
    for _, _, line in _lines(path):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if row and isinstance(row, dict):
            first = row
            break
    if first is None:
        raise InputError(f"{path}: no line is a JSON object with a field; expected one a line")
    text_column = next(iter(first)) if text_column is None else text_column
    if text_column not in first:
        raise no_column(path, text_column, tuple(first))
    chunks = _jsonl_chunks(path, text_column)
    return Source(path, tuple(first), path.stat().st_size, chunks)


def _jsonl_chunks(path: Path, text_column: str) -> Iterator[Chunk]:
    chunk = Chunk()
    for number, position, line in _lines(path):
        reason = None
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            reason = f"not JSON: {error.msg}"
        else:
            if not isinstance(row, dict):
                reason = f"found {type(row).__name__}, expected a JSON object"
            elif text_column not in row:
                reason = f"no field {text_column!r}"
        if reason is None:
            chunk.lines.append(number)
            chunk.texts.append(row[text_column])
            chunk.values.append(row)
            chunk.raws.append(line.strip())
        else:
            as_text = line.decode(errors="backslashreplace")
            chunk.rejects.append(Reject(str(path), number, reason, as_text))
        chunk.position = position
        if len(chunk.lines) + len(chunk.rejects) >= CHUNK_ROWS:
            yield chunk
            chunk = Chunk(position=position)
    yield chunk
