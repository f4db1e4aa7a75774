"""Structured logs: a JSON object a line on standard error, for what we and the server log."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

from service.exchanges import REQUEST_ID, Exchange, Observer

FLUSH_SECONDS = 0.1
"""How long a line of a request may wait for others."""

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_is_configured = False
_TIME = structlog.processors.TimeStamper("iso", utc=True, key="time")


def configure(level: str) -> None:
    """Write everything that this process logs, from ``level`` on, to standard error as JSON."""
    foreign: list[Processor] = [structlog.stdlib.add_log_level, _TIME, _add_request_id]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=foreign,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event).decode()),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    global _is_configured
    _is_configured = True


def exchange_logger() -> Observer:
    """Return what logs each exchange but the health checks that found all well.

    Before ``configure`` it logs nothing: a program that embeds the service has logs of its own.
    """
    if not _is_configured:
        return lambda exchange: None
    least = logging.getLogger().level
    stream = _Stream()

    def observe(exchange: Exchange) -> None:
        status = exchange.status
        if status < 400 and exchange.route.startswith("/health/"):
            return
        level = "error" if status == 500 else "warning" if status > 500 else "info"
        if least > _LEVELS[level]:
            return
        # Straight to the stream: by way of the logging libraries it would take ten times as long,
        # a twentieth of the time of a short request.
        line = {
            "request_id": exchange.request_id,
            "method": exchange.method,
            "route": exchange.route,
            "status": status,
            "milliseconds": round(exchange.seconds * 1000, 2),
            "key": exchange.key,
            "event": "request",
            "level": level,
            "time": datetime.now(UTC),
        }
        stream.write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))

    return observe


class _Stream:
    """Standard error, to which lines go together: one call of the system costs half a request.

    They share the buffer of all other lines, which are written at once, and so keep their order.
    """

    def __init__(self) -> None:
        self._buffer = sys.stderr.buffer
        self._will_flush = False

    def write(self, line: bytes) -> None:
        """Write a line within ``FLUSH_SECONDS``; call it on the event loop."""
        self._buffer.write(line)
        if not self._will_flush:
            self._will_flush = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        self._buffer.flush()


def _add_request_id(_: Any, __: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event
