"""Run the scheduler service as a process of its own: `python -m services.scheduler`."""

from __future__ import annotations

from services.scheduler.app import SOURCE, build, parts_from
from services.scheduler.settings import SchedulerSettings
from shared.kernel.health import HealthServer
from shared.kernel.logging import configure_logging
from shared.kernel.service import Service, run, run_process, run_until_signalled


def main() -> None:
    """Read the settings and serve until told to stop."""
    settings = SchedulerSettings.load(required=("database_url", "amqp_url"))
    configure_logging(level=settings.log_level, format=settings.log_format, service=SOURCE)
    run(_serve(settings))


async def _serve(settings: SchedulerSettings) -> None:
    service = build(settings, parts_from(settings))
    probes = Service("probes", [HealthServer(host=settings.health_host, port=settings.health_port, services=[service])])
    await run_until_signalled([service, probes] if settings.health_port else [service])


if __name__ == "__main__":
    run_process(main)
