"""One request and its answer, as logs, metrics and traces see them: no path, no text, no key."""

import random
import re
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access import KEY_NAME

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered, for whatever is logged meanwhile."""

NO_ROUTE = "(none)"
"""The route of a request that none took: refused at the door, or to an unknown path."""

CLIENT_LEFT = 499
"""Status of a request whose client left before the answer began, as nginx writes it."""

# A longer or stranger one could carry a text into the logs.
_ACCEPTED_ID = re.compile(rb"[\w.:-]{1,64}", re.ASCII)


class Exchange(NamedTuple):
    """What is told about a request once it is answered."""

    request_id: str
    method: str
    route: str
    """As it is written in the code, e.g. /jobs/{id}."""
    status: int
    seconds: float
    key: str | None
    """Name of the API key; None without."""
    headers: list[tuple[bytes, bytes]]
    """Those of the request, for what continues a trace."""


Observer = Callable[[Exchange], None]


def install(app: FastAPI, observers: Sequence[Observer]) -> None:
    """Give each request an id, return it as ``X-Request-ID``, and tell each exchange."""
    app.add_middleware(_Exchanges, observers=tuple(observers))


class _Exchanges:
    def __init__(self, app: ASGIApp, observers: tuple[Observer, ...]) -> None:
        self.app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        id_header = _given_id(scope) or b"%016x" % random.getrandbits(64)
        request_id = id_header.decode()
        status = CLIENT_LEFT

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id_header)]
            await send(message)

        root_path = scope.get("root_path", "")
        REQUEST_ID.set(request_id)
        begun = time.perf_counter()
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            exchange = Exchange(
                request_id=request_id,
                method=scope["method"],
                route=_route(scope, root_path),
                status=status,
                seconds=time.perf_counter() - begun,
                key=scope.get(KEY_NAME),
                headers=scope["headers"],
            )
            for observe in self._observers:
                observe(exchange)


def _route(scope: Scope, root_path: str) -> str:
    """Return the pattern that took the request; ``root_path`` is what it came with."""
    if (route := getattr(scope.get("route"), "path", None)) is not None:
        return str(route)
    # Only FastAPI's own routes leave themselves behind. A mount leaves what it took off the path,
    # and a plain route without parameters is its path.
    if mounted := scope.get("root_path", "").removeprefix(root_path):
        return f"{mounted}/{{path}}"
    if "endpoint" in scope and not scope["path_params"]:
        return str(scope["path"])
    return NO_ROUTE


def _given_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value if _ACCEPTED_ID.fullmatch(value) else None
    return None
