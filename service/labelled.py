"""Sentences with the labels that people gave them, from the kinds of files that are scored.

Called by ``stance evaluate``. ``labels`` are a list, or joined by ``|`` as ``stance score`` writes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labels.encodings import DEFAULT
from labels.sentences import FoundRow, LabelError, LabelledSentence, check_rows
from labels.taxonomy import Taxonomy
from service.readers import open_source, refuse_other_encoding
from service.rows import Source

_SEPARATOR = "|"
_ALSO_NAMED = {"lang": "language"}
"""What ``stance score`` calls a field of a labelled sentence."""

_FIELDS = ("id", "lang", "register", "passage", "document")


def read_labelled(
    path: Path,
    taxonomy: Taxonomy,
    text_column: str = "text",
    delimiter: str | None = None,
    encoding: str = DEFAULT,
) -> list[LabelledSentence]:
    """Return the labelled sentences of a file; as ``labels.sentences.read_sentences``.

    Raises
    ------
    InputError
        If the file cannot be read at all, or has no such column.
    LabelError
        If it has no labels or no rows, or a row is bad.
    """
    source = open_source(path, text_column, delimiter, encoding)
    if "labels" not in source.columns:
        raise LabelError(
            [
                f"{path}: no column 'labels'; found {', '.join(map(repr, source.columns))}. It "
                f"holds the labels of each sentence, joined by {_SEPARATOR}, or a list"
            ]
        )
    sentences = check_rows(_rows(source, text_column), taxonomy, strict=False)
    if not sentences:
        raise LabelError([f"{path}: no rows; expected sentences with their labels"])
    return sentences


def _rows(source: Source, text_column: str) -> Iterator[FoundRow]:
    for chunk in source.chunks:
        refuse_other_encoding(source.path, chunk)
        for reject in chunk.rejects:
            where = f"{source.path}:{reject.line}"
            yield FoundRow(where, "", LabelError([reject.reason]))
        for index, line in enumerate(chunk.lines):
            problem = chunk.problems.get(index)
            row = LabelError([problem]) if problem else _row(chunk.row(index), text_column)
            yield FoundRow(f"{source.path}:{line}", "", row)


def _row(cells: dict[str, Any], text_column: str) -> dict[str, Any]:
    row = {"text": cells[text_column]}
    if "labels" in cells:
        row["labels"] = _labels(cells["labels"])
    for field in _FIELDS:
        value = cells.get(field) or cells.get(_ALSO_NAMED.get(field, ""))
        if value is not None and str(value).strip():
            row[field] = str(value)
    return row


def _labels(cell: object) -> object:
    """Return the list that a cell holds; an empty one is no label, and so is ``-``."""
    if not isinstance(cell, str):
        return cell
    labels = [label.strip() for label in cell.split(_SEPARATOR)]
    return [] if labels in ([""], ["-"]) else labels
