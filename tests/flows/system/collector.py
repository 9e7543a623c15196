"""A collector of traces: takes what services send by OTLP over HTTP, and keeps the spans."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Taken:
    """One span."""

    service: str
    name: str
    trace: bytes
    attributes: dict[str, str]


@dataclass
class Collector:
    """What was sent so far."""

    port: int = 0
    spans: list[Taken] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    """Whole requests."""

    def take(self, body: bytes) -> None:
        self.said.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            facts = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Taken(
                        facts["service.name"],
                        span.name,
                        span.trace_id,
                        {each.key: each.value.string_value for each in span.attributes},
                    )
                    for span in scope.spans
                ]


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    """A running collector."""
    kept = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
