"""Score files: read in chunks, label each row, write in the same order.

Called by ``stance score``. Memory does not grow with the file. Labels come from the same
``Classifier`` as those of ``POST /classify``.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from service.classifier import Classifier
from service.prediction import Prediction
from service.readers import Chunk, InputError, Reject, Source, open_source
from service.texts import TextError
from service.writers import OUTPUT_SUFFIXES, OutputError, RowError, Scored, Writer, open_writer

MAX_TEXT_CHARACTERS = 1_000_000
"""A longer text is a file pasted into a cell; it is rejected, never cut."""


class Unit(StrEnum):
    """What one row holds: a text that is split into sentences, or one sentence."""

    TEXT = "text"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How many rows were scored and rejected, and where the rejects are (None without any)."""

    n_scored: int
    n_rejected: int
    rejects: Path | None


def score_files(
    inputs: Sequence[Path],
    output: Path,
    classifier: Classifier,
    *,
    text_column: str = "text",
    unit: Unit = Unit.TEXT,
    delimiter: str | None = None,
    prefix: str = "",
    overwrite: bool = False,
    on_progress: Callable[[int, int, int], None] = lambda done, total, rows: None,
) -> BatchResult:
    """Score all rows of ``inputs`` into ``output`` and the bad ones into ``output.rejects.jsonl``.

    ``on_progress`` receives how much has been read, of how much, and the rows so far. Output and
    rejects appear under their names when everything is written, or not at all.

    Raises
    ------
    InputError
        If an input cannot be read at all, or the inputs have different columns.
    OutputError
        If the output cannot be written, exists already, or would overwrite an input.
    """
    _check_output(output, inputs, overwrite)
    sources = [open_source(path, text_column, delimiter) for path in inputs]
    _check_same_columns(sources, output)
    total = sum(source.size for source in sources)
    example = _scored(classifier.classify(""), unit, prefix)
    schema = sources[0].schema if len({str(source.schema) for source in sources}) == 1 else None
    score = partial(_score_text, classifier=classifier, unit=unit, prefix=prefix)
    n_scored = done = 0
    rejects_path = output.with_name(output.name + ".rejects.jsonl")
    with (
        _RejectsFile(rejects_path) as rejects,
        open_writer(output, sources[0].columns, example, delimiter, schema) as writer,
    ):
        for source in sources:
            for chunk in source.chunks:
                n_scored += _score_chunk(chunk, source.path, score, writer, rejects)
                on_progress(done + chunk.position, total, n_scored + rejects.count)
            done += source.size
    return BatchResult(n_scored, rejects.count, rejects_path if rejects.count else None)


def _check_output(output: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    if output.suffix.lower() not in OUTPUT_SUFFIXES:
        raise OutputError(
            f"{output}: unknown kind '{output.suffix}'; expected {', '.join(OUTPUT_SUFFIXES)}"
        )
    if output.is_dir():
        raise OutputError(f"{output}: is a directory; name a file")
    if not output.parent.is_dir():
        raise OutputError(f"{output.parent}: no such directory; create it first")
    if any(output.exists() and path.exists() and output.samefile(path) for path in inputs):
        raise OutputError(f"{output}: is an input; choose another name")
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: exists; choose another name or pass --overwrite")


def _check_same_columns(sources: Sequence[Source], output: Path) -> None:
    first = sources[0]
    if output.suffix.lower() in (".jsonl", ".ndjson"):
        return
    for source in sources[1:]:
        if set(source.columns) != set(first.columns):
            raise InputError(
                f"{source.path}: columns {list(source.columns)}, but {first.path} has "
                f"{list(first.columns)}; score them one by one, or write .jsonl"
            )


def _score_chunk(
    chunk: Chunk,
    path: Path,
    score: Callable[[object], Scored],
    writer: Writer,
    rejects: "_RejectsFile",
) -> int:
    bad = list(chunk.rejects)
    n_scored = 0
    for index, (line, text) in enumerate(zip(chunk.lines, chunk.texts, strict=True)):
        try:
            writer.write(chunk, index, score(text))
            n_scored += 1
        except (TextError, RowError) as error:
            bad.append(Reject(str(path), line, str(error), chunk.row(index)))
    writer.end_chunk(chunk)
    for reject in sorted(bad, key=lambda reject: reject.line):
        rejects.write(reject)
    return n_scored


def _score_text(text: object, *, classifier: Classifier, unit: Unit, prefix: str) -> Scored:
    if not isinstance(text, str):
        raise TextError(
            f"text is {'null' if text is None else type(text).__name__}, expected a string"
        )
    if len(text) > MAX_TEXT_CHARACTERS:
        raise TextError(f"text has {len(text)} characters, at most {MAX_TEXT_CHARACTERS}")
    classify = classifier.classify if unit is Unit.TEXT else classifier.classify_sentence
    prediction = classify(text)
    if not prediction.sentences:
        raise TextError("text is empty")
    return _scored(prediction, unit, prefix)


def _scored(prediction: Prediction, unit: Unit, prefix: str) -> Scored:
    """Return what is added to a row; the score of a text is that of its highest sentence."""
    scores = {
        label: max((s.scores[label] for s in prediction.sentences), default=0.0)
        for label in prediction.summary.counts
    }
    version = prediction.model.version
    if unit is Unit.SENTENCE:
        return Scored(prediction.labels, scores, version, prefix=prefix)
    summary = prediction.summary
    n, counts = summary.sentences, summary.counts
    return Scored(prediction.labels, scores, version, n, counts, prefix)


class _RejectsFile:
    """Rejected rows as JSON Lines; only there if there is one, and only when all is done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._file: BinaryIO | None = None
        self.count = 0

    def write(self, reject: Reject) -> None:
        if self._file is None:
            self._file = self._temporary.open("wb")
        row = {"file": reject.file, "line": reject.line, "reason": reject.reason}
        self._file.write(orjson.dumps(row | {"row": _printable(reject.row)}, default=str) + b"\n")
        self.count += 1

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
