"""What was measured, as tables: for the terminal, for ``report.html`` and for ``card.md``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy
from labels.terminal import counted
from training.metrics import (
    Evaluation,
    Metric,
    baseline_none,
    baseline_prevalence,
    evaluate,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation with its baselines and slices. ``slices`` maps a field to its values.

    ``n_seen`` is how many of the sentences the scores were learned from; 0 out of fold.
    """

    title: str
    overall: Evaluation
    baselines: dict[str, Evaluation]
    slices: dict[str, dict[str, Evaluation]]
    n_seen: int = 0

    @property
    def warning(self) -> str:
        """Why the figures may say too much; empty if nothing speaks against them."""
        if not self.n_seen:
            return ""
        return (
            f"{self.n_seen:,} of {self.overall.n_sentences:,} sentences are in the training set; "
            "figures on these say nothing about new sentences."
        )


def build_report(
    title: str,
    sentences: Sequence[LabelledSentence],
    taxonomy: Taxonomy,
    scores: Floats,
    given: Bools,
    truth: Bools,
    seed: int | None,
    n_seen: int = 0,
) -> Report:
    """Evaluate all sentences, then those of each language and of each register.

    ``scores``, ``given`` and ``truth`` are of shape (n_sentences, n_labels). Without ``seed``
    there are no bootstrap intervals.
    """
    documents = np.array([s.passage for s in sentences], dtype=object)
    ids = taxonomy.ids
    fields: dict[str, Callable[[LabelledSentence], str]] = {
        "language": lambda s: s.lang,
        "register": lambda s: s.register,
    }
    slices: dict[str, dict[str, Evaluation]] = {}
    for name, field in fields.items():
        values = np.array([field(s) for s in sentences], dtype=object)
        slices[name] = {}
        for value in sorted(set(values)):
            rows = values == value
            slices[name][value] = evaluate(
                scores[rows], given[rows], truth[rows], list(documents[rows]), ids, seed
            )
    return Report(
        title=title,
        overall=evaluate(scores, given, truth, list(documents), ids, seed),
        baselines={
            "always none": baseline_none(truth, list(documents), ids),
            "by prevalence": baseline_prevalence(truth, list(documents), ids),
        },
        slices=slices,
        n_seen=n_seen,
    )


def print_report(report: Report, console: Console) -> None:
    """Print all tables of a report."""
    for table in tables(report):
        console.print(table)
    if report.warning:
        console.print(report.warning, style="bold yellow")
    console.print(
        "In brackets: 95 % bootstrap interval, whole documents drawn. A dash: not defined here.",
        style="dim",
    )


def tables(report: Report) -> list[Table]:
    """Return the overall table and one per slice."""
    overall = Table(title=f"{report.title}: {_size(report.overall)}", title_justify="left")
    columns = ("label", "true", "given", "precision", "recall", "F1", "average precision")
    for number, heading in enumerate(columns):
        overall.add_column(heading, justify="left" if number == 0 else "right")
    for metrics in report.overall.labels:
        measured = (metrics.precision, metrics.recall, metrics.f1, metrics.average_precision)
        overall.add_row(
            metrics.label,
            str(metrics.n_true),
            str(metrics.n_given),
            *(_format(metric) for metric in measured),
        )
    overall.add_section()
    overall.add_row("macro F1", "", "", "", "", _format(report.overall.macro_f1), "", style="bold")
    for name, baseline in report.baselines.items():
        macro = _format(baseline.macro_f1)
        overall.add_row(f"macro F1, {name}", "", "", "", "", macro, "", style="dim")
    return [overall, *(_slice_table(name, values) for name, values in report.slices.items())]


def markdown(report: Report) -> str:
    """Return the same tables as Markdown."""
    lines = [f"{report.title}: {_size(report.overall)}.", ""]
    if report.warning:
        lines += [f"**{report.warning}**", ""]
    lines += ["| label | true | given | precision | recall | F1 | average precision |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for m in report.overall.labels:
        cells = [f"`{m.label}`", str(m.n_true), str(m.n_given)]
        cells += [_format(x) for x in (m.precision, m.recall, m.f1, m.average_precision)]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append(f"| **macro F1** | | | | | **{_format(report.overall.macro_f1)}** | |")
    for name, baseline in report.baselines.items():
        lines.append(f"| macro F1, {name} | | | | | {_format(baseline.macro_f1)} | |")
    for name, values in report.slices.items():
        labels = [m.label for m in report.overall.labels]
        header = [name, "sentences", "macro F1", *(f"F1 `{label}` (true)" for label in labels)]
        lines += ["", f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
        for value, evaluation in values.items():
            lines.append(f"| {' | '.join(_slice_row(value, evaluation))} |")
    return "\n".join(lines) + "\n"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table, header first, as Markdown."""
    header, *body = rows
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)]) + "\n"


def rich_table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    """Return a table, header first, for the terminal."""
    header, *body = rows
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(header):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in body:
        table.add_row(*row)
    return table


def write_between_markers(path: Path, name: str, content: str) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` in a Markdown file.

    Raises
    ------
    ValueError
        If the file does not have both markers, in this order.
    """
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(opening)
    _, found_end, after = rest.partition(closing)
    if not found or not found_end:
        raise ValueError(f"{path}: no {opening} followed by {closing} to write between")
    path.write_text(f"{before}{opening}\n{content}{closing}{after}", encoding="utf-8")


def _slice_table(name: str, values: dict[str, Evaluation]) -> Table:
    first = next(iter(values.values()))
    table = Table(title=f"Per {name}: F1 (sentences with the label)", title_justify="left")
    table.add_column(name)
    for heading in ("sentences", "macro F1", *(m.label for m in first.labels)):
        table.add_column(heading, justify="right")
    for value, evaluation in values.items():
        table.add_row(*_slice_row(value, evaluation))
    return table


def _slice_row(value: str, evaluation: Evaluation) -> list[str]:
    per_label = [f"{_format(m.f1)} ({m.n_true})" for m in evaluation.labels]
    return [value, str(evaluation.n_sentences), _format(evaluation.macro_f1), *per_label]


def _size(evaluation: Evaluation) -> str:
    sentences = counted(evaluation.n_sentences, "sentence")
    return f"{sentences} of {counted(evaluation.n_documents, 'document')}"


def _format(metric: Metric) -> str:
    if np.isnan(metric.value):
        return "–"
    if np.isnan(metric.low):
        return f"{metric.value:.2f}"
    return f"{metric.value:.2f} [{metric.low:.2f}, {metric.high:.2f}]"
