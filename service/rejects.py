"""Write the rows that were not scored, with line and reason. Called by ``service.batch``."""

import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from service.rows import NOT_UTF8, Reject


class RejectsFile:
    """Rejected rows as JSON Lines; only there if there is one, and only when all is done.

    ``count`` is how many were written, ``n_not_utf8`` how many of each file for its encoding.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._file: BinaryIO | None = None
        self.count = 0
        self.n_not_utf8: Counter[str] = Counter()

    def write(self, reject: Reject) -> None:
        """Write one row."""
        if self._file is None:
            self._file = self._temporary.open("wb")
        row = {"file": reject.file, "line": reject.line, "reason": reject.reason}
        self._file.write(orjson.dumps(row | {"row": _printable(reject.row)}, default=str) + b"\n")
        self.count += 1
        self.n_not_utf8[reject.file] += reject.reason == NOT_UTF8

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if kind is None:
            # Rejects of an earlier run would seem to belong to this output.
            self._path.unlink(missing_ok=True)
            if self._file is not None:
                os.replace(self._temporary, self._path)
        self._temporary.unlink(missing_ok=True)


def _printable(value: Any) -> Any:
    """Return ``value`` with lone surrogates, which no JSON can hold, written as escapes."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value
