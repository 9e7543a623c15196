"""One service in a process of its own; it loads nothing of the other four."""

from __future__ import annotations

from importlib import import_module

from services.settings_table import OF_SERVICES, warn
from shared.kernel.logging import configure_logging
from shared.kernel.service import run_process


def main(service: str) -> None:
    """The program: an error of ours ends it with one sentence and status 1."""
    run_process(lambda: serve(service))


def serve(service: str) -> None:
    """Run one service until it is told to stop. Raises SettingsInvalid."""
    settings = OF_SERVICES[service].load(required=OF_SERVICES[service].NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service=service)
    warn(settings)
    import_module(f"services.{service}.__main__").main()
