"""`colloquy`, the entry point: a service loads nothing but itself, everything else is services/cli.py.

What the commands of operators load together is forty megabytes and a second of processor time: too much for five
services that never use it.
"""

from __future__ import annotations

import sys
from importlib import import_module

from services.one_service import serve
from services.settings_table import OF_SERVICES
from shared.kernel.service import run_process


def main() -> None:
    """The entry point."""
    match sys.argv[1:]:
        case ["serve", service] if service in OF_SERVICES:
            run_process(lambda: serve(service))
        case _:
            import_module("services.cli").main()


if __name__ == "__main__":
    main()
