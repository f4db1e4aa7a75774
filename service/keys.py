"""The file of API keys: who may call, for what and how often. It holds no key, only hashes.

A key is ``stance_<id>_<secret>``; the secret is 256 random bits, so one salted SHA-256 is as good
as a slow hash is for passwords.
"""

import hmac
import logging
import os
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import limits
import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

log = logging.getLogger("stance")

REREAD_SECONDS = 1.0
"""A revoked key works at most this much longer."""

Scope = Literal["classify", "correct", "metrics", "admin"]
SCOPES: dict[Scope, str] = {
    "classify": "classify texts; page, documentation, labels, model",
    "correct": "store corrections",
    "metrics": "read GET /metrics",
    "admin": "what changes the service: /admin/...",
}


class KeysError(ValueError):
    """A file of keys that cannot be used, or a key that is not in it or is there already."""


def _check_rate(rate: str) -> str:
    try:
        (limit,) = limits.parse_many(rate)
    except ValueError:
        raise ValueError("expected a rate such as 100/minute or 5/second") from None
    if limit.amount < 1:
        raise ValueError("expected at least one request")
    return rate


class Key(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    name: Annotated[str, Field(max_length=40, pattern=r"^[\w.-]+$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    rate: Annotated[str, AfterValidator(_check_rate)]
    created: str
    salt: str
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @cached_property
    def limit(self) -> limits.RateLimitItem:
        """The rate, as the library of limits has it."""
        return limits.parse(self.rate)

    def is_of(self, secret: str) -> bool:
        """Tell, in a time that does not depend on it, whether ``secret`` is this key's."""
        return hmac.compare_digest(self.hash, _hash(self.salt, secret))


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    keys: list[Key] = []


_NOBODY = Key(
    id="0" * 8,
    name="nobody",
    scopes=frozenset(SCOPES),
    rate="1/day",
    created="",
    salt="",
    hash="0" * 64,
)


class KeyRing:
    """The keys of a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = {key.id: key for key in read_keys(path)}
        self._stamp = self._read_stamp()
        self._next_look = time.monotonic() + REREAD_SECONDS

    def find(self, text: str) -> Key | None:
        """Return the entry of a key, or None if there is no such key."""
        if time.monotonic() >= self._next_look:
            self._reread()
        _, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        key = self._keys.get(key_id, _NOBODY)
        return key if key.is_of(secret) else None

    def _reread(self) -> None:
        """Read the file if it changed; one that cannot be used is told, and the keys stay."""
        self._next_look = time.monotonic() + REREAD_SECONDS
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = {key.id: key for key in read_keys(self._path)}
        except KeysError as error:
            log.error("keys refused, the %d read before stay: %s", len(self._keys), error)
        else:
            log.info("keys read again, there are %d", len(self._keys))

    def _read_stamp(self) -> tuple[int, ...] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def read_keys(path: Path) -> list[Key]:
    """Return the entries of a file of keys.

    Raises
    ------
    KeysError
        If the file cannot be read or an entry is wrong; tells the field, never the value.
    """
    try:
        return _Content.model_validate_json(path.read_bytes()).keys
    except OSError as error:
        raise KeysError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise KeysError(f"{path}: {where}: {first['msg']}") from None


def add_key(path: Path, name: str, scopes: Iterable[str], rate: str) -> str:
    """Add a key to the file, which is made if it is not there, and return the key.

    Raises
    ------
    KeysError
        If name or rate are wrong, a key has the name, or the file cannot be used.
    """
    keys = read_keys(path) if path.exists() else []
    if any(key.name == name for key in keys):
        raise KeysError(f"{path}: there is a key named {name}; revoke it or choose another name")
    key_id, salt, secret = secrets.token_hex(4), secrets.token_hex(16), secrets.token_urlsafe(32)
    entry = {
        "id": key_id,
        "name": name,
        "scopes": frozenset(scopes),
        "rate": rate,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "salt": salt,
        "hash": _hash(salt, secret),
    }
    try:
        key = Key.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        raise KeysError(f"{first['loc'][0]} {first['input']!r}: {message}") from None
    _write(path, [*keys, key])
    return f"stance_{key_id}_{secret}"


def revoke_key(path: Path, name: str) -> None:
    """Take a key out of the file.

    Raises
    ------
    KeysError
        If the file cannot be used or holds no key of this name.
    """
    keys = read_keys(path)
    kept = [key for key in keys if key.name != name]
    if len(kept) == len(keys):
        names = ", ".join(key.name for key in keys) or "none"
        raise KeysError(f"{path}: no key is named {name}; there are: {names}")
    _write(path, kept)


def _hash(salt: str, secret: str) -> str:
    return sha256((salt + secret).encode(errors="surrogatepass")).hexdigest()


def _write(path: Path, keys: list[Key]) -> None:
    """Replace the file in one step; it keeps its mode, a new one is its owner's alone."""
    content = {
        "format": 1,
        "keys": [key.model_dump() | {"scopes": sorted(key.scopes)} for key in keys],
    }
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
        ) as file:
            file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
