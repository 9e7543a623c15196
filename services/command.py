"""`colloquy`, the entry point: a service loads nothing but itself, everything else is services/cli.py.

What the commands of operators load together is forty megabytes and a second of processor time: too much for five
services that never use it.
"""

from __future__ import annotations

import sys
from importlib import import_module

from services.settings_table import OF_SERVICES, warn
from shared.kernel.logging import configure_logging
from shared.kernel.service import run_process


def serve(service: str) -> None:
    """Run one service until it is told to stop. Raises SettingsInvalid."""
    settings = OF_SERVICES[service].load(required=OF_SERVICES[service].NEEDED)
    configure_logging(level=settings.log_level, format=settings.log_format, service=service)
    warn(settings)
    import_module(f"services.{service}.__main__").main()


def main() -> None:
    """The entry point."""
    match sys.argv[1:]:
        case ["serve", service] if service in OF_SERVICES:
            run_process(lambda: serve(service))
        case _:
            import_module("services.cli").main()


if __name__ == "__main__":
    main()
