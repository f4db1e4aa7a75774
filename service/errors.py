"""Every way in which a request can fail, as RFC 9457 problems that never repeat the text.

``ProblemError`` is raised at the edge; the handlers below turn it, and whatever else goes wrong,
into ``application/problem+json``.
"""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.schemas import FieldError, Problem

MEDIA_TYPE = "application/problem+json"
REFERENCE = "#/components/schemas/{model}"
"""Where the OpenAPI document describes a model."""

MAX_ERRORS = 20
"""Field errors told in one problem; a body full of them says nothing more."""

log = logging.getLogger("stance")

# The names of RFC 9110, which Python's own table has only since 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
_PLAIN = re.compile(r"\w{1,40}", re.ASCII)


class ProblemError(HTTPException):
    """A request that cannot be answered. ``detail`` holds nothing of the text.

    FastAPI lets it pass where it makes a 400 of other errors, while it reads a body.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.problem = _problem(status, detail, errors)
        self.headers: dict[str, str] = dict(headers or {})


def from_validation(error: ValidationError, status: int = 422) -> ProblemError:
    """Return the problem of a body that does not fit its schema: where and why, never what."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return _from_errors(found, status)


def _from_errors(found: Sequence[Any], status: int) -> ProblemError:
    errors = [
        FieldError(field=field_name(e["loc"]), type=e["type"], message=e["msg"])
        for e in found[:MAX_ERRORS]
    ]
    shown = ", ".join(f"{e.field} ({e.type})" for e in errors[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    plural = "fields are" if len(found) > 1 else "field is"
    detail = f"{len(found)} {plural} wrong: {shown}{more}"
    return ProblemError(status, detail, errors)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 (told to the type checker)
        return response_of(error.problem, error.headers)

    async def on_parameters(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 (told to the type checker)
        return response_of(_from_errors(error.errors(), 422).problem)

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 (told to the type checker)
        status = error.status_code
        detail = {404: "There is nothing at this path; GET /docs lists what there is."}.get(
            status, f"{HTTPStatus(status).phrase}."
        )
        return response_of(_problem(status, detail), dict(error.headers or {}))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(HTTPException, on_http)
    app.add_middleware(_DefectsWithoutText)


def responses(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the entries of the OpenAPI document for problems of these statuses."""
    # By name: given the model, FastAPI would compile it for every status of every route. It stands
    # in the document as a part of BatchItem.
    schema = {"$ref": REFERENCE.format(model=Problem.__name__)}
    return {
        status: {"content": {MEDIA_TYPE: {"schema": schema}}, "description": description}
        for status, description in descriptions.items()
    }


def response_of(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the HTTP response of a problem."""
    content = orjson.dumps(problem.model_dump())
    return Response(content, problem.status, headers, MEDIA_TYPE)


class _DefectsWithoutText:
    """Answer a defect with a bare 500 and log where it happened.

    The server would log the exception with its message, and a message may hold the text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_started = False

        async def watched_send(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("defect: %s\n%s", type(error).__name__, frames)
            if is_started:
                raise RuntimeError("defect after the answer had begun, see above") from None
            detail = "A defect in the service; its log says where."
            await response_of(_problem(500, detail))(scope, receive, send)


def _problem(status: int, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, errors=list(errors))


def field_name(location: Sequence[int | str]) -> str:
    """Return the path of a field; a name that is no plain word may be the text and is not told."""
    parts = [str(part) if _PLAIN.fullmatch(str(part)) else "(unknown)" for part in location]
    return ".".join(parts) or "body"
