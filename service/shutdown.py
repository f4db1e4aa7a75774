"""From SIGTERM to the end: readiness goes first, answers last.

The server stops listening as soon as it is told to stop. Whoever balances the load must have heard
before, so for the drain time readiness says no while every request is still answered, with
``Connection: close`` so that clients leave. Then the server finishes what it has and ends.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("stance")


class Drain:
    """Whether the process was told to end; awaits the drain time before the server is told."""

    def __init__(self, seconds: float) -> None:
        self.has_begun = False
        self._seconds = seconds
        self._stop: Any = None

    def install(self) -> None:
        """Stand between SIGTERM and the server; call it on the event loop of the main thread."""
        self._stop = signal.getsignal(signal.SIGTERM)
        on_signal(signal.SIGTERM, self._begin)
        # The server listens to signals before it imports the application, which takes a second.
        server = getattr(self._stop, "__self__", None)
        self.has_begun = getattr(server, "should_exit", False)

    def _begin(self) -> None:
        if self.has_begun:  # a second SIGTERM does not wait
            self._stop(signal.SIGTERM, None)
            return
        self.has_begun = True
        log.info("draining for %s s", self._seconds)
        asyncio.get_running_loop().call_later(self._seconds, self._stop, signal.SIGTERM, None)


class CloseWhileDraining:
    """Ask clients to leave while ``drain`` has begun."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self.app = app
        self.drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and while draining close the connection behind the answer."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, send_last if self.drain.has_begun else send)


def on_signal(number: signal.Signals, callback: Callable[[], None]) -> None:
    """Call ``callback`` on the running event loop at each signal; only the main thread gets any."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(number, callback)
