"""`python -m services.worker`: a worker in a process of its own."""

from __future__ import annotations

from services.worker.app import build, parts_from
from services.worker.settings import WorkerSettings
from shared.kernel.health import probed
from shared.kernel.logging import configure_logging
from shared.kernel.service import STOP_SECONDS, run, run_process, run_until_signalled
from shared.kernel.tracing import configure_tracing

_REST_SECONDS = 7.0
"""What stopping takes besides waiting for tasks."""


def main() -> None:
    """Read the settings, build, run until SIGINT or SIGTERM. Raises SettingsInvalid."""
    settings = WorkerSettings.load(required=WorkerSettings.NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service="worker")
    configure_tracing(settings.otlp_endpoint, service="worker")
    run(_serve(settings))


async def _serve(settings: WorkerSettings) -> None:
    parts = parts_from(settings)
    service = build(settings, parts)
    host, port = settings.health_host, settings.health_port
    await run_until_signalled(
        probed(service, host=host, port=port, metrics=parts.metrics),
        stop_seconds=max(STOP_SECONDS, settings.worker_drain_seconds + _REST_SECONDS),
    )


if __name__ == "__main__":
    run_process(main)
