"""`colloquy`, the entry point: a service loads nothing but itself, everything else is services/cli.py.

What the commands of operators load together is forty megabytes and a second of processor time: too much for five
services that never use it.
"""

from __future__ import annotations

import sys
from importlib import import_module

from shared.kernel.left_out import OF_TERMINALS, left_out


def main() -> None:
    """The entry point."""
    match sys.argv[1:]:
        case ["serve", "session" | "worker" | "scheduler" | "mail" | "gateway" as service]:
            with left_out(*OF_TERMINALS):
                import_module("services.one_service").main(service)
        case _:
            import_module("services.cli").main()


if __name__ == "__main__":
    main()
