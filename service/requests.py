"""Read a request's body: its size, its type and its JSON, each with its own clear refusal.

FastAPI's own reading answers 500 to lone surrogates, NaN and 1e999 and repeats the text back, so
the routes read the body here and document it with ``body_schema``.
"""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from service.errors import ProblemError
from service.schemas import FieldError

DRAIN_FACTOR = 16
"""How many times the limit is still read, and thrown away, so that the client hears the answer.

A client that is cut off while sending sees a broken connection instead of the 413.
"""


def body_schema(model: type[BaseModel], **items: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI entry of a JSON body; ``items`` names what a list field holds."""
    schema = model.model_json_schema()
    for field, item in items.items():
        schema["properties"][field]["items"] = item.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def field_problem(field: str, kind: str, detail: str) -> ProblemError:
    """Return the problem (422) of one field."""
    return ProblemError(422, detail, [FieldError(field=field, type=kind, message=detail)])


async def read_json(request: Request, max_body_bytes: int) -> object:
    """Return the parsed body.

    Raises
    ------
    ProblemError
        415 for another content type, 413 for too many bytes, 400 for what is not JSON in UTF-8:
        NaN, numbers beyond a double, lone surrogates, invalid UTF-8, more than 1,024 levels.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ProblemError(415, "The content type must be application/json.")
    body = await read_body(request, max_body_bytes)
    if not body.strip():
        raise ProblemError(400, "The body is empty; a JSON object was expected.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # The message speaks of kinds and positions only; error.doc holds the body and stays here.
        raise ProblemError(
            400, f"The body is not JSON in UTF-8: {error.msg} (character {error.pos})."
        ) from None


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the whole body; raises as ``stream_body`` does."""
    return b"".join([part async for part in stream_body(request, max_bytes)])


async def stream_body(
    request: Request, max_bytes: int, too_large: str | None = None
) -> AsyncIterator[bytes]:
    """Yield the body in parts, as it arrives.

    Raises
    ------
    ProblemError
        413 after more than ``max_bytes``, with ``too_large`` as its detail; 400 if the client
        breaks off.
    """
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= max_bytes:
                yield part
            elif size > DRAIN_FACTOR * max_bytes:
                break
    except ClientDisconnect:
        raise ProblemError(400, "The body ended early.") from None
    if size > max_bytes:
        detail = too_large or f"The body has more than {max_bytes} bytes, the limit."
        raise ProblemError(413, detail)


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
