"""Rows of files, as they go from ``service.readers`` through ``service.batch`` to the writers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INPUT_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt")
ENCODED_SUFFIXES = (*DELIMITERS, ".txt")
"""Kinds that come in other encodings than UTF-8, too."""

NOT_UTF8 = "not UTF-8"


class Unit(StrEnum):
    """What one row holds: a text that is split into sentences, or one sentence."""

    TEXT = "text"
    SENTENCE = "sentence"


class InputError(ValueError):
    """A file that cannot be read at all; the message names it and what was expected."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not scored. ``line`` counts from 1; for parquet it is the row's number."""

    file: str
    line: int
    reason: str
    row: Any


@dataclass(slots=True)
class Chunk:
    """Some rows in file order. ``values`` or ``batch`` holds their columns.

    ``texts`` are a list of what was found, of any type, or the strings of a column
    (``Utf8Texts``); ``problems`` tell, by index, why a row of a column cannot be scored. ``raws``
    are the rows' own bytes, where they can be handed on unchanged. ``position`` is how far the file
    has been read, in the unit of ``Source.size``.
    """

    lines: list[int] = field(default_factory=list)
    texts: Any = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    values: list[dict[str, Any]] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    batch: "pa.RecordBatch | None" = None
    rejects: list[Reject] = field(default_factory=list)
    position: int = 0

    def row(self, index: int) -> dict[str, Any]:
        """Return the columns of one row."""
        if self.batch is None:
            return self.values[index]
        try:
            row: dict[str, Any] = self.batch.slice(index, 1).to_pylist()[0]
        except UnicodeDecodeError:
            return {}
        return row


@dataclass(frozen=True, slots=True)
class Source:
    """An opened input: ``columns`` in order (those of the first row for jsonl) and its chunks.

    ``size`` is in bytes, for parquet in rows.
    """

    path: Path
    columns: tuple[str, ...]
    size: int
    chunks: Iterator[Chunk]
    schema: "pa.Schema | None" = None


def no_column(path: Path, text_column: str, columns: tuple[str, ...]) -> InputError:
    """Return the error of a file that has no such column."""
    found = ", ".join(repr(column) for column in columns)
    hint = ""
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|,"):
        hint = "; it looks as if another delimiter separates them (--delimiter)"
    return InputError(
        f"{path}: no column {text_column!r}; found {found}{hint}. Name it with --text-column"
    )
