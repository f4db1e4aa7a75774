"""The verbs of ``stance labels`` that need the labelled set only, and how commands fail.

``stance.py`` joins them with the verbs of training and service.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from labels.encodings import DEFAULT
from labels.exchange import Tool
from labels.taxonomy import LABELS_DIR

EXIT_ERROR = 2

app = typer.Typer(help="The labelled set: is it sound, what is in it.", no_args_is_help=True)

LabelsOption = Annotated[
    Path,
    typer.Option(
        "--labels",
        help="Label set: a folder with taxonomy.json and sentences/.",
        show_default="labels",
    ),
]

EncodingOption = Annotated[
    str,
    typer.Option(help="Encoding of csv, tsv and txt: utf-8, cp1252, latin-1, utf-16, gb18030 ..."),
]


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Print an expected error as one message and exit with 2; anything else is a defect."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        message = (
            f"{error.filename}: {error.strerror}"
            if isinstance(error, OSError) and error.filename
            else str(error)
        )
        typer.echo(f"stance: {message}", err=True)
        raise typer.Exit(EXIT_ERROR) from error


@app.command("check")
def labels_check(
    labels: LabelsOption = LABELS_DIR,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Held-out JSON Lines (file or folder) that no sentence may share words with."
        ),
    ] = None,
) -> None:
    """Check the labelled set: every row, near-duplicates, languages, the grid.

    Names file and line of each bad row, or the sentences that do not fit together.
    """
    from labels.check import check_labelled_set
    from labels.sentences import LabelError, read_labelled_set
    from labels.taxonomy import read_taxonomy
    from labels.terminal import counted

    with errors_as_messages():
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
        problems = check_labelled_set(sentences, taxonomy, labels, against)
        if problems:
            raise LabelError(problems)
    languages = counted(len({s.lang for s in sentences}), "language")
    typer.echo(f"{counted(len(sentences), 'sentence')} in {languages}: sound")


@app.command("export")
def labels_export(
    to: Annotated[Tool, typer.Option(help="The tool that shall read it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    labels: LabelsOption = LABELS_DIR,
    language: Annotated[str | None, typer.Option(help="Only sentences of this language.")] = None,
) -> None:
    """Write the labelled set as a file for Label Studio, doccano, or a spreadsheet.

    For Label Studio the labelling interface is printed; paste it into the project's settings.
    """
    from labels.exchange import export_sentences, label_studio_config
    from labels.sentences import read_labelled_set
    from labels.taxonomy import read_taxonomy
    from labels.terminal import counted

    with errors_as_messages():
        sentences = [s for s in read_labelled_set(labels) if language in (None, s.lang)]
        if not sentences:
            raise ValueError(f"no sentence in language {language!r}")
        output.write_bytes(export_sentences(sentences, to))
        if to is Tool.LABEL_STUDIO:
            typer.echo(label_studio_config(read_taxonomy(labels)), nl=False)
    typer.echo(f"{output}: {counted(len(sentences), 'sentence')} for {to.value}", err=True)


@app.command("import")
def labels_import(
    file: Annotated[
        Path | None, typer.Argument(help="Export of Label Studio or doccano, jsonl or csv.")
    ] = None,
    labels: LabelsOption = LABELS_DIR,
    encoding: EncodingOption = DEFAULT,
    corrections: Annotated[
        str | None,
        typer.Option(help="Instead of FILE: database URL or SQLite file of the service."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Review file to write, with --corrections."),
    ] = None,
) -> None:
    """Take labelled sentences into the labelled set: new ones are added, known ids replaced.

    Nothing is changed if one row is wrong. With --corrections nothing is imported yet: the
    corrections are written to a review file; a second reader fills in 'second' and 'labels' of
    each row, and then that file is imported.
    """
    from labels.exchange import import_rows
    from labels.store import store_rows
    from labels.taxonomy import read_taxonomy

    with errors_as_messages():
        if corrections is not None and output is not None and file is None:
            _write_review(corrections, labels, output)
            return
        if file is None or corrections is not None or output is not None:
            raise ValueError("give either FILE, or --corrections together with --output")
        stored = store_rows(labels, import_rows(file, read_taxonomy(labels), encoding))
    counts = f"{stored.n_added:,} added, {stored.n_changed:,} changed, {stored.n_same:,} as before"
    typer.echo(f"{labels}: {counts}")


def _write_review(corrections: str, labels: Path, output: Path) -> None:
    from labels.correction_store import open_store
    from labels.corrections import review
    from labels.exchange import to_json_lines
    from labels.sentences import read_labelled_set
    from labels.taxonomy import read_taxonomy
    from labels.terminal import counted

    with closing(open_store(corrections)) as store:
        found = store.read()
    reviewed = review(found, read_taxonomy(labels), read_labelled_set(labels))
    with output.open("xb") as file:  # An older one may hold a reader's work.
        file.write(to_json_lines(reviewed.rows))
    for conflict in reviewed.conflicts:
        typer.echo(f"conflict: {conflict}", err=True)
    for problem in reviewed.left_out:
        typer.echo(f"left out: {problem}", err=True)
    typer.echo(
        f"{output}: {counted(len(reviewed.rows), 'sentence')} "
        f"of {counted(len(found), 'correction')}, "
        f"{len(reviewed.conflicts):,} in conflict; {reviewed.n_settled:,} are settled already"
    )


@app.command("stats")
def labels_stats(labels: LabelsOption = LABELS_DIR) -> None:
    """Count the sentences per language, label and register; show the grid and the agreement.

    The grid counts passages per region and theme, for a label set with a grid.json; agreement is
    that of sentences read twice.
    """
    from labels.agreement import measure_agreement
    from labels.grid import count_passages, read_grid
    from labels.sentences import read_labelled_set
    from labels.stats import count_labels, registers_in
    from labels.taxonomy import read_taxonomy
    from labels.terminal import console, counted, grouped_table

    with errors_as_messages():
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
        grid = read_grid(labels)
    registers = registers_in(sentences, taxonomy)
    by_label = [
        [row.lang, row.label, row.total, *row.by_register.values()]
        for row in count_labels(sentences, taxonomy)
    ]
    title = counted(len(sentences), "sentence")
    console().print(grouped_table(title, ["language", "label", "all", *registers], by_label))
    if grid is not None:
        cells = count_passages(sentences, grid)
        rows = [[r, *(cells[r, theme] for theme in grid.themes)] for r in grid.regions]
        console().print(grouped_table("passages in the grid", ["region", *grid.themes], rows))
    agreed = [
        [a.lang, a.label, a.n_sentences, a.n_differing, f"{a.kappa:.3f}", f"{a.alpha:.3f}"]
        for a in measure_agreement(sentences, taxonomy)
    ]
    if agreed:
        headings = ["language", "label", "read twice", "differing", "kappa", "alpha"]
        console().print(grouped_table("agreement of the two readers", headings, agreed))
