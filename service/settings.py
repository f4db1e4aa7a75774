"""Settings of the service: flags go before ``STANCE_*`` variables before a TOML file."""

import ipaddress
import os
import re
import socket
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from service.artifact import DEFAULT_ARTIFACT

PREFIX = "STANCE_"

_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]+(?=@)")


class SettingsError(ValueError):
    """Settings that are unknown, wrong or contradict each other, each by name."""


class Settings(BaseModel):
    """Every setting with its default; README.md lists them and a test compares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Annotated[
        Path | None, Field(description="TOML file of settings, named as here in lower case.")
    ] = None
    model: Annotated[Path, Field(description="Folder of the trained model.")] = DEFAULT_ARTIFACT
    shadow: Annotated[
        Path | None,
        Field(description="Folder of a second model that is compared with the first and unseen."),
    ] = None
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8000
    workers: Annotated[int, Field(ge=1, le=64, description="Processes that answer.")] = 1
    drain_seconds: Annotated[
        float,
        Field(ge=0, description="Time from SIGTERM in which readiness is off and all is answered."),
    ] = 3.0
    shutdown_seconds: Annotated[
        int, Field(ge=1, description="Longest time after that for the requests that are left.")
    ] = 5
    keys: Annotated[
        Path | None,
        Field(description="File of API keys (stance keys); with it every request needs one."),
    ] = None
    insecure: Annotated[
        bool, Field(description="Listen on other addresses than this machine's without keys.")
    ] = False
    cors_origins: Annotated[
        tuple[str, ...],
        Field(description="Web origins that may call from a browser, separated by commas."),
    ] = ()
    metrics: Annotated[
        Literal["on", "open", "off"],
        Field(description="GET /metrics: as closed as the rest, open to everybody, or off."),
    ] = "on"
    log_level: Annotated[
        Literal["info", "warning", "error"],
        Field(description="Least level that is logged; at info each request has a line."),
    ] = "info"
    traces: Annotated[
        bool, Field(description="Send OpenTelemetry spans (needs the extra 'traces').")
    ] = False
    max_text_characters: Annotated[
        int, Field(ge=1, description="Longest text of a request, in code points.")
    ] = 100_000
    max_batch_items: Annotated[
        int, Field(ge=1, description="Most texts in one POST /classify/batch.")
    ] = 100
    max_body_bytes: Annotated[
        int, Field(ge=1024, description="Largest request body, in bytes.")
    ] = 2_000_000
    max_concurrent: Annotated[
        int, Field(ge=1, description="Most requests worked on at a time, per process; then 503.")
    ] = 100
    request_seconds: Annotated[
        float, Field(gt=0, description="Longest time for an answer once the body is there.")
    ] = 30.0
    slow_client_seconds: Annotated[
        float, Field(gt=0, description="Time a client has to send its headers or to go on sending.")
    ] = 20.0
    max_upload_bytes: Annotated[
        int,
        Field(ge=1024, description="Largest file to extract a text from or to score, in bytes."),
    ] = 20_000_000
    extract_seconds: Annotated[
        int, Field(ge=1, description="Longest time to read a file that was sent, in seconds.")
    ] = 10
    max_jobs: Annotated[
        int, Field(ge=1, description="Files that are scored at a time, by one process.")
    ] = 4
    job_minutes: Annotated[
        int, Field(ge=1, description="How long a scored file is kept, in minutes.")
    ] = 60
    job_folder: Annotated[
        Path | None,
        Field(description="Folder for files being scored; without it a temporary one."),
    ] = None
    corrections: Annotated[
        str | None,
        Field(description="Database URL that takes corrections; without it none are taken."),
    ] = None

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"https?://[^/\s]+", origin):
                raise ValueError("expected origins such as https://news.example, without a path")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.keys is not None and self.insecure:
            raise ValueError("keys and insecure contradict each other; give one of them")
        if self.keys is None and not self.insecure and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host} can be reached from other machines and there are no API keys; "
                "make one with 'stance keys add NAME' and name its file (--keys, STANCE_KEYS), or "
                "serve everybody (--insecure, STANCE_INSECURE=true); README.md: Access"
            )
        if self.traces and not _has_exporter():
            raise ValueError("traces needs OpenTelemetry: pip install 'stance[traces]'")
        if self.max_text_characters > self.max_body_bytes:
            raise ValueError(
                f"max_text_characters {self.max_text_characters} and max_body_bytes "
                f"{self.max_body_bytes} contradict each other: no such text fits into the body"
            )
        return self


def read_settings(flags: Mapping[str, Any]) -> Settings:
    """Return the settings; ``flags`` are those that were given.

    Raises
    ------
    SettingsError
        Naming every setting that is unknown, wrong or contradicts another, and where it is from.
    """
    given = _read_given(flags)
    try:
        return Settings(**{name: value for name, (value, _) in given.items()})
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False, include_context=False):
            message = problem["msg"].removeprefix("Value error, ")
            if problem["loc"]:
                name = str(problem["loc"][0])
                _, origin = given[name]
                message = f"{name} ({origin}): found {shown(problem['input'])}. {message}"
            problems.append(message)
        raise SettingsError("\n".join(problems)) from None


def read_origins(flags: Mapping[str, Any]) -> dict[str, str]:
    """Return where the value of each setting comes from."""
    given = _read_given(flags)
    return {name: given[name][1] if name in given else "default" for name in Settings.model_fields}


def _read_given(flags: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Return the value of each setting that is given somewhere, and where."""
    _refuse_unknown(flags, "flags", flag)
    variables = {
        name.lower().removeprefix(PREFIX.lower()): value
        for name, value in os.environ.items()
        if name.upper().startswith(PREFIX)
    }
    _refuse_unknown(variables, "environment", variable)
    path = _config_path(flags)
    in_file = _read_file(path) if path else {}
    given = {name: (value, f"file {path}") for name, value in in_file.items()}
    for name, value in variables.items():
        if value:  # an empty variable is as good as none
            given[name] = (value, f"environment {variable(name)}")
    return given | {name: (value, f"flag {flag(name)}") for name, value in flags.items()}


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def shown(value: object) -> str:
    """Return a value as it is written in environment and flags; passwords in URLs are hidden."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    return "" if value is None else _PASSWORD.sub(r"\1:***", str(value))


def _config_path(flags: Mapping[str, Any]) -> Path | None:
    given = flags.get("config") or os.environ.get(variable("config"))
    return Path(given) if given else None


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # no TOML, or not in UTF-8
        raise SettingsError(f"{path}: expected TOML in UTF-8 ({error})") from error
    _refuse_unknown(content, str(path))
    if "config" in content:
        raise SettingsError(f"{path}: config names this file and cannot stand in it")
    return content


def _refuse_unknown(names: Iterable[str], where: str, written: Callable[[str], str] = str) -> None:
    known = list(Settings.model_fields)
    problems = []
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {written(near[0])}?" if near else ""
            problems.append(f"{where}: unknown setting {written(name)}{hint}")
    if problems:
        raise SettingsError("\n".join(problems))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address or a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False  # unknown here, so it is not known to be this machine
    addresses = (str(address[0]).partition("%")[0] for *_, address in found)
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def _has_exporter() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
