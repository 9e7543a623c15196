"""Traces: the way of one request through gateway, queue, session service, worker and database; the browser is told of
which trace its answer is.

Nothing is traced, and nothing of it costs more than a look, until `configure_tracing` names a collector. Spans carry
names of ours and internal ids; never what people typed, addresses, or the texts of errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Kind = Literal["server", "client", "consumer", "internal"]

_KINDS = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_EXPORT_SECONDS = 3
"""How long a collector may take: at the end of a process nobody waits for it any longer."""


def configure_tracing(endpoint: str, *, service: str) -> None:
    """Send spans of this process to a collector, e.g. `http://collector:4318` (OTLP over HTTP); empty: none.

    Only then is the machinery for it loaded.
    """
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: f"colloquy-{service}"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    _COLLECTORS.add(endpoint)


_COLLECTORS = set[str]()
"""Where spans of this process go. OpenTelemetry would look into the environment whenever it is asked."""


def is_tracing() -> bool:
    """Whether there is a collector."""
    return bool(_COLLECTORS)


def span(
    name: str, *, parent: str = "", kind: Kind = "internal", **attributes: str | int | float
) -> AbstractContextManager[None]:
    """A step of the way that is on in this task, or of the one that `parent` (a `traceparent`) names."""
    return _span(name, parent, kind, attributes) if is_tracing() else _NO_SPAN


def step(name: str, *, kind: Kind = "internal", **attributes: str | int | float) -> AbstractContextManager[None]:
    """The same for what is done a hundred times a minute with nobody asking: told only as a part of somebody's way."""
    if not is_tracing() or not trace.get_current_span().get_span_context().is_valid:
        return _NO_SPAN
    return _span(name, "", kind, attributes)


_NO_SPAN = nullcontext()
"""One for all: a form post goes through eight places that make a span where there is a collector."""


@contextmanager
def _span(name: str, parent: str, kind: Kind, attributes: dict[str, str | int | float]) -> Iterator[None]:
    tracer = trace.get_tracer("colloquy")
    begun = tracer.start_as_current_span(
        name,
        context=TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None,
        kind=_KINDS[kind],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    )
    with begun as current:
        try:
            yield
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def traceparent() -> str:
    """What the next service is given, so that its steps belong to this way; empty when nothing is traced."""
    if not is_tracing():
        return ""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")
