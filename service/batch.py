"""Score files: read in chunks, label each row, write in the same order.

Called by ``stance score``. Memory does not grow with the file. Labels come from the same
``Classifier`` as those of ``POST /classify``.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from labels.encodings import DEFAULT, encoding_hint
from service.classifier import Classifier
from service.columns import Added
from service.compiled import Texts, Utf8Texts
from service.decisions import TextScores
from service.readers import open_source
from service.rejects import RejectsFile
from service.rows import ENCODED_SUFFIXES, NOT_UTF8, Chunk, InputError, Reject, Source, Unit
from service.texts import MAX_MARKS, TextError, check_text
from service.writers import OUTPUT_SUFFIXES, OutputError, Writer, open_writer

MAX_TEXT_CHARACTERS = 1_000_000
"""A longer text is a file pasted into a cell; it is rejected, never cut."""


OnRow = Callable[[Chunk, int, tuple[str, ...] | None], None]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How many rows were scored and rejected, and where the rejects are (None without any).

    ``hints`` say of files that are not in the encoding in which they were read what to do.
    """

    n_scored: int
    n_rejected: int
    rejects: Path | None
    hints: tuple[str, ...] = ()


def score_files(
    inputs: Sequence[Path],
    output: Path,
    classifier: Classifier,
    *,
    text_column: str = "text",
    unit: Unit = Unit.TEXT,
    delimiter: str | None = None,
    encoding: str = DEFAULT,
    prefix: str = "",
    overwrite: bool = False,
    threads: int | None = None,
    on_progress: Callable[[int, int, int], None] = lambda done, total, rows: None,
    on_row: OnRow | None = None,
) -> BatchResult:
    """Score all rows of ``inputs`` into ``output`` and the bad ones into ``output.rejects.jsonl``.

    ``threads`` chunks are scored at a time, by default as many as there are cores; rows keep their
    order. ``on_progress`` receives how much has been read, of how much, and the rows so far;
    ``on_row`` each row that could be read, and its labels, None if it was rejected. Either may
    raise to end the run. Output and rejects appear under their names when everything is written,
    or not at all.

    Raises
    ------
    InputError
        If an input cannot be read at all, or the inputs have different columns.
    OutputError
        If the output cannot be written, exists already, or would overwrite an input.
    """
    _check_output(output, inputs, overwrite)
    sources = [open_source(path, text_column, delimiter, encoding) for path in inputs]
    _check_same_columns(sources, output)
    total = sum(source.size for source in sources)
    added = added_columns(classifier, unit, prefix)
    schema = sources[0].schema if len({str(source.schema) for source in sources}) == 1 else None
    n_threads = threads or len(os.sched_getaffinity(0))
    n_scored = done = 0
    rejects_path = output.with_name(output.name + ".rejects.jsonl")
    with (
        RejectsFile(rejects_path) as rejects,
        open_writer(output, sources[0].columns, added, delimiter, schema) as writer,
    ):
        for source in sources:
            for chunk, scored in _score_chunks(source.chunks, classifier, unit, n_threads):
                n_scored += _write_chunk(chunk, scored, source.path, writer, rejects)
                if on_row is not None:
                    _tell_rows(chunk, scored, classifier.taxonomy.ids, on_row)
                on_progress(done + chunk.position, total, n_scored + rejects.count)
            done += source.size
    where = rejects_path if rejects.count else None
    return BatchResult(n_scored, rejects.count, where, tuple(_hints(inputs, rejects.n_not_utf8)))


def _hints(inputs: Sequence[Path], n_not_utf8: Mapping[str, int]) -> Iterator[str]:
    for path in inputs:
        n = n_not_utf8[str(path)]
        if n and path.suffix.lower() in ENCODED_SUFFIXES:
            yield f"{path}: {NOT_UTF8} (rejected for it: {n:,}){encoding_hint(path)}"


def added_columns(classifier: Classifier, unit: Unit, prefix: str = "") -> Added:
    """Return what is added to each row."""
    return Added(
        labels=classifier.taxonomy.ids,
        languages=classifier.languages,
        model_version=classifier.model.version,
        is_text=unit is Unit.TEXT,
        prefix=prefix,
    )


@dataclass(frozen=True, slots=True)
class _Scored:
    """The answers to the rows of a chunk, and by index why a row has none."""

    rows: TextScores
    problems: dict[int, str]


def _score_chunks(
    chunks: Iterator[Chunk], classifier: Classifier, unit: Unit, n_threads: int
) -> Iterator[tuple[Chunk, _Scored]]:
    """Yield chunks in order with their answers.

    The kernel lets other threads run. A few chunks are under way at a time, so that memory does not
    grow with the file.
    """
    under_way: deque[tuple[Chunk, Future[_Scored]]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for chunk in chunks:
                under_way.append((chunk, pool.submit(_score_chunk, chunk, classifier, unit)))
                if len(under_way) > n_threads:
                    first, scored = under_way.popleft()
                    yield first, scored.result()
            while under_way:
                first, scored = under_way.popleft()
                yield first, scored.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _score_chunk(chunk: Chunk, classifier: Classifier, unit: Unit) -> _Scored:
    problems = dict(chunk.problems)
    texts = _checked_texts(chunk.texts, problems)
    score = classifier.score_texts if unit is Unit.TEXT else classifier.score_sentences
    rows = score(texts)
    for index in np.flatnonzero(rows.n_sentences == 0).tolist():
        problems.setdefault(index, "text is empty")
    return _Scored(rows, problems)


def _checked_texts(texts: list[Any] | Utf8Texts, problems: dict[int, str]) -> Texts:
    """Return the texts with a blank for each that cannot be scored; add why to ``problems``."""
    if isinstance(texts, Utf8Texts):
        # Only a long one can be too long or hold a flood of marks, each of two bytes or more.
        n_bytes = np.diff(texts.offsets)
        for index in np.flatnonzero(n_bytes > 2 * MAX_MARKS).tolist():
            if problem := _problem_of(texts[index]):
                problems[index] = problem
    else:
        for index, text in enumerate(texts):
            if index not in problems and (problem := _problem_of(text)):
                problems[index] = problem
    # A null has no characters: it is blank already.
    if all(isinstance(texts, Utf8Texts) and not texts[index] for index in problems):
        return texts
    return ["" if index in problems else texts[index] for index in range(len(texts))]


def _problem_of(text: object) -> str | None:
    if not isinstance(text, str):
        return f"text is {'null' if text is None else type(text).__name__}, expected a string"
    if len(text) > MAX_TEXT_CHARACTERS:
        return f"text has {len(text)} characters, at most {MAX_TEXT_CHARACTERS}"
    try:
        check_text(text)
    except TextError as error:
        return str(error)
    return None


def _write_chunk(
    chunk: Chunk, scored: _Scored, path: Path, writer: Writer, rejects: RejectsFile
) -> int:
    """Write the rows of a chunk and its rejects in order; return how many were scored."""
    problems = scored.problems
    indices: Sequence[int] = range(len(chunk.lines))
    rows = scored.rows
    if problems:
        indices = [index for index in indices if index not in problems]
        rows = rows.take(indices)
    refused = writer.write(chunk, indices, rows)
    problems |= refused
    bad = list(chunk.rejects)
    for index, problem in problems.items():
        bad.append(Reject(str(path), chunk.lines[index], problem, chunk.row(index)))
    for reject in sorted(bad, key=lambda reject: reject.line):
        rejects.write(reject)
    return len(indices) - len(refused)


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


def _tell_rows(chunk: Chunk, scored: _Scored, labels: tuple[str, ...], on_row: OnRow) -> None:
    for index, given in enumerate((scored.rows.counts > 0).tolist()):
        is_rejected = index in scored.problems
        on_row(chunk, index, None if is_rejected else tuple(compress(labels, given)))
