"""What commands do in the terminal: show a prediction and the progress of a batch, and end."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from labels.terminal import counted
from service.prediction import LabelEvidence, Prediction, SentencePrediction
from service.texts import TextError

SHOWN_SPANS = 6
"""Spans marked per label, largest first; --json has them all."""

SHOWN_TERMS = 6
"""Terms shown per label, largest first; --json has them all."""

_REASONS = {
    None: "",
    "language_unsupported": "language not supported",
    "too_short": "too short",
    "too_long": "too long for a sentence",
    "not_prose": "not prose",
    "unknown_words": "too few known words",
    "nobody_named": "names no side",
}


def read_stdin() -> str:
    """Return standard input as text.

    Raises
    ------
    TextError
        If it is not UTF-8.
    """
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(
            f"standard input is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from None


def print_prediction(
    prediction: Prediction, console: Console, colors: Mapping[str, str] | None = None
) -> None:
    """Print the sentences with labels and scores, their evidence, then the summary.

    ``colors`` are those of the labels, by id.
    """
    colors = colors or {}
    summary = prediction.summary
    table = Table(show_lines=False, pad_edge=False)
    table.add_column("sentence", overflow="fold", ratio=1)
    for label in summary.counts:
        table.add_column(Text(label, style=colors.get(label, "")), justify="right")
    for sentence in prediction.sentences:
        cells = [
            Text(f"{score:.2f}", style="bold" if label in sentence.labels else "dim")
            + Text(" *" if label in sentence.labels else "  ")
            for label, score in sentence.scores.items()
        ]
        note = "  (uncertain)" if sentence.uncertain else f"  ({_REASONS[sentence.reason]})"
        is_noted = sentence.uncertain or sentence.reason
        table.add_row(Text(sentence.text) + Text(note if is_noted else "", style="dim"), *cells)
        for line in _evidence_lines(sentence, colors):
            table.add_row(line)
    console.print(table)
    counts = ", ".join(f"{count} {label}" for label, count in summary.counts.items())
    size = f"{counted(summary.sentences, 'sentence')}, language {prediction.language}"
    console.print(Text(f"* label given. {size}: {counts}"))
    for notice in prediction.notices:
        console.print(Text(notice.detail, style="yellow"))
    console.print(Text(f"model {prediction.model.name} {prediction.model.version}", style="dim"))


def _evidence_lines(sentence: SentencePrediction, colors: Mapping[str, str]) -> Iterator[Text]:
    """Yield, for each label given or else the highest score, what speaks for and against it."""
    shown = sentence.labels or tuple(
        sorted(sentence.scores, key=lambda label: -sentence.scores[label])[:1]
    )
    for entry in sentence.evidence:
        if entry.label in shown:
            yield _marked(sentence, entry, colors.get(entry.label, "green"))
            yield _terms_line(entry)
    for neighbour in sentence.nearest:
        labels = ", ".join(neighbour.labels) or "no label"
        rules = f", rules {', '.join(map(str, neighbour.rules))}" if neighbour.rules else ""
        like = f"  like {neighbour.id} ({neighbour.similarity:.2f}, {labels}{rules}): "
        yield Text(like + neighbour.text, style="dim")


def _marked(sentence: SentencePrediction, entry: LabelEvidence, color: str) -> Text:
    """Return the sentence, with what speaks for the label coloured, the rest underlined."""
    line = Text(f"  {entry.label}: ", style="dim")
    start = len(line)
    line.append(sentence.text)
    for span in entry.spans[:SHOWN_SPANS]:
        style = f"bold {color}" if span.contribution > 0 else "underline"
        begin = start + span.start - sentence.start
        line.stylize(style, begin, begin + span.end - span.start)
    return line


def _terms_line(entry: LabelEvidence) -> Text:
    line = Text(f"    logit {entry.logit:+.2f} = {entry.intercept:+.2f}", style="dim")
    for term in entry.terms[:SHOWN_TERMS]:
        line.append(f"  {term.term} ", style="default")
        line.append(f"{term.contribution:+.2f}", style="green" if term.contribution > 0 else "red")
    if len(entry.terms) > SHOWN_TERMS:
        line.append(f"  and {len(entry.terms) - SHOWN_TERMS} more")
    return line


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: by an exception, so that all is cleaned up."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def batch_progress() -> Iterator[Callable[[int, int, int], None]]:
    """Show a bar with rate and remaining time on stderr; yield what the batch calls."""
    columns = (
        TextColumn("scoring"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar as progress:
        task = progress.add_task("", rows=0, rate=0.0)

        def on_progress(done: int, total: int, rows: int) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            rate = rows / elapsed if elapsed else 0.0
            progress.update(task, completed=done, total=total, rows=rows, rate=rate)

        yield on_progress
