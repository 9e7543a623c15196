"""Run a Python module as if from the command line, e.g. the tests of an interview's package (spec/coverage.md F14)."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import traceback
from collections.abc import Iterable
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.runtime.run import current_run

__all__ = ["run_python_module"]


def run_python_module(module: str, arguments: Iterable[Any] | None = None) -> tuple[str, int]:
    """What `python -m module arguments` writes, and how it ends: 0 when all went well.

    A module whose name begins with a point, or has none, is looked for in the interview's package. It runs in this
    process, with the rights of interview code. Raises DAError for what is no module's name.
    """
    package = current_run().interview.package
    name = str(module).removesuffix(".py")
    if not all(part.isidentifier() for part in name.lstrip(".").split(".")):
        raise DAError(f"run_python_module(): {module!r} is not the name of a module")
    if name.startswith(".") or "." not in name:
        name = f"{package}.{name.lstrip('.')}"
    written = io.StringIO()
    before = sys.argv
    sys.argv = [name, *map(str, arguments or ())]
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            ended = _ended(name, written)
    finally:
        sys.argv = before
    return written.getvalue(), ended


def _ended(name: str, written: io.StringIO) -> int:
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as said:
        if said.code is None or isinstance(said.code, int):
            return said.code or 0
        written.write(f"{said.code}\n")
        return 1
    except ImportError as error:
        if error.name != name and not name.startswith(f"{error.name}."):
            written.write(traceback.format_exc())
        else:
            written.write(f"No module named {name}\n")
        return 1
    except Exception:
        written.write(traceback.format_exc())
        return 1
    return 0
