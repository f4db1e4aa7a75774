"""Answer the routes that are called most without the framework's way to them.

FastAPI documents such a route and would answer it as well; matching, reading, checking and
serialising, which its endpoint does itself, take as long as the rest of the request.
"""

from collections.abc import Iterable

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ProblemError, response_of


def install(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Answer ``routes``, whose endpoints take the request and return the response."""
    app.add_middleware(_Shortcut, routes=routes)


class _Shortcut:
    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self.app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route  # as the router does
        try:
            response = await route.endpoint(Request(scope, receive, send))
        except ProblemError as error:
            response = response_of(error.problem, error.headers)
        await response(scope, receive, send)
