"""Cells and rows of csv and tsv that every reader takes as they were meant."""

import re
from typing import TextIO

import orjson

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?[\d., ]*(?:[eE][+-]?\d+)?\s?%?")


def to_cell(value: object) -> object:
    """Return a csv cell: lists and objects as JSON, null as nothing, formulas as text.

    A spreadsheet runs a cell that begins like a formula, whoever wrote it; behind an apostrophe it
    is text. Numbers stay as they are, with any sign. The other kinds of output change nothing.
    """
    if isinstance(value, (dict, list)):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value[:1] in _FORMULA_STARTS and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


class LineFeeds:
    """Ends rows with a line feed; only if it ends them with both does csv quote either in a cell.

    (Python before 3.13: a carriage return in a cell would end the row for whoever reads it.)
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        """Write a row of the csv module."""
        return self._file.write(row.removesuffix("\r\n") + "\n")
