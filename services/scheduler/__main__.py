"""Run the scheduler service as a process of its own: `python -m services.scheduler`."""

from __future__ import annotations

from services.scheduler.app import SOURCE, build, parts_from
from services.scheduler.settings import SchedulerSettings
from shared.kernel.health import probed
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_process, run_until_signalled
from shared.kernel.tracing import configure_tracing


def main() -> None:
    """Read the settings and serve until told to stop."""
    settings = SchedulerSettings.load(required=SchedulerSettings.NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service=SOURCE)
    configure_tracing(settings.otlp_endpoint, service=SOURCE)
    run(_serve(settings))


async def _serve(settings: SchedulerSettings) -> None:
    parts = parts_from(settings)
    service = build(settings, parts)
    host, port = settings.health_host, settings.health_port
    await run_until_signalled(probed(service, host=host, port=port, metrics=parts.metrics))


if __name__ == "__main__":
    run_process(main)
