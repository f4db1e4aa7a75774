"""Write scored rows as csv, tsv, jsonl or parquet, under a temporary name until all is written.

Called by ``service.batch``. Every input column is kept; ``service.columns`` tells what is added.
"""

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from service.cells import LineFeeds, to_cell
from service.columns import Added
from service.decisions import TextScores
from service.rows import DELIMITERS, Chunk

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_BYTES = 4_000_000
"""Size, in memory, from which rows are written as a group. Memory rises and falls with it; but what
each group says of itself costs time to write and to read, and stays until the file is closed."""

RELEASE_BYTES = 16_000_000
"""Size of what is written until Arrow gives back the memory it keeps for later. Without that the
peaks are the higher the longer a file is; more often costs time."""

OUTPUT_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


class OutputError(ValueError):
    """An output that cannot be written; nothing half-written is left."""


class Writer(ABC):
    """Writes to a temporary name beside ``path``; an orderly end of the ``with`` block renames."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")

    @abstractmethod
    def write(self, chunk: Chunk, indices: Sequence[int], rows: TextScores) -> dict[int, str]:
        """Write the rows ``indices`` of ``chunk``, whose answers are ``rows``.

        Return, by index, why a row was not written.
        """

    @abstractmethod
    def close(self) -> None:
        """Write what is still held and close the file."""

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
    added: Added,
    delimiter: str | None,
    schema: "pa.Schema | None",
) -> Writer:
    """Open the output by its suffix.

    ``columns`` are the input's; ``schema`` is its if it has types.

    Raises
    ------
    OutputError
        If the kind is unknown, a column name is already taken, or the place cannot be written.
    """
    suffix = path.suffix.lower()
    is_nested = suffix in (".jsonl", ".ndjson")
    names = added.nested_names() if is_nested else added.flat_names()
    if taken := [name for name in names if name in columns]:
        raise OutputError(
            f"the input has already a column {taken[0]!r}, which the output adds; choose other "
            "names with --prefix"
        )
    try:
        if is_nested:
            return _JsonLinesWriter(path, added)
        if suffix == ".parquet":
            return _ParquetWriter(path, tuple(columns), added, schema)
        return _CsvWriter(path, tuple(columns), added, delimiter or DELIMITERS[suffix])
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


class _JsonLinesWriter(Writer):
    def __init__(self, path: Path, added: Added) -> None:
        super().__init__(path)
        self._added = added
        self._names = added.nested_names()
        self._file = self.temporary.open("wb")

    def write(self, chunk: Chunk, indices: Sequence[int], rows: TextScores) -> dict[int, str]:
        problems: dict[int, str] = {}
        for index, added in zip(indices, self._added.nested_rows(rows), strict=True):
            row = chunk.row(index)
            if taken := [name for name in self._names if name in row]:
                problems[index] = f"has already a field {taken[0]!r}, which the output adds"
                continue
            # The row's own bytes are handed on: no number in it is read and written differently.
            own = chunk.raws[index] if chunk.raws else orjson.dumps(row, default=str)
            joint = b"," if row else b""
            self._file.write(own[:-1] + joint + orjson.dumps(added)[1:] + b"\n")
        return problems

    def close(self) -> None:
        self._file.close()


class _CsvWriter(Writer):
    def __init__(self, path: Path, columns: tuple[str, ...], added: Added, delimiter: str) -> None:
        super().__init__(path)
        self._columns = columns
        self._added = added
        self._file = self.temporary.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(LineFeeds(self._file), delimiter=delimiter)
        self._writer.writerow([to_cell(column) for column in (*columns, *added.flat_names())])

    def write(self, chunk: Chunk, indices: Sequence[int], rows: TextScores) -> dict[int, str]:
        problems: dict[int, str] = {}
        for index, added in zip(indices, self._added.flat_rows(rows), strict=True):
            row = chunk.row(index)
            if problem := _unknown_column(row, self._columns):
                problems[index] = problem
                continue
            own = [to_cell(row.get(column)) for column in self._columns]
            self._writer.writerow([*own, *added])
        return problems

    def close(self) -> None:
        self._file.close()


class _ParquetWriter(Writer):
    def __init__(
        self, path: Path, columns: tuple[str, ...], added: Added, schema: "pa.Schema | None"
    ) -> None:
        from service.parquet import choose_allocator

        super().__init__(path)
        choose_allocator()
        self._columns = columns
        self._schema = schema
        self._added = added
        self._writer: Any = None
        self._group: list[pa.RecordBatch] = []
        self._group_bytes = self._kept_bytes = 0
        self.temporary.touch()

    def write(self, chunk: Chunk, indices: Sequence[int], rows: TextScores) -> dict[int, str]:
        import pyarrow as pa

        problems: dict[int, str] = {}
        if chunk.batch is None:
            for index in indices:
                if problem := self._problem(chunk.row(index)):
                    problems[index] = problem
        if len(problems) == len(indices):
            return problems
        added = self._added.columns(rows)
        numbers = indices
        if problems:
            kept = [place for place, index in enumerate(indices) if index not in problems]
            added = added.take(pa.array(kept))
            numbers = [indices[place] for place in kept]
        if chunk.batch is None:
            own = self._own_columns([chunk.row(index) for index in numbers])
        elif len(numbers) == chunk.batch.num_rows:
            own = chunk.batch
        else:
            own = chunk.batch.take(pa.array(numbers))
        schema = pa.schema([*own.schema, *added.schema])
        arrays = [*own.columns, *added.columns]
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        if self._writer is None:
            self._writer = self._open(batch)
        self._group.append(batch)
        self._group_bytes += batch.nbytes
        if self._group_bytes >= ROW_GROUP_BYTES:
            self._write_group()
        return problems

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._group:
            table = pa.Table.from_batches(self._group)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._group.clear()
            self._kept_bytes += self._group_bytes
            self._group_bytes = 0
            del table
            if self._kept_bytes >= RELEASE_BYTES:
                pa.default_memory_pool().release_unused()
                self._kept_bytes = 0

    def _problem(self, row: dict[str, Any]) -> str | None:
        """Return why a row without types of its own does not fit the file."""
        import pyarrow as pa

        if problem := _unknown_column(row, self._columns):
            return problem
        if self._schema is not None:
            try:
                pa.RecordBatch.from_pylist([row], schema=self._schema)
            except (pa.ArrowException, TypeError) as error:
                return f"does not fit the types of the first rows ({error})"
        return None

    def close(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            own = self._schema or pa.schema([(column, pa.string()) for column in self._columns])
            schema = pa.schema([*own, *self._added.schema()])
            self._writer = self._open(pa.RecordBatch.from_pylist([], schema=schema))
        self._write_group()
        self._writer.close()

    def _open(self, first: "pa.RecordBatch") -> Any:
        import pyarrow.parquet as pq

        # What hardly repeats would be put into a dictionary and thrown out of it again each time.
        names = [field.name for field in first.schema if _repeats(first[field.name])]
        names.append(f"{self._added.flat_names()[0]}.list.element")
        return pq.ParquetWriter(
            self.temporary, first.schema, compression="zstd", use_dictionary=names
        )

    def _own_columns(self, rows: list[dict[str, Any]]) -> "pa.RecordBatch":
        """Return rows as columns; the first time their types become the file's."""
        import pyarrow as pa

        if self._schema is None:
            whole = [{column: row.get(column) for column in self._columns} for row in rows]
            try:
                self._schema = pa.RecordBatch.from_pylist(whole).schema
            except pa.ArrowException as error:
                raise OutputError(
                    f"{self.path}: the rows' fields have no common types ({error}); write .jsonl"
                ) from error
        return pa.RecordBatch.from_pylist(rows, schema=self._schema)


def _repeats(column: "pa.Array") -> bool:
    """Tell whether a column has few values for its length; one that cannot be told does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return 2 * int(pc.count_distinct(column).as_py()) <= len(column)
    except pa.ArrowNotImplementedError:
        return True


def _unknown_column(row: dict[str, Any], columns: tuple[str, ...]) -> str | None:
    for name in row:
        if name not in columns:
            return f"field {name!r} is not among those of the first row; .jsonl keeps all"
    return None
