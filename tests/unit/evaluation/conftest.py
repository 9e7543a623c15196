"""What the tests of other programs share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def script() -> Iterator[Callable[[str], str]]:
    """A program that does what a shell script says; `$out` is the folder results are expected in, empty when idle."""
    with tempfile.TemporaryDirectory(prefix="office-") as folder:
        Path(folder).chmod(0o755)

        def written(body: str) -> str:
            path = Path(folder, "program")
            path.write_text(f'#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = --outdir ] && out="$2"; shift; done\n{body}\n')
            path.chmod(0o755)
            return str(path)

        yield written
