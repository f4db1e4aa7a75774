"""The HTTP service: routes that receive a schema, call the classifier and return its answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from labels.taxonomy import LABELS_DIR
from service import errors, requests
from service.classifier import Classifier, TextError, load
from service.corrections import corrections_router, open_store
from service.errors import ProblemError
from service.jobs import Jobs
from service.prediction import Prediction
from service.schemas import (
    BatchItem,
    BatchRequest,
    BatchResponse,
    ClassifyRequest,
    Health,
    Limits,
    ModelResponse,
    TaxonomyResponse,
)
from service.settings import Settings
from service.uploads import extract_router, jobs_router
from service.website import add_page

CARD, CODEBOOK = "card.md", LABELS_DIR / "CODEBOOK.md"

INLINE_CHARACTERS = 4000
"""Texts up to this length, in code points, are answered on the event loop: a few milliseconds.

Handing a text to a thread costs more than a short text itself, but a long one must not keep the
health checks waiting.
"""

DESCRIPTION = """
Tags each sentence of a text with the stances it voices. Errors are RFC 9457 problems
(`application/problem+json`) and never repeat the text; texts are not stored or logged.
"""

_PROBLEMS = errors.responses(
    {
        400: "The body is not valid JSON in UTF-8.",
        413: "The body is larger than the limit.",
        415: "The content type is not application/json.",
        422: "A field is missing, unknown, of the wrong type or beyond a limit.",
    }
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service. The model is loaded when the application starts, not here."""
    jobs = Jobs(settings)
    store = open_store(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.classifier = load(settings.model)
        async with jobs.kept():
            yield
        if store is not None:
            store.close()

    app = FastAPIOffline(
        title="Stance",
        description=DESCRIPTION,
        version="1",
        lifespan=lifespan,
        redoc_url=None,
        # Given here, they are matched before the documentation's own paths.
        routes=list(_classify_router(settings).routes),
    )
    errors.install(app)
    _add_information(app, settings)
    app.include_router(extract_router(settings))
    app.include_router(jobs_router(settings, jobs))
    app.include_router(
        corrections_router(settings, store, lambda request: _classifier(request).taxonomy)
    )
    add_page(app)
    return app


def app_from_environment() -> FastAPI:
    """Return the service under the settings of the environment; what server processes call."""
    return create_app(Settings())


class MarkdownResponse(Response):
    """Markdown in UTF-8."""

    media_type = "text/markdown"


class _DirectRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response.

    FastAPI documents it; its own reading, checking and serialising, which ours replace, are
    passed by.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # answers 405
            return
        response: Response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _classify_router(settings: Settings) -> APIRouter:
    router = APIRouter(route_class=_DirectRoute, tags=["classify"], responses=_PROBLEMS)

    @router.post(
        "/classify",
        response_model=Prediction,
        openapi_extra=requests.body_schema(ClassifyRequest),
    )
    async def classify(request: Request) -> Response:
        """Split one text into sentences and label each."""
        content = await requests.read_json(request, settings.max_body_bytes)
        item = _parse_item(content, settings)
        prediction = await _classify(_classifier(request), item)
        return _json(prediction.to_json())

    @router.post(
        "/classify/batch",
        response_model=BatchResponse,
        openapi_extra=requests.body_schema(BatchRequest, items=ClassifyRequest),
    )
    async def classify_batch(request: Request) -> Response:
        """Label many texts; an item that is wrong gets its problem, the others their answers."""
        content = await requests.read_json(request, settings.max_body_bytes)
        try:
            batch = BatchRequest.model_validate(content)
        except ValidationError as error:
            raise errors.from_validation(error) from None
        if len(batch.items) > settings.max_batch_items:
            detail = f"{len(batch.items)} items, at most {settings.max_batch_items} are taken"
            raise ProblemError(422, detail)
        results = [await _classify_item(_classifier(request), i, settings) for i in batch.items]
        return _json(orjson.dumps({"results": results}))

    return router


def _add_information(app: FastAPI, settings: Settings) -> None:
    @app.get("/labels", response_model=TaxonomyResponse, tags=["model"])
    async def labels(request: Request) -> Response:
        """Return what the labels are and mean."""
        taxonomy = _classifier(request).taxonomy.to_dict()
        return _json(orjson.dumps({key: taxonomy[key] for key in TaxonomyResponse.model_fields}))

    @app.get("/model", response_model=ModelResponse, tags=["model"])
    async def model(request: Request) -> Response:
        """Return the public part of the model's manifest, and what is offered with it."""
        artifact = _classifier(request).artifact
        ids = artifact.taxonomy.ids
        content = {"curves": {}} | artifact.manifest
        content |= {
            "labels": ids,
            "intercepts": dict(zip(ids, artifact.intercepts.tolist(), strict=True)),
            "corrections": settings.corrections is not None,
            "limits": {key: getattr(settings, key) for key in Limits.model_fields},
        }
        return _json(orjson.dumps({key: content[key] for key in ModelResponse.model_fields}))

    @app.get(
        "/model/card",
        tags=["model"],
        response_class=MarkdownResponse,
        responses=errors.responses({404: "The folder holds another model by now."}),
    )
    async def card(request: Request) -> Response:
        """Return what was measured when the model was trained, in Markdown."""
        artifact = _classifier(request).artifact
        return _markdown(artifact.path / CARD, artifact.manifest["files"].get(CARD))

    @app.get(
        "/codebook",
        tags=["model"],
        response_class=MarkdownResponse,
        responses=errors.responses({404: "The model was trained with another codebook."}),
    )
    async def codebook(request: Request) -> Response:
        """Return the rules by which people gave the labels that the model learned, in Markdown."""
        inputs = _classifier(request).artifact.manifest["training"]["inputs"]
        return _markdown(CODEBOOK, inputs.get("codebook"))

    @app.get("/health/live", response_model=Health, tags=["health"])
    async def live() -> Health:
        """Tell that the process runs."""
        return Health(status="live")

    @app.get("/health/ready", response_model=Health, tags=["health"])
    async def ready(request: Request) -> Health:
        """Tell that the model is loaded and answers."""
        _classifier(request).score(["ready?"])
        return Health(status="ready")


def _classifier(request: Request) -> Classifier:
    return cast(Classifier, request.app.state.classifier)


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _markdown(path: Path, digest: str | None) -> Response:
    """Return a document if it is the one that belongs to the model, by its SHA-256."""
    content = path.read_bytes() if path.exists() else b""
    if sha256(content).hexdigest() != digest:
        raise ProblemError(404, f"The {path.name} that is here does not belong to the model.")
    return MarkdownResponse(content)


def _parse_item(content: object, settings: Settings) -> ClassifyRequest:
    """Return the checked request; its text is neither blank nor too long.

    Raises
    ------
    ProblemError
        Naming the field and what was expected.
    """
    try:
        item = ClassifyRequest.model_validate(content)
    except ValidationError as error:
        raise errors.from_validation(error) from None
    if not item.text.strip():
        raise requests.field_problem("text", "blank", "text is empty or blank")
    if len(item.text) > settings.max_text_characters:
        limit = settings.max_text_characters
        detail = f"text has {len(item.text)} characters, at most {limit} are taken"
        raise requests.field_problem("text", "too_long", detail)
    return item


async def _classify(classifier: Classifier, item: ClassifyRequest) -> Prediction:
    def answer() -> Prediction:
        classify = classifier.classify_sentence if item.unit == "sentence" else classifier.classify
        return classify(item.text, id=item.id, language=item.language, evidence=item.evidence)

    try:
        cost = len(item.text) * (10 if item.evidence else 1)
        return answer() if cost <= INLINE_CHARACTERS else await run_in_threadpool(answer)
    except TextError as error:
        raise requests.field_problem("text", "invalid_unicode", str(error)) from None


async def _classify_item(
    classifier: Classifier, content: object, settings: Settings
) -> dict[str, Any]:
    """Return one result of a batch, in the shape of ``BatchItem``."""
    item_id = content.get("id") if isinstance(content, dict) else None
    result: dict[str, Any] = dict.fromkeys(BatchItem.model_fields)
    result["id"] = item_id if isinstance(item_id, str) else None
    try:
        result["prediction"] = await _classify(classifier, _parse_item(content, settings))
    except ProblemError as error:
        result["problem"] = error.problem.model_dump()
    return result
