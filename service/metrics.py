"""Figures for Prometheus at ``GET /metrics``, true with several workers. No text becomes a label.

Workers write theirs to files of a folder that ``service.server`` makes and names in
``PROMETHEUS_MULTIPROC_DIR`` before this module is imported; whichever answers adds them up.
"""

import os
from collections.abc import Iterator
from functools import cache

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.exchanges import Exchange
from service.models import Models
from service.prediction import Prediction
from service.settings import Settings

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

# When a series began tells nothing here and doubles their number.
disable_created_metrics()  # type: ignore[no-untyped-call]

_REQUESTS = Counter("stance_requests", "Requests answered.", ["route", "status", "key"])
_SECONDS = Histogram(
    "stance_request_seconds",
    "Time from the headers of a request to the end of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_TEXTS = Counter("stance_texts", "Texts classified.", ["version"])
_SENTENCES = Counter("stance_sentences", "Sentences classified.", ["version"])
_LABELS = Counter("stance_labels", "Labels given to sentences.", ["label"])
_UNCERTAIN = Counter("stance_sentences_uncertain", "Sentences marked as uncertain.")
_OUTSIDE = Counter(
    "stance_sentences_outside", "Sentences that get no label whatever their scores.", ["reason"]
)
# Looking up a series takes longer than counting in it.
_requests, _seconds = cache(_REQUESTS.labels), cache(_SECONDS.labels)
_texts, _sentences = cache(_TEXTS.labels), cache(_SENTENCES.labels)
_labels, _outside = cache(_LABELS.labels), cache(_OUTSIDE.labels)


def install(app: FastAPI, settings: Settings) -> None:
    """Serve the figures, if the settings say so."""
    if settings.metrics != "off":
        app.include_router(_router)


def count_exchange(exchange: Exchange) -> None:
    """Count a request and the time it took."""
    _requests(exchange.route, exchange.status, exchange.key or "").inc()
    _seconds(exchange.route).observe(exchange.seconds)


def count_prediction(prediction: Prediction) -> None:
    """Count a text, its sentences and what became of them."""
    version = prediction.model.version
    _texts(version).inc()
    _sentences(version).inc(len(prediction.sentences))
    for label in prediction.labels:
        _labels(label).inc(prediction.summary.counts[label])
    for sentence in prediction.sentences:
        if sentence.uncertain:
            _UNCERTAIN.inc()
        if sentence.reason is not None:
            _outside(sentence.reason).inc()


class _ModelCollector(Collector):
    """The model in service, as the worker that is asked knows it."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        model = self._models.classifier.model
        value = {"name": model.name, "version": model.version}
        yield InfoMetricFamily("stance_model", "The model in service.", value)
        yield GaugeMetricFamily(
            "stance_models_refused",
            "Folders whose artifact was refused, so that an older model stays.",
            len(self._models.refusals),
        )


_router = APIRouter()


# Not async: the files of several workers are read in a thread.
@_router.get("/metrics", tags=["health"], response_class=Response)
def metrics(request: Request) -> Response:
    """Return the figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_ModelCollector(request.app.state.models))
    if MULTIPROCESS in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        content = generate_latest(registry)
    else:
        content = generate_latest(registry) + generate_latest(REGISTRY)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
