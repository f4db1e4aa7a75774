"""OpenTelemetry spans, one for each request, with no more than ``Exchange`` tells; optional.

Exporter and sampling are set by OpenTelemetry's own variables (``OTEL_EXPORTER_OTLP_ENDPOINT``,
``OTEL_TRACES_SAMPLER``, ``OTEL_SERVICE_NAME`` ...).
"""

import os
import time

from service.exchanges import Exchange, Observer
from service.settings import Settings


def exchange_tracers(settings: Settings) -> list[Observer]:
    """Return what sends a span for each exchange, if the settings say so."""
    if not settings.traces:
        return []
    # Optional, and slow to load.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    os.environ.setdefault("OTEL_SERVICE_NAME", "stance")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer, propagator = provider.get_tracer("stance"), TraceContextTextMapPropagator()

    def observe(exchange: Exchange) -> None:
        end = time.time_ns()
        # Not tracestate, in which a caller may write what he likes.
        parent = {"traceparent": _header(exchange, b"traceparent")}
        span = tracer.start_span(
            f"{exchange.method} {exchange.route}",
            propagator.extract(parent),
            SpanKind.SERVER,
            {
                "http.request.method": exchange.method,
                "http.route": exchange.route,
                "http.response.status_code": exchange.status,
                "stance.request_id": exchange.request_id,
            },
            start_time=end - int(exchange.seconds * 1e9),
        )
        if exchange.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    return [observe]


def _header(exchange: Exchange, wanted: bytes) -> str:
    return next((str(value, "latin-1") for name, value in exchange.headers if name == wanted), "")
