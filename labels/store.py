"""Write sentences into a labelled set: new ones are added, known ids are replaced.

Called by ``stance labels import``. The whole set is read again before anything is put in place,
so that a bad row changes nothing.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labels.sentences import (
    SENTENCES_FOLDER,
    FoundRow,
    check_rows,
    parse_line,
    sentence_files,
)
from labels.taxonomy import read_taxonomy


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows were new, changed, and the same as before."""

    n_added: int
    n_changed: int
    n_same: int


@dataclass(slots=True)
class _Line:
    """A line of a file: its bytes with its end, where it stands, what it holds (None if blank)."""

    content: bytes
    where: str
    row: object


def store_rows(labels_dir: Path, rows: Mapping[str, dict[str, Any]]) -> Stored:
    """Put ``rows``, by the place each comes from, into the files of their languages.

    Each file is replaced in one step; rows that do not change stay as they are, byte for byte.

    Raises
    ------
    LabelError
        If the set with these rows in it would be unsound; then nothing is written.
    """
    files = {path.stem: _read_lines(path) for path in sentence_files(labels_dir)}
    known = {
        line.row["id"]: (language, line)
        for language, lines in files.items()
        for line in lines
        if isinstance(line.row, dict) and "id" in line.row
    }
    touched = set()
    n_added = n_changed = 0
    for where, given in rows.items():
        content = json.dumps(given, ensure_ascii=False).encode() + b"\n"
        new = _Line(content, where, parse_line(content))  # As it will be read: a tuple is a list.
        language, old = known.get(given["id"], (given["lang"], None))
        if old is None:
            _append(files.setdefault(language, []), new)
            touched.add(language)
            n_added += 1
        elif old.row != new.row:
            old.content, old.where, old.row = new.content, new.where, new.row
            touched.add(language)
            n_changed += 1
    found = (
        FoundRow(line.where, language, line.row)
        for language, lines in files.items()
        for line in lines
        if line.row is not None
    )
    check_rows(found, read_taxonomy(labels_dir))
    _write({language: files[language] for language in touched}, labels_dir / SENTENCES_FOLDER)
    return Stored(n_added, n_changed, len(rows) - n_added - n_changed)


def _read_lines(path: Path) -> list[_Line]:
    return [
        _Line(line, f"{path}:{number}", parse_line(line) if line.strip() else None)
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1)
    ]


def _append(lines: list[_Line], new: _Line) -> None:
    if lines and not lines[-1].content.endswith((b"\n", b"\r")):
        lines[-1].content += b"\n"
    lines.append(new)


def _write(files: Mapping[str, list[_Line]], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import.", dir=folder.parent) as trial:
        for language, lines in files.items():
            content = b"".join(line.content for line in lines)
            (Path(trial) / f"{language}.jsonl").write_bytes(content)
        for language in files:
            name = f"{language}.jsonl"
            os.replace(Path(trial) / name, folder / name)
