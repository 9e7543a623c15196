"""`python -m services.worker`: a worker in a process of its own."""

from __future__ import annotations

from services.worker.app import build, parts_from
from services.worker.settings import WorkerSettings
from shared.kernel.health import HealthServer
from shared.kernel.logging import configure_logging
from shared.kernel.service import Service, run, run_process, run_until_signalled


def main() -> None:
    """Read the settings, build, run until SIGINT or SIGTERM. Raises SettingsInvalid."""
    settings = WorkerSettings.load(required=("database_url", "amqp_url"))
    configure_logging(level=settings.log_level, format=settings.log_format, service="worker")
    run(_serve(settings))


async def _serve(settings: WorkerSettings) -> None:
    worker = build(settings, parts_from(settings))
    services = [worker]
    if settings.health_port:
        health = HealthServer(host=settings.health_host, port=settings.health_port, services=[worker])
        services.append(Service(name="health", components=[health]))
    await run_until_signalled(services)


if __name__ == "__main__":
    run_process(main)
