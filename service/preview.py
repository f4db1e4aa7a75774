"""Look at a file that was sent to be scored: its columns, its first rows, how many there are.

``service.jobs`` runs ``look_at`` in a process of its own (``service.confined``), which begins
quickly since no model is loaded here.
"""

import os
from pathlib import Path
from typing import Any

from labels.encodings import DEFAULT, guess_encoding
from service.confined import RefusalError
from service.readers import open_source
from service.rows import ENCODED_SUFFIXES, InputError

PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 300
MOST_COLUMNS = 1000
MOST_NAME_CHARACTERS = 100_000
"""Code points of all names of columns together: every look at the job tells them."""

_DELIMITERS = ",;\t|"
_TEXT_NAMES = (
    *("text", "body", "content", "sentence", "article", "fulltext", "full_text"),
    *("texto", "cuerpo", "contenido", "corpo", "conteúdo", "texte", "corps", "contenu"),
    *("volltext", "inhalt", "artikel", "正文", "文本", "内容"),
)


def look_at(_: bytes, folder: str, name: str) -> dict[str, Any]:
    """Return columns, number of rows, first rows, encoding, delimiter, and the column of the text.

    The encoding and the delimiter are guessed.

    Raises
    ------
    RefusalError
        If the file cannot be read at all.
    """
    os.chdir(folder)
    path = Path(name)
    encoding = guess_encoding(path) if path.suffix.lower() in ENCODED_SUFFIXES else DEFAULT
    delimiter = _delimiter_of(path, encoding)
    try:
        source = open_source(path, None, delimiter, encoding)
        if len(source.columns) > MOST_COLUMNS:
            raise RefusalError(f"it has {len(source.columns)} columns, at most {MOST_COLUMNS}")
        if (n_characters := sum(map(len, source.columns))) > MOST_NAME_CHARACTERS:
            raise RefusalError(
                f"the names of its columns have {n_characters} characters, "
                f"at most {MOST_NAME_CHARACTERS}"
            )
        rows = 0
        preview: list[dict[str, Any]] = []
        for chunk in source.chunks:
            rows += len(chunk.lines) + len(chunk.rejects)
            missing = min(PREVIEW_ROWS - len(preview), len(chunk.lines))
            preview += [_shown_row(chunk.row(index), source.columns) for index in range(missing)]
    except InputError as error:
        raise RefusalError(str(error)) from error
    return {
        "columns": source.columns,
        "rows": rows,
        "preview": preview,
        "suggested_column": _text_column(source.columns, preview),
        "encoding": encoding,
        "delimiter": delimiter,
    }


def _delimiter_of(path: Path, encoding: str) -> str | None:
    """Return what stands most often in the header of a csv file; spreadsheets differ by country."""
    if path.suffix.lower() != ".csv":
        return None
    with path.open(encoding=encoding, errors="replace") as file:
        header = file.readline(65_536)
    return max(_DELIMITERS, key=header.count)


def _shown_row(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    # In JSON Lines a row may have any number of fields that the first one has not.
    return {column: _shown(row[column]) for column in columns if column in row}


def _shown(value: object) -> object:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = str(value)
    return text if len(text) <= PREVIEW_CHARACTERS else text[:PREVIEW_CHARACTERS] + "…"


def _text_column(columns: tuple[str, ...], preview: list[dict[str, Any]]) -> str | None:
    """Return the column that is named like a text, or else the one that holds the longest."""
    for name in _TEXT_NAMES:
        for column in columns:
            if column.strip().lower() == name:
                return column
    length = {
        column: sum(len(row[column]) for row in preview if isinstance(row.get(column), str))
        for column in columns
    }
    longest = max(columns, key=lambda column: length[column])
    return longest if length[longest] else None
