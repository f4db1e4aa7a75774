"""The verbs of ``stance`` that use a model; ``stance.py`` joins them with the others."""

import gc
import inspect
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from labels.commands import EncodingOption, errors_as_messages
from labels.encodings import DEFAULT
from service.artifact import DEFAULT_ARTIFACT
from service.classifier import load
from service.rows import Unit
from service.settings import Settings, flag, read_origins, read_settings, shown, variable

EXIT_SOME_REJECTED = 1
MAX_FILE_NAME = 256

keys = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)

KeysOption = Annotated[
    Path, typer.Option("--keys", envvar=variable("keys"), help="File of API keys.")
]
NameArgument = Annotated[str, typer.Argument(help="Who or what uses the key.")]


DelimiterOption = Annotated[
    str | None, typer.Option(help="Separator of csv and tsv, if not ',' and tab.")
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


def serve(print_settings: bool, **flags: Any) -> None:
    """Serve POST /classify, the page and the documentation (/docs) until stopped.

    Every setting can be a flag, an environment variable (--max-body-bytes: STANCE_MAX_BODY_BYTES)
    or a line of the TOML file named by --config; flags go first, then the environment.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    with errors_as_messages():
        settings = read_settings(given)
        if print_settings:
            _print(settings, read_origins(given))
            return
        # The server's processes read their settings again, from here.
        for name, value in given.items():
            os.environ[variable(name)] = shown(value) if isinstance(value, bool) else value
        # Hardly anything from here on will ever be garbage; service.app lets the collector begin.
        gc.disable()
        try:
            from service.server import serve as run_server

            run_server(settings)
        finally:
            gc.enable()


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
    from labels.terminal import console
    from service.terminal import print_prediction, read_stdin

    with errors_as_messages():
        if len(text) < MAX_FILE_NAME and Path(text).is_file():
            raise ValueError(
                f"{text} is a file; to label what is in it: stance classify - < {text}"
            )
        content = read_stdin() if text == "-" else text
        if not content.strip():
            raise ValueError("the text is empty; give it as an argument or on standard input")
        classifier = load(model)
        prediction = classifier.classify(content, language=language, evidence=evidence)
    if json:
        typer.echo(prediction.to_json())
    else:
        colors = {label.id: label.color for label in classifier.taxonomy.labels}
        print_prediction(prediction, console(), colors)


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
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = DEFAULT,
    prefix: Annotated[
        str, typer.Option(help="Put before the names of the added columns, e.g. 'stance_'.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUTPUT if it exists.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Texts scored at a time.", show_default="all cores"),
    ] = None,
) -> None:
    """Label every row of files, keeping their columns and order.

    Adds labels, scores, language, model version, and why a sentence gets no label whatever its
    scores; a text of several sentences gets the labels of all of them, the highest scores and the
    counts. Bad rows go to OUTPUT.rejects.jsonl with line and reason. Exit code 0: all scored,
    1: some rejected, 2: failed, 143: ended by SIGTERM.
    """
    from labels.terminal import counted
    from service.batch import score_files
    from service.terminal import batch_progress, ended_by_sigterm

    with errors_as_messages():
        classifier = load(model)
        with ended_by_sigterm(), batch_progress() as on_progress:
            result = score_files(
                inputs,
                output,
                classifier,
                text_column=text_column,
                unit=unit,
                delimiter=delimiter,
                encoding=encoding,
                prefix=prefix,
                overwrite=overwrite,
                threads=threads,
                on_progress=on_progress,
            )
    n_rows, version = counted(result.n_scored, "row"), classifier.model.version
    typer.echo(f"{output}: {n_rows}, model {version}", err=True)
    if result.rejects:
        for hint in result.hints:
            typer.echo(hint, err=True)
        typer.echo(f"{result.rejects}: {counted(result.n_rejected, 'row')} rejected", err=True)
        raise typer.Exit(EXIT_SOME_REJECTED)


@keys.command("add")
def keys_add(
    name: NameArgument,
    scope: Annotated[
        list[str],
        typer.Option(help="What the key is for: classify, correct, metrics, admin; repeatable."),
    ] = ["classify"],  # noqa: B006 (Typer copies it)
    rate: Annotated[str, typer.Option(help="Most requests in a time.")] = "600/minute",
    path: KeysOption = Path("keys.json"),
) -> None:
    """Make a key and print it, this once: the file keeps only its hash."""
    from service.keys import add_key

    with errors_as_messages():
        key = add_key(path, name, scope, rate)
    typer.echo(key)
    typer.echo(f"{path}: holds its hash; serve with: stance serve --keys {path}", err=True)


@keys.command("list")
def keys_list(path: KeysOption = Path("keys.json")) -> None:
    """Print name, scopes, rate and date of each key."""
    from rich.table import Table

    from labels.terminal import console
    from service.keys import read_keys

    with errors_as_messages():
        table = Table("name", "scopes", "rate", "id", "created")
        for key in read_keys(path):
            table.add_row(key.name, ", ".join(sorted(key.scopes)), key.rate, key.id, key.created)
    console().print(table)


@keys.command("revoke")
def keys_revoke(name: NameArgument, path: KeysOption = Path("keys.json")) -> None:
    """Take a key out of the file; services that run refuse it within a second or two."""
    from service.keys import revoke_key

    with errors_as_messages():
        revoke_key(path, name)
    typer.echo(f"{path}: {name} revoked")


def _print(settings: Settings, origins: dict[str, str]) -> None:
    rows = [(name, shown(value), origins[name]) for name, value in settings]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, origin in rows:
        typer.echo(f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}")


def _signature() -> inspect.Signature:
    """Return the signature of ``serve`` with a flag for each setting, which Typer reads."""
    options: dict[str, Any] = {
        "print_settings": Annotated[
            bool,
            typer.Option(
                "--print-settings", help="Print every setting and where it comes from, and stop."
            ),
        ]
    }
    for name, field in Settings.model_fields.items():
        is_switch = field.annotation is bool
        kind = bool if is_switch else str
        option = typer.Option(
            f"{flag(name)}/--no-{flag(name)[2:]}" if is_switch else flag(name),
            help=field.description,
            # As in README.md: the folder beside this package, not its path on this machine.
            show_default="models/default" if name == "model" else shown(field.default) or False,
            metavar=None if is_switch else name.rpartition("_")[2].upper(),
        )
        options[name] = Annotated[kind | None, option]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter(name, keyword, annotation=kind, default=None)
            for name, kind in options.items()
        ]
    )


serve.__signature__ = _signature()  # type: ignore[attr-defined]
