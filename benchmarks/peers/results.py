"""What was measured for each system: rows for JSON, a table for the terminal, Markdown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from training.metrics import Evaluation, Metric


@dataclass(frozen=True, slots=True)
class Outcome:
    """One system and what was measured for it.

    ``difference`` is its macro F1 less that of the first system, None for the first itself.
    ``packages`` maps distributions to versions. Times are CPU time on one thread,
    ``microseconds`` those of one sentence when all are labelled in one go.
    """

    name: str
    packages: dict[str, str]
    evaluation: Evaluation
    difference: Metric | None
    microseconds: float
    training_seconds: float

    @property
    def average_precision(self) -> float:
        """Mean average precision over the labels that occur."""
        return float(np.nanmean([m.average_precision.value for m in self.evaluation.labels]))


def as_rows(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Return one JSON object per system."""
    return [
        {
            "system": outcome.name,
            "packages": outcome.packages,
            "macro_f1": asdict(outcome.evaluation.macro_f1),
            "difference": None if outcome.difference is None else asdict(outcome.difference),
            "f1": {m.label: m.f1.value for m in outcome.evaluation.labels},
            "average_precision": outcome.average_precision,
            "n_given": {m.label: m.n_given for m in outcome.evaluation.labels},
            "n_true": {m.label: m.n_true for m in outcome.evaluation.labels},
            "microseconds_per_sentence": outcome.microseconds,
            "training_seconds": outcome.training_seconds,
        }
        for outcome in outcomes
    ]


def as_study(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Return the table as data for the report."""
    header, *rows = _cells(outcomes)
    return [
        {"name": name, "values": dict(zip(header[1:], cells, strict=True))} for name, *cells in rows
    ]


def as_table(outcomes: Sequence[Outcome], title: str) -> Table:
    """Return all systems as a table for the terminal."""
    header, *rows = _cells(outcomes)
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(header):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def print_whole(table: Table) -> None:
    """Print a table as wide as it is: cut cells would be worse than a line that wraps."""
    console = Console()
    widest = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    Console(width=max(console.width, widest)).print(table)


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return all systems as a Markdown table."""
    header, *rows = _cells(outcomes)
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _cells(outcomes: Sequence[Outcome]) -> list[list[str]]:
    labels = [m.label for m in outcomes[0].evaluation.labels]
    header = ["system", "macro F1", f"difference to {outcomes[0].name}"]
    header += [f"F1 {label}" for label in labels]
    header += ["average precision", "labels given / true", "µs a sentence", "training s"]
    return [header, *(_row(outcome) for outcome in outcomes)]


def _row(outcome: Outcome) -> list[str]:
    measured, difference = outcome.evaluation, outcome.difference
    n_given = sum(m.n_given for m in measured.labels)
    n_true = sum(m.n_true for m in measured.labels)
    return [
        outcome.name,
        _with_interval(measured.macro_f1, ".2f"),
        "" if difference is None else _with_interval(difference, "+.2f"),
        *(_format(m.f1.value, ".2f") for m in measured.labels),
        _format(outcome.average_precision, ".2f"),
        f"{n_given} / {n_true}",
        f"{outcome.microseconds:,.0f}",
        f"{outcome.training_seconds:,.0f}",
    ]


def _with_interval(metric: Metric, form: str) -> str:
    low, high = _format(metric.low, form), _format(metric.high, form)
    return f"{_format(metric.value, form)} [{low}, {high}]"


def _format(value: float, form: str) -> str:
    return "–" if np.isnan(value) else format(value, form)
