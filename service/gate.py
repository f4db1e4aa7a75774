"""The door of a service with API keys: each request is judged by its key, its path and its rate.

By its path before any route sees it, so that a new route is closed by default.
"""

import base64
import binascii
import math
import time

from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import keys
from service.access import KEY_NAME
from service.errors import ProblemError, response_of
from service.keys import Key, KeyRing
from service.settings import Settings

PAGE = "/"
_OPEN = ("/health/", "/page/")
_NEEDED: tuple[tuple[str, keys.Scope], ...] = (
    ("/metrics", "metrics"),
    ("/corrections", "correct"),
    ("/admin", "admin"),
    ("/", "classify"),
)
"""The scope that the paths with a prefix need; the first that fits holds."""


class Gate:
    """Lets through who has a key for it, and what is open."""

    def __init__(self, app: ASGIApp, ring: KeyRing, settings: Settings) -> None:
        self.app = app
        self._ring = ring
        self._is_open = (*_OPEN, "/metrics") if settings.metrics == "open" else _OPEN
        # Counted in this process: with several, each grants the whole rate.
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem, or hand on to the application."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path == PAGE or path.startswith(self._is_open):
            await self.app(scope, receive, send)
            return
        try:
            key = self._identify(scope)
            scope[KEY_NAME] = key.name
            _check_scope(key, path)
            headers = self._count(key)
        except ProblemError as error:
            await response_of(error.problem, error.headers)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _identify(self, scope: Scope) -> Key:
        given = _given_key(scope)
        key = self._ring.find(given) if given else None
        if key is None:
            challenge = 'Bearer realm="stance"'
            if _is_asked_by_person(dict(scope["headers"])):
                challenge = 'Basic realm="stance: the API key is the password", charset="UTF-8"'
            detail = "The API key is not known." if given else "An API key is needed."
            detail += " Send it as Authorization: Bearer KEY, or as X-API-Key."
            raise ProblemError(401, detail, headers={"www-authenticate": challenge})
        return key

    def _count(self, key: Key) -> dict[str, str]:
        """Count the request and return what its answer tells about the rate.

        Raises
        ------
        ProblemError
            429 if the rate is used up.
        """
        rate = key.limit
        is_within = self._limiter.hit(rate, key.id)
        reset, remaining = self._limiter.get_window_stats(rate, key.id)
        seconds = str(max(1, math.ceil(reset - time.time())))
        headers = {
            "ratelimit-limit": str(rate.amount),
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": seconds,
        }
        if not is_within:
            detail = f"The key's rate of {key.rate} is used up; try again in {seconds} seconds."
            raise ProblemError(429, detail, headers=headers | {"retry-after": seconds})
        return headers


def _given_key(scope: Scope) -> str:
    """Return the key that a request brings, or an empty string."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return str(value, "latin-1").strip()
        if name == b"authorization":
            scheme, _, credentials = str(value, "latin-1").partition(" ")
            if scheme.lower() == "bearer":
                return credentials.strip()
            if scheme.lower() == "basic" and not _is_sent_by_another_site(dict(scope["headers"])):
                return _password(credentials)
    return ""


def _is_asked_by_person(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a browser can ask somebody for the key, as the password.

    So it does when the documentation is opened, and when the page, which is open itself, calls.
    """
    is_page = headers.get(b"sec-fetch-site") == b"same-origin"
    return is_page or b"text/html" in headers.get(b"accept", b"")


def _is_sent_by_another_site(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a page of another site made a browser send the request, with its password."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def _password(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[2]


def _check_scope(key: Key, path: str) -> None:
    needed = next(scope for prefix, scope in _NEEDED if path.startswith(prefix))
    if needed not in key.scopes:
        detail = f"The key has no scope '{needed}', which this path needs."
        challenge = f'Bearer realm="stance", error="insufficient_scope", scope="{needed}"'
        raise ProblemError(403, detail, headers={"www-authenticate": challenge})
