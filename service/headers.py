"""Headers that every answer carries: for browsers, what they may do with it and who may call."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.settings import Settings

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    # Answers repeat the sentences.
    (b"cache-control", b"no-store"),
]
_POLICY = b"content-security-policy"
_FOR_HTML = [
    *_ALWAYS,
    (b"referrer-policy", b"no-referrer"),
    (
        _POLICY,
        b"default-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
]
_FOR_OTHERS = [*_ALWAYS, (_POLICY, b"default-src 'none'; frame-ancestors 'none'")]
_NAMES = {name for name, _ in _FOR_HTML}


def install(app: FastAPI, settings: Settings) -> None:
    """Add the headers that a route has not set itself, and open to the origins of the settings."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
            expose_headers=[
                "retry-after",
                "ratelimit-limit",
                "ratelimit-remaining",
                "ratelimit-reset",
                "x-request-id",
            ],
        )
    app.add_middleware(_Headers)


class _Headers:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                is_html = headers.get(b"content-type", b"").startswith(b"text/html")
                defaults = _FOR_HTML if is_html else _FOR_OTHERS
                if not _NAMES.isdisjoint(headers):
                    defaults = [header for header in defaults if header[0] not in headers]
                message["headers"] = [*message["headers"], *defaults]
            await send(message)

        await self.app(scope, receive, send_with_headers)
