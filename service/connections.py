"""The server's side of a connection, for clients that are too slow to be clients.

The server itself waits for ever for the headers of a request and for a client that does not read.
"""

import asyncio
import math
from collections import deque
from functools import cache

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.limits import MIN_BYTES_PER_SECOND
from service.settings import read_settings


class ImpatientProtocol(HttpToolsProtocol):
    """HTTP over one connection, which is closed if its client is too slow.

    Headers must arrive within ``slow_client_seconds``; an answer that does not fit into the
    buffers must be read at ``MIN_BYTES_PER_SECOND``. Bodies are the affair of ``service.limits``.
    """

    _headers_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None
    _is_in_headers = False
    _unanswered: deque[RequestResponseCycle]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first headers."""
        super().connection_made(transport)
        self._unanswered = deque()
        self._headers_timer = self.loop.call_later(_seconds(), transport.close)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of headers of which only a part is there."""
        super().data_received(data)
        if self._is_in_headers and self._headers_timer is None:
            self._headers_timer = self.loop.call_later(_seconds(), self.transport.close)

    def on_message_begin(self) -> None:
        """Note that headers begin."""
        super().on_message_begin()
        self._is_in_headers = True

    def on_headers_complete(self) -> None:
        """Stop waiting for headers."""
        self._is_in_headers = False
        _cancel(self._headers_timer)
        self._headers_timer = None
        super().on_headers_complete()
        self._unanswered.append(self.cycle)

    def pause_writing(self) -> None:
        """Begin to wait for a client that lets its answer pile up."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Stop waiting for the client to read."""
        super().resume_writing()
        _cancel(self._reader_timer)
        self._reader_timer = None

    def on_response_complete(self) -> None:
        """Do not wait for ever to send the rest, if it was the last answer."""
        self._unanswered.popleft()
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()

    def timeout_keep_alive_handler(self) -> None:
        """Close, but do not wait for ever to send the rest before."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and let no request write to what is closed.

        The server tells this only to the last of several requests that came at once.
        """
        _cancel(self._headers_timer)
        _cancel(self._reader_timer)
        for cycle in self._unanswered:
            cycle.disconnected = True
        super().connection_lost(exc)

    def _watch_reader(self, before: float = math.inf) -> None:
        """Cut the client off unless it goes on reading at the least pace."""
        unread = self.transport.get_write_buffer_size()
        seconds = _seconds()
        if unread > before - seconds * MIN_BYTES_PER_SECOND:
            self.transport.abort()
        elif unread:
            self._reader_timer = self.loop.call_later(seconds, self._watch_reader, unread)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


@cache
def _seconds() -> float:
    return read_settings({}).slow_client_seconds
