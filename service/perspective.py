"""A door in the shape of the Perspective API, so that its clients need only another base URL.

``POST /v1alpha1/comments:analyze`` scores a text for the labels that are requested as attributes.
A span is a sentence, its score what ``POST /classify`` gives; the summary score is the highest of
them. Errors have that API's shape, too, and the key may stand in the query (``?key=``).
"""

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors, requests
from service.answers import answer
from service.models import Models
from service.prediction import Prediction
from service.schemas import FieldError, Problem, Schema, Strict
from service.settings import Settings

PREFIX = "/v1alpha1/"
DISCOVERY = "/$discovery/rest"

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_ERROR_TYPES = {"blank": "COMMENT_EMPTY", "too_long": "COMMENT_TOO_LONG"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_DETAIL = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"


class Comment(Strict):
    """A text."""

    text: str
    type: Literal["PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"] = "PLAIN_TEXT"


class Attribute(Strict):
    """What is wanted of a label."""

    scoreType: Literal["PROBABILITY", "SCORE_TYPE_UNSPECIFIED"] = "PROBABILITY"  # noqa: N815
    scoreThreshold: Annotated[  # noqa: N815
        float, Field(ge=0, le=1, description="Leave the label out if its summary is lower.")
    ] = 0.0


class AnalyzeRequest(Strict):
    """A text to score. Nothing is ever stored, whatever ``doNotStore`` says."""

    comment: Comment
    requestedAttributes: Annotated[  # noqa: N815
        dict[str, Attribute],
        Field(
            min_length=1,
            examples=[{"US_CRITICAL": {}}],
            description="Labels, in any case, each once.",
        ),
    ]
    languages: Annotated[
        list[str],
        Field(
            max_length=100,
            fail_fast=True,
            description="ISO or BCP-47 codes; identified without.",
            examples=[["en"]],
        ),
    ] = []  # noqa: RUF012 (pydantic copies it)
    doNotStore: bool = True  # noqa: N815
    clientToken: Annotated[str | None, Field(max_length=1000)] = None  # noqa: N815
    sessionId: str | None = None  # noqa: N815
    communityId: str | None = None  # noqa: N815
    spanAnnotations: bool = False  # noqa: N815
    context: dict[str, Any] | None = None


class Score(Schema):
    """A calibrated probability."""

    value: float
    type: Literal["PROBABILITY"] = "PROBABILITY"


class SpanScore(Schema):
    """The score of a sentence; the span is half-open, in Unicode code points."""

    begin: int
    end: int
    score: Score


class AttributeScore(Schema):
    """The scores of a label."""

    spanScores: list[SpanScore]  # noqa: N815
    summaryScore: Score  # noqa: N815


class AnalyzeResponse(Schema):
    """The scores of a text for the labels requested."""

    attributeScores: dict[str, AttributeScore]  # noqa: N815
    languages: list[str]
    detectedLanguages: list[str]  # noqa: N815
    clientToken: str | None = None  # noqa: N815


class ErrorResponse(Schema):
    """What is wrong: ``code``, ``message``, ``status`` and ``details``, as in that API."""

    error: dict[str, Any]


_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": _STATUSES[status]}
    for status in (400, 401, 403, 408, 413, 429, 503)
}


def install(app: FastAPI, settings: Settings) -> None:
    """Open the door."""
    router = APIRouter(tags=["perspective"])

    @router.post(
        PREFIX + "comments:analyze",
        response_model=AnalyzeResponse,
        responses=_ERRORS,
        openapi_extra=requests.body_schema(AnalyzeRequest),
    )
    async def analyze(request: Request) -> Response:
        """Score a text as the Perspective API does, for our labels."""
        content = await requests.read_json(request, any_type=True)
        wanted = requests.validate(AnalyzeRequest, content)
        models: Models = request.app.state.models
        return await _analyze(wanted, models, settings)

    @router.get(DISCOVERY, include_in_schema=False)
    async def discovery(request: Request) -> dict[str, Any]:
        return _discovery(str(request.base_url))

    app.include_router(router)
    app.add_middleware(_Door)


async def _analyze(wanted: AnalyzeRequest, models: Models, settings: Settings) -> Response:
    classifier = models.classifier
    asked = {name: name.lower() for name in wanted.requestedAttributes}
    for label in asked.values():
        if label not in classifier.taxonomy.ids:
            labels = ", ".join(classifier.taxonomy.ids).upper()
            detail = f"An attribute is not known; expected some of {labels}."
            raise requests.field_problem("requestedAttributes", "unknown_attribute", detail)
    if len(set(asked.values())) < len(asked):
        # Each spelling would be answered with a span for every sentence.
        detail = "A label is requested twice, in capitals and small letters; expected once."
        raise requests.field_problem("requestedAttributes", "attribute_twice", detail)
    languages = [code.partition("-")[0].lower() for code in wanted.languages]
    language = next((code for code in languages if classifier.supports(code)), None)
    if languages and language is None:
        return _language_not_supported(next(iter(asked)), wanted.languages)
    item = {"text": wanted.comment.text, "language": language}
    prediction = await answer(item, models, classifier, settings)
    if not classifier.supports(prediction.language):
        return _language_not_supported(next(iter(asked)), [prediction.language])
    scores = {name: _score(prediction, label) for name, label in asked.items()}
    thresholds = {name: wish.scoreThreshold for name, wish in wanted.requestedAttributes.items()}
    response = AnalyzeResponse(
        attributeScores={
            name: score
            for name, score in scores.items()
            if score.summaryScore.value >= thresholds[name]
        },
        languages=[prediction.language],
        detectedLanguages=[prediction.language],
        clientToken=wanted.clientToken,
    )
    return Response(response.model_dump_json(exclude_none=True), media_type="application/json")


def _score(prediction: Prediction, label: str) -> AttributeScore:
    spans = [
        SpanScore(begin=s.start, end=s.end, score=Score(value=s.scores[label]))
        for s in prediction.sentences
    ]
    highest = max((span.score.value for span in spans), default=0.0)
    return AttributeScore(spanScores=spans, summaryScore=Score(value=highest))


def _language_not_supported(attribute: str, languages: list[str]) -> Response:
    """Refuse as that API does; its clients leave the attribute out and ask again."""
    # What is no language code may be a text.
    known = [code for code in languages if _LANGUAGE.fullmatch(code)]
    detail = {
        "@type": _DETAIL,
        "errorType": "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        "languageNotSupportedByAttributeError": {
            "detectedLanguages": known,
            "attribute": attribute,
        },
    }
    message = f"Attribute {attribute} does not support request languages: {', '.join(known)}"
    return Response(_error(400, message, [detail]), 400, media_type="application/json")


def _error(status: int, message: str, details: list[dict[str, Any]]) -> bytes:
    code = _STATUSES.get(status, "UNKNOWN")
    error = {"code": status, "message": message, "status": code, "details": details}
    return orjson.dumps({"error": error})


class _Door:
    """Take the key out of the query, and give every problem the shape of that API's errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith((PREFIX, DISCOVERY)):
            await self.app(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if "key" in query:
            key = (b"x-api-key", query["key"][0].encode("latin-1", "replace"))
            scope["headers"] = [*scope["headers"], key]
        start: Message | None = None

        async def send_translated(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message  # with the body, which is one
                return
            if start is not None:
                status, content = _translate(Problem.model_validate_json(message["body"]))
                headers = [h for h in start["headers"] if not h[0].startswith(b"content-")]
                headers += [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(content)).encode()),
                ]
                await send({**start, "status": status, "headers": headers})
                message = {"type": "http.response.body", "body": content}
                start = None
            await send(message)

        await self.app(scope, receive, send_translated)


def _is_problem(message: Message) -> bool:
    return (b"content-type", errors.MEDIA_TYPE.encode()) in message["headers"]


def _translate(problem: Problem) -> tuple[int, bytes]:
    status = 400 if problem.status == 422 else problem.status
    return status, _error(status, problem.detail, [_translate_field(e) for e in problem.errors])


def _translate_field(error: FieldError) -> dict[str, Any]:
    if error.field == "text" and error.type in _ERROR_TYPES:
        return {"@type": _DETAIL, "errorType": _ERROR_TYPES[error.type]}
    violation = {"field": error.field, "description": error.message}
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}


def _discovery(base_url: str) -> dict[str, Any]:
    """Return what Google's client libraries ask for before they call."""
    body = {"type": "object", "additionalProperties": {"type": "any"}}
    return {
        "kind": "discovery#restDescription",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "version": "v1alpha1",
        "protocol": "rest",
        "rootUrl": base_url,
        "servicePath": "",
        "baseUrl": base_url,
        "batchPath": "batch",
        "parameters": {"key": {"type": "string", "location": "query"}},
        "schemas": {"Analyze": {"id": "Analyze", **body}},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": {
                        "id": "commentanalyzer.comments.analyze",
                        "path": PREFIX.removeprefix("/") + "comments:analyze",
                        "httpMethod": "POST",
                        "request": {"$ref": "Analyze"},
                        "response": {"$ref": "Analyze"},
                    }
                }
            }
        },
    }
