"""Tables and progress in the terminal, for all commands. They import it only where they print."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


def console() -> Console:
    """Return a console as wide as the terminal, or wide enough for tables if there is none."""
    return Console(width=None if sys.stdout.isatty() else 140)


def counted_progress() -> Progress:
    """Return a display of steps on stderr, where it cannot mix with the result."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, such as "1 row" or "2,000 rows"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def grouped_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a table; a first cell that repeats the one above is left out."""
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right")
    previous: object = None
    for row in rows:
        if previous not in (None, row[0]) and row[0] == "all":
            table.add_section()
        table.add_row("" if row[0] == previous else str(row[0]), *map(str, row[1:]))
        previous = row[0]
    return table
