"""The HTTP service: routes that receive a schema, call the classifier and return its answer."""

import asyncio
import gc
import logging
import multiprocessing
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

from service import (
    access,
    admin,
    errors,
    exchanges,
    headers,
    limits,
    logs,
    metrics,
    perspective,
    requests,
    shortcut,
    traces,
)
from service.answers import answer
from service.artifact import Artifact, ArtifactError
from service.classifier import Classifier
from service.corrections import corrections_router, open_store
from service.errors import ProblemError
from service.jobs import Jobs
from service.models import POLL_SECONDS, Models
from service.perspective import AnalyzeRequest
from service.prediction import Prediction
from service.schemas import (
    BatchItem,
    BatchRequest,
    BatchResponse,
    ClassifyRequest,
    CorrectionRequest,
    Health,
    JobStart,
    Limits,
    ModelResponse,
    TaxonomyResponse,
)
from service.settings import Settings, read_settings
from service.shutdown import CloseWhileDraining, Drain, on_signal
from service.uploads import extract_router, jobs_router
from service.website import add_page

CARD, CODEBOOK = "card.md", "codebook.md"
PROJECT_CARD = Path(__file__).parent.parent / "MODEL_CARD.md"

DESCRIPTION = """
Tags each sentence of a text with the stances it voices. Errors are RFC 9457 problems
(`application/problem+json`) and never repeat the text; texts are not stored or logged.
"""

_PROBLEMS = errors.responses(
    {
        400: "The body is not valid JSON in UTF-8.",
        415: "The content type is not application/json.",
        422: "A field is missing, unknown, of the wrong type or beyond a limit.",
    }
)
BODIES = (ClassifyRequest, BatchRequest, AnalyzeRequest, JobStart, CorrectionRequest)

_EVERYWHERE = access.RESPONSES | limits.RESPONSES
_NOT_READY = errors.responses({503: "The process is about to end."})


log = logging.getLogger("stance")


def create_app(settings: Settings) -> FastAPI:
    """Return the service. The model is loaded when the application starts, not here."""
    drain = Drain(settings.drain_seconds)
    jobs = Jobs(settings)
    store = open_store(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        drain.install()
        with await _load_models(settings, drain) as models:
            app.state.models = models
            on_signal(signal.SIGHUP, models.reload_soon)
            async with jobs.kept():
                # What is here stays. The collector would walk all of it in the middle of requests,
                # a quarter of their time, and write to memory that workers share.
                gc.freeze()
                gc.enable()
                yield
                gc.unfreeze()
                logs.flush()  # the server ends by the signal that told it to, and flushes nothing
        if store is not None:
            store.close()

    classify_routes = _classify_router(settings).routes
    app = FastAPIOffline(
        title="Stance",
        description=DESCRIPTION,
        version="1",
        lifespan=lifespan,
        redoc_url=None,
        responses=_EVERYWHERE,
        # FastAPI's own would tell paths, queries and messages, which may hold a key or a text.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        # Given here, they are matched before the documentation's own paths.
        routes=list(classify_routes),
    )
    shortcut.install(app, classify_routes)
    limits.install(app, settings)
    access.install(app, settings)
    errors.install(app)
    perspective.install(app, settings)
    headers.install(app, settings)
    app.add_middleware(CloseWhileDraining, drain=drain)
    observers = [metrics.count_exchange, logs.exchange_logger(), *traces.exchange_tracers(settings)]
    exchanges.install(app, observers)
    metrics.install(app, settings)
    app.include_router(admin.router)
    _add_information(app, settings, drain)
    app.include_router(extract_router(settings))
    app.include_router(jobs_router(settings, jobs))
    app.include_router(
        corrections_router(store, lambda request: _models(request).classifier.taxonomy)
    )
    add_page(app)
    requests.document(app, BODIES)
    return app


def app_from_environment() -> FastAPI:
    """Return the service under the settings of the environment; what server processes call."""
    settings = read_settings({})
    logs.configure(settings.log_level)
    return create_app(settings)


class MarkdownResponse(Response):
    """Markdown in UTF-8."""

    media_type = "text/markdown"


async def _load_models(settings: Settings, drain: Drain) -> Models:
    """Load the models; a worker among several waits until it can.

    Such a worker replaces one that died. If it failed now, because the folder holds a bad artifact
    or none for an instant, the supervisor would end the workers that still answer.

    Raises
    ------
    ArtifactError
        If the process is no worker of several, or is told to end.
    """
    while True:
        try:
            return await asyncio.to_thread(Models, settings.model, settings.shadow)
        except ArtifactError as error:
            if multiprocessing.parent_process() is None or drain.has_begun:
                raise
            log.error("worker waits for a model: %s", error)
        await asyncio.sleep(POLL_SECONDS)


def _classify_router(settings: Settings) -> APIRouter:
    responses = _EVERYWHERE | _PROBLEMS
    router = APIRouter(tags=["classify"], responses=responses)

    @router.post(
        "/classify",
        response_model=Prediction,
        openapi_extra=requests.body_schema(ClassifyRequest),
    )
    async def classify(request: Request) -> Response:
        """Split one text into sentences and label each."""
        content = await requests.read_json(request)
        models = _models(request)
        prediction = await answer(content, models, models.classifier, settings)
        return _json(prediction.to_json())

    @router.post(
        "/classify/batch",
        response_model=BatchResponse,
        openapi_extra=requests.body_schema(BatchRequest),
    )
    async def classify_batch(request: Request) -> Response:
        """Label many texts; an item that is wrong gets its problem, the others their answers."""
        content = await requests.read_json(request)
        batch = requests.validate(BatchRequest, content)
        if len(batch.items) > settings.max_batch_items:
            detail = f"{len(batch.items)} items, at most {settings.max_batch_items} are taken"
            raise ProblemError(422, detail)
        models = _models(request)
        classifier = models.classifier  # one for the whole batch, whatever is put in service
        results = [await _classify_item(models, classifier, i, settings) for i in batch.items]
        return _json(orjson.dumps({"results": results}))

    return router


def _add_information(app: FastAPI, settings: Settings, drain: Drain) -> None:
    @app.get("/labels", response_model=TaxonomyResponse, tags=["model"])
    async def labels(request: Request) -> Response:
        """Return what the labels are and mean."""
        taxonomy = _models(request).classifier.taxonomy.to_dict()
        return _json(orjson.dumps({key: taxonomy[key] for key in TaxonomyResponse.model_fields}))

    @app.get("/model", response_model=ModelResponse, tags=["model"])
    async def model(request: Request) -> Response:
        """Return the public part of the model's manifest, and what is offered with it."""
        models = _models(request)
        classifier = models.classifier
        artifact, ids = classifier.artifact, classifier.taxonomy.ids
        content = {"curves": {}} | artifact.manifest
        content |= {
            "labels": ids,
            "scorer": classifier.scorer,
            "intercepts": dict(zip(ids, artifact.intercepts, strict=True)),
            "corrections": settings.corrections is not None,
            "limits": {key: getattr(settings, key) for key in Limits.model_fields},
            "refused": models.served.refusal is not None,
        }
        return _json(orjson.dumps({key: content[key] for key in ModelResponse.model_fields}))

    @app.get(
        "/model/card",
        tags=["model"],
        response_class=MarkdownResponse,
        responses=errors.responses({404: "The model has none."}),
    )
    async def card(request: Request) -> Response:
        """Return what the model is for and what was measured of it, in Markdown.

        For a model of one's own: what was measured when it was trained.
        """
        artifact = _models(request).classifier.artifact
        if PROJECT_CARD.exists():
            content = PROJECT_CARD.read_text()
            if f"model {artifact.version}:" in content:
                return MarkdownResponse(content)
        return _document(artifact, CARD)

    @app.get(
        "/codebook",
        tags=["model"],
        response_class=MarkdownResponse,
        responses=errors.responses({404: "The model's label set has no codebook."}),
    )
    async def codebook(request: Request) -> Response:
        """Return the rules by which people gave the labels that the model learned, in Markdown."""
        return _document(_models(request).classifier.artifact, CODEBOOK)

    @app.get("/health/live", response_model=Health, tags=["health"])
    async def live() -> Health:
        """Tell that the process runs."""
        return Health(status="live")

    @app.get("/health/ready", response_model=Health, tags=["health"], responses=_NOT_READY)
    async def ready(request: Request) -> Health:
        """Tell that the model is loaded and answers, and that the process is not about to end."""
        if drain.has_begun:
            raise ProblemError(503, "The process is about to end; it takes no new clients.")
        _models(request).classifier.classify_sentence("ready?")
        return Health(status="ready")

    # What watches a service often asks for no more than the status.
    for path, endpoint in (("/health/live", live), ("/health/ready", ready)):
        app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def _models(request: Request) -> Models:
    return cast(Models, request.app.state.models)


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _document(artifact: Artifact, name: str) -> Response:
    """Return a document of the artifact, as it was when it was checked."""
    if name not in artifact.contents:
        raise ProblemError(404, f"The model has no {name}.")
    return MarkdownResponse(bytes(artifact.contents[name]))


async def _classify_item(
    models: Models, classifier: Classifier, content: object, settings: Settings
) -> dict[str, Any]:
    """Return one result of a batch, in the shape of ``BatchItem``."""
    item_id = content.get("id") if isinstance(content, dict) else None
    result: dict[str, Any] = dict.fromkeys(BatchItem.model_fields)
    result["id"] = item_id if isinstance(item_id, str) else None
    try:
        result["prediction"] = await answer(content, models, classifier, settings)
    except ProblemError as error:
        result["problem"] = error.problem.model_dump()
    return result
