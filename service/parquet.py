"""Read parquet files in chunks of columns, without an object a row. For ``service.readers``."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from service.compiled import Utf8Texts
from service.rows import NOT_UTF8, Chunk, InputError, Source, no_column

CHUNK_ROWS = 8192
"""Rows held at a time."""


def open_parquet(path: Path, text_column: str | None) -> Source:
    """Open a parquet file; see ``service.readers.open_source``."""
    choose_allocator()
    try:
        # Without it all row groups are read ahead, and stay in memory.
        file = pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: cannot be read as parquet, truncated or damaged ({error})"
        ) from error
    schema = file.schema_arrow
    is_any = text_column is None
    if text_column is None:
        text_column = schema.names[0] if schema.names else ""
    if text_column not in schema.names:
        raise no_column(path, text_column, tuple(schema.names))
    kind = schema.field(text_column).type
    if not is_any and not (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    ):
        raise InputError(f"{path}: column {text_column!r} holds {kind}, expected strings")
    chunks = _parquet_chunks(path, file, text_column)
    return Source(path, tuple(schema.names), file.metadata.num_rows, chunks, schema)


def choose_allocator() -> None:
    """Let Arrow take its memory from jemalloc, where it has it and the user named no other.

    Beside its default the same files need less memory and no more time.
    """
    if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        with suppress(NotImplementedError):
            pa.set_memory_pool(pa.jemalloc_memory_pool())


def _parquet_chunks(path: Path, file: Any, text_column: str) -> Iterator[Chunk]:
    position = 0
    try:
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            lines = list(range(position + 1, position + 1 + batch.num_rows))
            position += batch.num_rows
            texts, problems = _column_texts(batch.column(text_column))
            yield Chunk(lines, texts, problems, batch=batch, position=position)
    except MemoryError:
        raise InputError(f"{path}: unpacks to too much for memory after row {position}") from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: damaged after row {position} ({error})") from error


def _column_texts(column: pa.Array) -> tuple[list[Any] | Utf8Texts, dict[int, str]]:
    """Return the strings of a column, without an object for each, and which are none."""
    strings = column.cast(pa.large_string())
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid:
        return _decode_each(strings.cast(pa.large_binary()).to_pylist())
    _, offsets, content = strings.buffers()
    first = strings.offset
    at = np.frombuffer(offsets, dtype=np.int64)[first : first + len(strings) + 1]
    is_null = strings.is_null().to_numpy(zero_copy_only=False)
    problems = {int(i): "text is null, expected a string" for i in np.flatnonzero(is_null)}
    return Utf8Texts(b"" if content is None else content, at), problems


def _decode_each(values: list[bytes | None]) -> tuple[list[Any], dict[int, str]]:
    """Return the strings of a column in which some value is not UTF-8."""
    texts: list[Any] = []
    problems: dict[int, str] = {}
    for index, value in enumerate(values):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            texts.append("")
            problems[index] = NOT_UTF8
    return texts, problems
