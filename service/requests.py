"""Read a request's body: its type and its JSON, each with its own clear refusal.

FastAPI's own reading answers 500 to lone surrogates, NaN and 1e999 and repeats the text back, so
the routes read the body here and document it with ``body_schema``.
"""

from collections.abc import AsyncIterator, Iterable
from email.message import EmailMessage
from typing import Any, TypeVar

import orjson
from fastapi import FastAPI, Request
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.requests import ClientDisconnect

from service import errors
from service.errors import ProblemError
from service.schemas import FieldError

MAX_FIELDS = 100
"""Most fields of an object; finding out what is wrong with each of a million takes seconds.

Lists are declared ``fail_fast`` for the same reason.
"""

_BROKEN_OFF = "The body ended early."

Checked = TypeVar("Checked", bound=BaseModel)


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI entry of a JSON body; ``document`` says what the model is."""
    schema = {"$ref": errors.REFERENCE.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def document(app: FastAPI, models: Iterable[type[BaseModel]]) -> None:
    """Describe the models of bodies in the OpenAPI document of ``app``, when it is asked for."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            modes: list[tuple[type[BaseModel], JsonSchemaMode]]
            modes = [(model, "validation") for model in models]
            _, described = models_json_schema(modes, ref_template=errors.REFERENCE)
            generate()["components"]["schemas"] |= described["$defs"]
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's way to extend it


def validate(model: type[Checked], content: object) -> Checked:
    """Return ``content`` as the model.

    Raises
    ------
    ProblemError
        Naming the fields and what was expected.
    """
    _refuse_many_fields(content)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise errors.from_validation(error) from None


def _refuse_many_fields(content: object) -> None:
    objects: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    if isinstance(content, dict):
        objects.append(((), content))
    while objects:
        location, found = objects.pop()
        if len(found) > MAX_FIELDS:
            field = errors.field_name(location)
            detail = f"{field} has {len(found)} fields, at most {MAX_FIELDS} are taken"
            raise field_problem(field, "too_many_fields", detail)
        for name, value in found.items():
            if isinstance(value, dict):
                objects.append(((*location, name), value))


def field_problem(field: str, kind: str, detail: str) -> ProblemError:
    """Return the problem (422) of one field."""
    return ProblemError(422, detail, [FieldError(field=field, type=kind, message=detail)])


async def read_json(request: Request, *, any_type: bool = False) -> object:
    """Return the parsed body; ``service.limits`` bounds its size and the time it takes.

    With ``any_type`` the content type may be anything: some clients give none.

    Raises
    ------
    ProblemError
        415 for another content type, 400 for what is not JSON in UTF-8: NaN, numbers beyond a
        double, lone surrogates, invalid UTF-8, more than 1,024 levels.
    """
    content_type = request.headers.get("content-type", "")
    if not any_type and content_type != "application/json":
        media_type = content_type.partition(";")[0].strip().lower()
        if not (media_type == "application/json" or media_type.endswith("+json")):
            raise ProblemError(415, "The content type must be application/json.")
    body = await read_body(request)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body.strip():
            raise ProblemError(400, "The body is empty; a JSON object was expected.") from None
        # The message speaks of kinds and positions only; error.doc holds the body and stays here.
        raise ProblemError(
            400, f"The body is not JSON in UTF-8: {error.msg} (character {error.pos})."
        ) from None


async def read_body(request: Request) -> bytes:
    """Return the whole body; raises as ``stream_body`` does."""
    # Most come in one part, and two generators around it cost more than the rest of the reading.
    parts = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(400, _BROKEN_OFF)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def stream_body(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in parts, as it arrives; ``service.limits`` bounds its size and time.

    Raises
    ------
    ProblemError
        400 if the client breaks off.
    """
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise ProblemError(400, _BROKEN_OFF) from None


def refuse_other_sites(request: Request) -> None:
    """Refuse a file that another web site makes a browser send.

    It could not read the answer, but it could keep the service busy. Callers that are no browser
    do not send the header.

    Raises
    ------
    ProblemError
        403.
    """
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise ProblemError(403, "Files are taken from this service's own page, not another site's.")


def media_type_of(request: Request) -> tuple[str, str | None]:
    """Return the media type, in lower case, and the charset named with it, if any."""
    header = EmailMessage()
    header["content-type"] = request.headers.get("content-type") or "application/octet-stream"
    return header.get_content_type(), header.get_content_charset()
