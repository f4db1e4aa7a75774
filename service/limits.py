"""What a request may cost: bytes, time and a place among those that are worked on.

Enforced around every route, before anything is parsed. The health checks are never turned away.
"""

import asyncio
import math
import time
from typing import cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors
from service.errors import ProblemError, response_of
from service.settings import Settings

DRAIN_FACTOR = 16
"""How many times the limit is still read, and thrown away, so that the client hears the answer.

A client that is cut off while sending sees a broken connection instead of the 413.
"""

TICK_SECONDS = 0.05
"""How often is looked for requests whose time is up."""

MIN_BYTES_PER_SECOND = 10_000
"""A body may take ``slow_client_seconds``, and as much longer as it needs at this pace."""

RESPONSES = errors.responses(
    {
        408: "The body did not arrive in time.",
        413: "The body is larger than the limit.",
        503: "Too many requests are worked on, or the answer took too long; try again.",
    }
)

UPLOADS = ("/extract", "/jobs")
"""The paths that take a file, which may be larger than other bodies."""

_ANNOUNCES_BODY = {b"content-length", b"transfer-encoding"}
_CLOSE = {"connection": "close"}
_LATER = {"retry-after": "1"}


def install(app: FastAPI, settings: Settings) -> None:
    """Hold every request of ``app`` to the limits of the settings."""
    app.add_middleware(_Limits, settings=settings)


class _Limits:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.n_working = 0
        self._open: set[_Request] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """On which is looked at the open requests; none if there are none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self.app(scope, receive, send)
            return
        is_upload = scope["path"] in UPLOADS
        settings = self.settings
        max_bytes = settings.max_upload_bytes if is_upload else settings.max_body_bytes
        request = _Request(self, receive, send, _has_body(scope), max_bytes)
        self._open.add(request)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(TICK_SECONDS, self._look, loop)
        try:
            await self.app(scope, request.receive, request.send)
        except asyncio.CancelledError:
            if not request.is_ended():
                raise
            # Once an answer has begun there is nothing left to say; the server cuts it off.
            if not request.is_answered:
                error = request.late()
                await response_of(error.problem, error.headers)(scope, receive, send)
        finally:
            self._open.discard(request)
            request.leave()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what is late. A timer for each request would cost more than all the rest here."""
        now = time.monotonic()
        for request in self._open:
            if request.deadline <= now:
                request.end()
        if self._open:
            loop.call_later(TICK_SECONDS, self._look, loop)
        else:
            self._loop = None


def _has_body(scope: Scope) -> bool:
    return not _ANNOUNCES_BODY.isdisjoint([name for name, _ in scope["headers"]])


class _Request:
    """One request on its way: it arrives, is worked on, is answered."""

    __slots__ = (
        "_begun",
        "_is_arriving",
        "_is_ending",
        "_is_working",
        "_limits",
        "_max_bytes",
        "_receive",
        "_send",
        "_size",
        "_task",
        "deadline",
        "is_answered",
    )

    def __init__(
        self, limits: _Limits, receive: Receive, send: Send, is_arriving: bool, max_bytes: int
    ) -> None:
        self._limits = limits
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._size = 0
        self._begun = time.monotonic()
        self._is_arriving = is_arriving
        self._is_working = False
        self._is_ending = False
        self._task = cast("asyncio.Task[None]", asyncio.current_task())
        self.is_answered = False
        settings = limits.settings
        seconds = settings.slow_client_seconds if is_arriving else settings.request_seconds
        self.deadline = self._begun + seconds

    async def receive(self) -> Message:
        """Receive a part of the body; with the last one the request takes its place.

        Raises
        ------
        ProblemError
            413 for too many bytes, 503 if all places are taken.
        """
        message = await self._receive()
        if not self._is_working and message["type"] == "http.request":
            self._size += len(message["body"])
            is_whole = not message.get("more_body", False)
            limit = self._max_bytes
            if self._size > limit:
                is_whole = is_whole or await self._drain(DRAIN_FACTOR * limit)
                detail = f"The body has more than {limit} bytes, the limit."
                raise ProblemError(413, detail, headers={} if is_whole else _CLOSE)
            if is_whole:
                self._enter()
            else:
                self._expect_bytes()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; the first one gives the place back."""
        if not self.is_answered:
            self.is_answered = True
            self.leave()
        elif message.get("more_body"):
            self.deadline = math.inf  # how fast it is read, service.connections watches
        await self._send(message)

    def late(self) -> ProblemError:
        """Return the problem of a request whose time is up."""
        settings = self._limits.settings
        if not self._is_arriving:
            detail = f"No answer within {settings.request_seconds:g} seconds, the limit."
            return ProblemError(503, detail, headers=_LATER)
        seconds = settings.slow_client_seconds
        detail = f"The body did not arrive within {seconds:g} seconds and the time it needs at "
        return ProblemError(408, f"{detail}{MIN_BYTES_PER_SECOND} bytes/s.", headers=_CLOSE)

    def end(self) -> None:
        """End the work as ``asyncio.timeout`` would, whose upkeep every request would pay."""
        self.deadline = math.inf
        self._is_ending = True
        self._task.cancel()

    def is_ended(self) -> bool:
        """Tell whether that ended it, and nobody else, who must have his way."""
        return self._is_ending and self._task.uncancel() == 0

    def leave(self) -> None:
        """Give the place back, if the request has one."""
        if self._is_working:
            self._is_working = False
            self._limits.n_working -= 1

    def _enter(self) -> None:
        settings = self._limits.settings
        if self._limits.n_working >= settings.max_concurrent:
            detail = f"{settings.max_concurrent} requests are worked on, the limit; try again."
            raise ProblemError(503, detail, headers=_LATER)
        self._is_arriving, self._is_working = False, True
        self._limits.n_working += 1
        self.deadline = time.monotonic() + settings.request_seconds

    async def _drain(self, limit: int) -> bool:
        """Read on, up to a limit, and tell whether the body came to its end."""
        while self._size <= limit:
            message = await self._receive()
            self._size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return True
            self._expect_bytes()
        return False

    def _expect_bytes(self) -> None:
        seconds = self._limits.settings.slow_client_seconds + self._size / MIN_BYTES_PER_SECOND
        self.deadline = self._begun + seconds
