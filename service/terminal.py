"""Show a prediction and the progress of a batch in the terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from service.classifier import TextError
from service.prediction import Prediction, SpanEvidence

SHOWN_SPANS = 6
"""Spans shown per label, largest first; --json has them all."""


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


def print_prediction(prediction: Prediction, console: Console) -> None:
    """Print a table of the sentences with labels and scores, then the summary."""
    summary = prediction.summary
    table = Table(show_lines=False, pad_edge=False)
    table.add_column("sentence", overflow="fold", ratio=1)
    for label in summary.counts:
        table.add_column(label, justify="right")
    for sentence in prediction.sentences:
        cells = [
            Text(f"{score:.2f}", style="bold green" if label in sentence.labels else "dim")
            + Text(" *" if label in sentence.labels else "  ")
            for label, score in sentence.scores.items()
        ]
        table.add_row(Text(sentence.text), *cells)
        for entry in sentence.evidence:
            if entry.label in sentence.labels:
                table.add_row(_evidence_line(entry.label, entry.spans[:SHOWN_SPANS]))
    console.print(table)
    counts = ", ".join(f"{count} {label}" for label, count in summary.counts.items())
    size = f"{summary.sentences} sentences, language {prediction.language}"
    console.print(Text(f"* label given. {size}: {counts}"))
    for notice in prediction.notices:
        console.print(Text(notice.detail, style="yellow"))
    console.print(Text(f"model {prediction.model.name} {prediction.model.version}", style="dim"))


def _evidence_line(label: str, spans: tuple[SpanEvidence, ...]) -> Text:
    line = Text(f"  {label}:", style="dim")
    for span in spans:
        contribution = span.contribution
        line.append(f"  {span.text} ", style="default")
        line.append(f"{contribution:+.2f}", style="green" if contribution > 0 else "red")
    return line


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
