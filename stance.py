"""Stance: tag sentences with the stances they voice in the debate over China's ties abroad.

The ``stance`` command (``stance --help``) and the names that a notebook needs::

    import stance

    model = stance.load()
    model.classify("The port brings jobs, the minister said.").labels

Each verb parses, calls one function of ``labels``, ``training`` or ``service``, and prints.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

# More than one BLAS thread makes these small fits up to a hundred times slower. It must be set
# before numpy is imported; a value that the user has set is kept.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.artifact import DEFAULT_ARTIFACT
from service.batch import Unit
from service.classifier import Classifier, load
from service.prediction import Prediction

__all__ = ["Classifier", "Prediction", "load"]

EXIT_SOME_REJECTED = 1
EXIT_ERROR = 2

DEFAULT_LABELS = Path(__file__).parent / "labels"

app = typer.Typer(
    name="stance",
    help="Tag sentences with the stances they voice. Start with: stance classify TEXT",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
labels_app = typer.Typer(help="The labelled set: is it sound, what is in it.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")

LabelsOption = Annotated[
    Path,
    typer.Option(
        "--labels",
        help="Label set: a folder with taxonomy.json and sentences/.",
        show_default="labels",
    ),
]
ModelOption = Annotated[
    Path,
    typer.Option(
        "--model",
        envvar="STANCE_MODEL",
        help="Folder of the trained model.",
        show_default="models/default",
    ),
]


def main() -> None:
    """Run the command."""
    app()


@contextmanager
def _errors_as_messages() -> Iterator[None]:
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


@labels_app.command("check")
def labels_check(labels: LabelsOption = DEFAULT_LABELS) -> None:
    """Check every row of the labelled set; name file and line of each bad one."""
    from labels.sentences import read_labelled_set

    with _errors_as_messages():
        sentences = read_labelled_set(labels)
    languages = len({s.lang for s in sentences})
    typer.echo(f"{len(sentences):,} sentences in {languages} languages: sound")


@labels_app.command("stats")
def labels_stats(labels: LabelsOption = DEFAULT_LABELS) -> None:
    """Count the sentences per language, label and register."""
    from labels.sentences import read_labelled_set
    from labels.stats import count_labels, registers_in
    from labels.taxonomy import read_taxonomy

    with _errors_as_messages():
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
    table = Table(title=f"{len(sentences):,} sentences", title_justify="left")
    for heading in ("language", "label"):
        table.add_column(heading)
    for heading in ("all", *registers_in(sentences, taxonomy)):
        table.add_column(heading, justify="right")
    previous = None
    for row in count_labels(sentences, taxonomy):
        if previous not in (None, row.lang):
            table.add_section()
        counts = [row.total, *row.by_register.values()]
        table.add_row("" if row.lang == previous else row.lang, row.label, *map(str, counts))
        previous = row.lang
    _console().print(table)


@app.command()
def train(
    labels: LabelsOption = DEFAULT_LABELS,
    out: Annotated[
        Path, typer.Option(help="Folder to write the model to.", show_default="models/default")
    ] = DEFAULT_ARTIFACT,
    if_stale: Annotated[
        bool,
        typer.Option(
            "--if-stale", help="Do nothing if OUT was made from these labels and this code."
        ),
    ] = False,
) -> None:
    """Train a model from the labelled set and show what it can do beside two baselines.

    The same labelled set gives the same weights, byte for byte. OUT is replaced in one step.
    """
    from labels.sentences import read_labelled_set
    from labels.taxonomy import read_taxonomy
    from training.config import TrainingConfig
    from training.manifest import is_current
    from training.report import print_report
    from training.run import run
    from training.train import n_steps

    config = TrainingConfig()
    with _errors_as_messages():
        if if_stale and is_current(out, labels, config):
            typer.echo(f"{out}: up to date")
            return
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
        with _progress() as progress:
            task = progress.add_task("training", total=n_steps(config))
            report, version = run(
                sentences,
                taxonomy,
                labels,
                out,
                config,
                lambda step: progress.update(task, advance=1, description=step),
            )
    print_report(report, _console())
    typer.echo(f"{out}: model {version}")


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="JSON Lines with 'text' and 'labels'.")],
    model: ModelOption = DEFAULT_ARTIFACT,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(help="Put the tables between the markers of this Markdown file."),
    ] = None,
) -> None:
    """Measure a model on a labelled file: per label, language and register.

    Intervals are 95 % bootstrap intervals over documents (fields 'passage' or 'document').
    """
    from labels.sentences import read_sentences
    from training import report as reports
    from training.config import TrainingConfig
    from training.train import indicator_matrix

    with _errors_as_messages():
        classifier = load(model)
        sentences = read_sentences(file, classifier.taxonomy)
        scores, given = classifier.label_rows(s.text for s in sentences)
        report = reports.build_report(
            f"{file.name}, model {classifier.model.version}",
            sentences,
            classifier.taxonomy,
            scores,
            given,
            indicator_matrix(sentences, classifier.taxonomy),
            seed=TrainingConfig().seed,
        )
        if write is not None:
            reports.write_between_markers(write, "evaluation", reports.markdown(report))
    if markdown:
        typer.echo(reports.markdown(report))
    else:
        reports.print_report(report, _console())


@app.command()
def serve(
    model: ModelOption = DEFAULT_ARTIFACT,
    host: Annotated[
        str, typer.Option(envvar="STANCE_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="STANCE_PORT", min=1, max=65535, help="Port to listen on.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(envvar="STANCE_WORKERS", min=1, max=64, help="Processes that answer.")
    ] = 1,
) -> None:
    """Serve POST /classify, the page and the documentation (/docs) until stopped.

    Further settings come from the environment (STANCE_...); README.md lists them.
    """
    from service.server import serve as run_server

    with _errors_as_messages():
        run_server(model, host, port, workers)


@app.command()
def classify(
    text: Annotated[
        str, typer.Argument(help="The text, or - to read it from standard input.")
    ] = "-",
    model: ModelOption = DEFAULT_ARTIFACT,
    language: Annotated[
        str | None, typer.Option(help="ISO 639 code; identified if not given.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Show what made each score.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print what POST /classify answers.")
    ] = False,
) -> None:
    """Label the sentences of one text: a table, or --json.

    stance classify "The port brings jobs, while Washington only sends warnings."

    stance classify --json - < article.txt
    """
    from service.terminal import print_prediction, read_stdin

    with _errors_as_messages():
        content = read_stdin() if text == "-" else text
        if not content.strip():
            raise ValueError("the text is empty; give it as an argument or on standard input")
        prediction = load(model).classify(content, language=language, evidence=evidence)
    if json:
        typer.echo(prediction.to_json())
    else:
        print_prediction(prediction, _console())


@app.command()
def score(
    inputs: Annotated[
        list[Path], typer.Argument(help="Files: csv, tsv, jsonl, parquet or txt (one row a line).")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: csv, tsv, jsonl or parquet.")
    ],
    model: ModelOption = DEFAULT_ARTIFACT,
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    unit: Annotated[
        Unit, typer.Option(help="What a row holds: a text (split into sentences) or one sentence.")
    ] = Unit.TEXT,
    delimiter: Annotated[
        str | None, typer.Option(help="Separator of csv and tsv, if not ',' and tab.")
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Put before the names of the added columns, e.g. 'stance_'.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUTPUT if it exists.")
    ] = False,
) -> None:
    """Label every row of files, keeping their columns and order.

    Adds labels, a score per label and the model version; a text of several sentences gets the
    labels of all of them, the highest scores and the counts. Bad rows go to
    OUTPUT.rejects.jsonl with line and reason. Exit code 0: all scored, 1: some rejected, 2: failed.
    """
    from service.batch import score_files
    from service.terminal import batch_progress

    with _errors_as_messages():
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(f"--delimiter {delimiter!r}: expected one character")
        classifier = load(model)
        with batch_progress() as on_progress:
            result = score_files(
                inputs,
                output,
                classifier,
                text_column=text_column,
                unit=unit,
                delimiter=delimiter,
                prefix=prefix,
                overwrite=overwrite,
                on_progress=on_progress,
            )
    typer.echo(f"{output}: {result.n_scored:,} rows, model {classifier.model.version}", err=True)
    if result.rejects:
        typer.echo(f"{result.rejects}: {result.n_rejected:,} rows rejected", err=True)
        raise typer.Exit(EXIT_SOME_REJECTED)


def _console() -> Console:
    """Return a console as wide as the terminal, or wide enough for tables if there is none."""
    return Console(width=None if sys.stdout.isatty() else 140)


def _progress() -> Progress:
    """Return a progress display on stderr, where it cannot mix with the result."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


if __name__ == "__main__":
    main()
