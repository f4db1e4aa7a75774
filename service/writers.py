"""Write scored rows as csv, tsv, jsonl or parquet, under a temporary name until all is written.

Called by ``service.batch``. Every input column is kept; the added ones are ``labels``, the
scores, ``model_version`` and, for texts of several sentences, the counts.
"""

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from service.cells import LineFeeds, to_cell
from service.readers import DELIMITERS, Chunk

if TYPE_CHECKING:
    import pyarrow as pa

OUTPUT_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


class OutputError(ValueError):
    """An output that cannot be written; nothing half-written is left."""


class RowError(ValueError):
    """A row that does not fit the columns of the output."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What is added to one row, every name with ``prefix`` before it.

    ``sentences`` and ``counts`` are None for single sentences.
    """

    labels: tuple[str, ...]
    scores: dict[str, float]
    model_version: str
    sentences: int | None = None
    counts: dict[str, int] | None = None
    prefix: str = ""

    def nested(self) -> dict[str, Any]:
        """Return the added fields of a JSON Lines row."""
        added: dict[str, Any] = {"labels": self.labels, "scores": self.scores}
        if self.counts is not None:
            added |= {"sentences": self.sentences, "counts": self.counts}
        return self._named(added)

    def flat(self) -> dict[str, Any]:
        """Return the added columns of a table, ``labels`` as a list."""
        added: dict[str, Any] = {"labels": list(self.labels)}
        added |= {f"score_{label}": score for label, score in self.scores.items()}
        if self.counts is not None:
            added["sentences"] = self.sentences
            added |= {f"count_{label}": count for label, count in self.counts.items()}
        return self._named(added)

    def _named(self, added: dict[str, Any]) -> dict[str, Any]:
        added["model_version"] = self.model_version
        return {self.prefix + name: value for name, value in added.items()}


class Writer(ABC):
    """Writes to a temporary name beside ``path``; an orderly end of the ``with`` block renames."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")

    @abstractmethod
    def write(self, chunk: Chunk, index: int, scored: Scored) -> None:
        """Write row ``index`` of ``chunk``; raise ``RowError`` if it does not fit."""

    @abstractmethod
    def close(self) -> None:
        """Write what is still held and close the file."""

    def end_chunk(self, chunk: Chunk) -> None:  # noqa: B027 (only formats in blocks need it)
        """Take note that all rows of ``chunk`` were written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
            if kind is None:
                os.replace(self.temporary, self.path)
        finally:
            self.temporary.unlink(missing_ok=True)


def open_writer(
    path: Path,
    columns: Sequence[str],
    added: Scored,
    delimiter: str | None,
    schema: "pa.Schema | None",
) -> Writer:
    """Open the output by its suffix.

    ``columns`` are the input's; ``added`` is any scored row, for the names of its columns;
    ``schema`` is the input's if it has types.

    Raises
    ------
    OutputError
        If the kind is unknown, a column name is already taken, or the place cannot be written.
    """
    suffix = path.suffix.lower()
    is_nested = suffix in (".jsonl", ".ndjson")
    names = added.nested() if is_nested else added.flat()
    if taken := [name for name in names if name in columns]:
        raise OutputError(
            f"the input has already a column {taken[0]!r}, which the output adds; choose other "
            "names with --prefix"
        )
    try:
        if is_nested:
            return _JsonLinesWriter(path, tuple(names))
        if suffix == ".parquet":
            return _ParquetWriter(path, tuple(columns), added, schema)
        return _CsvWriter(path, tuple(columns), tuple(names), delimiter or DELIMITERS[suffix])
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


class _JsonLinesWriter(Writer):
    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        super().__init__(path)
        self._names = names
        self._file = self.temporary.open("wb")

    def write(self, chunk: Chunk, index: int, scored: Scored) -> None:
        row = chunk.row(index)
        for name in self._names:
            if name in row:
                raise RowError(f"has already a field {name!r}, which the output adds")
        added = orjson.dumps(scored.nested())
        # The row's own bytes are handed on: no number in it is read and written differently.
        own = chunk.raws[index] if chunk.raws else orjson.dumps(row, default=str)
        joint = b"," if row else b""
        self._file.write(own[:-1] + joint + added[1:] + b"\n")

    def close(self) -> None:
        self._file.close()


class _CsvWriter(Writer):
    def __init__(
        self, path: Path, columns: tuple[str, ...], names: tuple[str, ...], delimiter: str
    ) -> None:
        super().__init__(path)
        self._columns = columns
        self._file = self.temporary.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(LineFeeds(self._file), delimiter=delimiter)
        self._writer.writerow([to_cell(column) for column in (*columns, *names)])

    def write(self, chunk: Chunk, index: int, scored: Scored) -> None:
        row = chunk.row(index)
        _check_columns(row, self._columns)
        own = [to_cell(row.get(column)) for column in self._columns]
        added = scored.flat()
        added[scored.prefix + "labels"] = "|".join(scored.labels)
        self._writer.writerow([*own, *added.values()])

    def close(self) -> None:
        self._file.close()


class _ParquetWriter(Writer):
    def __init__(
        self, path: Path, columns: tuple[str, ...], added: Scored, schema: "pa.Schema | None"
    ) -> None:
        import pyarrow as pa

        super().__init__(path)
        self._columns = columns
        self._schema = schema
        self._added_schema = pa.schema(
            [(name, _arrow_type(value)) for name, value in added.flat().items()]
        )
        self._rows: list[dict[str, Any]] = []
        self._indices: list[int] = []
        self._added: list[dict[str, Any]] = []
        self._writer: Any = None
        self.temporary.touch()

    def write(self, chunk: Chunk, index: int, scored: Scored) -> None:
        import pyarrow as pa

        if chunk.batch is None:
            row = chunk.row(index)
            _check_columns(row, self._columns)
            if self._schema is not None:
                try:
                    pa.RecordBatch.from_pylist([row], schema=self._schema)
                except (pa.ArrowException, TypeError) as error:
                    raise RowError(f"does not fit the types of the first rows ({error})") from error
            self._rows.append(row)
        self._indices.append(index)
        self._added.append(scored.flat())

    def end_chunk(self, chunk: Chunk) -> None:
        import pyarrow as pa

        if not self._indices:
            return
        if chunk.batch is not None:
            own = chunk.batch.take(pa.array(self._indices))
        else:
            own = self._own_columns()
        added = pa.RecordBatch.from_pylist(self._added, schema=self._added_schema)
        arrays = [*own.columns, *added.columns]
        schema = pa.schema([*own.schema, *added.schema])
        if self._writer is None:
            self._writer = _open_parquet_writer(self.temporary, schema)
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._rows, self._indices, self._added = [], [], []

    def close(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            own = self._schema or pa.schema([(column, pa.string()) for column in self._columns])
            schema = pa.schema([*own, *self._added_schema])
            self._writer = _open_parquet_writer(self.temporary, schema)
        self._writer.close()

    def _own_columns(self) -> "pa.RecordBatch":
        """Return the held rows as columns; the first time their types become the file's."""
        import pyarrow as pa

        if self._schema is None:
            rows = [{column: row.get(column) for column in self._columns} for row in self._rows]
            try:
                self._schema = pa.RecordBatch.from_pylist(rows).schema
            except pa.ArrowException as error:
                raise OutputError(
                    f"{self.path}: the rows' fields have no common types ({error}); write .jsonl"
                ) from error
        return pa.RecordBatch.from_pylist(self._rows, schema=self._schema)


def _open_parquet_writer(path: Path, schema: "pa.Schema") -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd")


def _arrow_type(value: object) -> "pa.DataType":
    import pyarrow as pa

    kinds: list[tuple[type, Callable[[], Any]]] = [
        (list, lambda: pa.list_(pa.string())),
        (float, pa.float64),
        (int, pa.int64),
        (str, pa.string),
    ]
    return next(make() for kind, make in kinds if isinstance(value, kind))


def _check_columns(row: dict[str, Any], columns: tuple[str, ...]) -> None:
    for name in row:
        if name not in columns:
            raise RowError(f"field {name!r} is not among those of the first row; .jsonl keeps all")
