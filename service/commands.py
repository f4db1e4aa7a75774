"""The verbs ``stance serve`` and ``stance keys``; ``stance.py`` joins them with the others."""

import inspect
import os
from typing import Annotated, Any

import typer

from labels.commands import errors_as_messages
from service.settings import Settings, flag, read_origins, read_settings, shown, variable


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
        os.environ.update({variable(name): shown(given[name]) for name in given})
        run_server(settings)


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
