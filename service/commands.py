"""The verbs ``stance serve`` and ``stance keys``; ``stance.py`` joins them with the others."""

import inspect
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from labels.commands import errors_as_messages
from service.settings import Settings, flag, read_origins, read_settings, shown, variable

keys = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)

KeysOption = Annotated[
    Path, typer.Option("--keys", envvar=variable("keys"), help="File of API keys.")
]
NameArgument = Annotated[str, typer.Argument(help="Who or what uses the key.")]


def serve(print_settings: bool, **flags: Any) -> None:
    """Serve POST /classify, the page and the documentation (/docs) until stopped.

    Every setting can be a flag, an environment variable (--max-body-bytes: STANCE_MAX_BODY_BYTES)
    or a line of the TOML file named by --config; flags go first, then the environment.
    """
    from service.server import serve as run_server

    given = {name: value for name, value in flags.items() if value is not None}
    with errors_as_messages():
        settings = read_settings(given)
        if print_settings:
            _print(settings, read_origins(given))
            return
        # The server's processes read their settings again, from here.
        for name, value in given.items():
            os.environ[variable(name)] = shown(value) if isinstance(value, bool) else value
        run_server(settings)


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
