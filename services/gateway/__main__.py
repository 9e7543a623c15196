"""Run the gateway as a process of its own: `python -m services.gateway`."""

from __future__ import annotations

from services.gateway.app import SOURCE, build, parts_from
from services.gateway.settings import GatewaySettings
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_process, run_until_signalled
from shared.kernel.tracing import configure_tracing


def main() -> None:
    """Read the settings and serve until told to stop."""
    settings = GatewaySettings.load(required=GatewaySettings.NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service=SOURCE)
    configure_tracing(settings.otlp_endpoint, service=SOURCE)
    run(_serve(settings))


async def _serve(settings: GatewaySettings) -> None:
    await run_until_signalled([build(settings, parts_from(settings))])


if __name__ == "__main__":
    run_process(main)
