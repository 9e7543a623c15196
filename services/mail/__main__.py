"""Run the mail service as a process of its own: `python -m services.mail`."""

from __future__ import annotations

from services.mail.app import SOURCE, build, parts_from
from services.mail.settings import MailSettings
from shared.kernel.health import probed
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_process, run_until_signalled
from shared.kernel.tracing import configure_tracing


def main() -> None:
    """Read the settings and serve until told to stop."""
    settings = MailSettings.load(required=MailSettings.NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service=SOURCE)
    configure_tracing(settings.otlp_endpoint, service=SOURCE)
    run(_serve(settings))


async def _serve(settings: MailSettings) -> None:
    parts = parts_from(settings)
    service = build(settings, parts)
    host, port = settings.health_host, settings.health_port
    await run_until_signalled(probed(service, host=host, port=port, metrics=parts.metrics))


if __name__ == "__main__":
    run_process(main)
