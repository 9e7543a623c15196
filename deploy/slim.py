"""Take out of the image's environment what no service ever reads: `python slim.py /venv`, in the build stage.

Symbols for debuggers, sources and headers of compiled modules, tests, and data that only
other uses of a library need. What is taken is a list, not a guess: a part that is not there any more ends the build, so
that a new release of a library is looked at. Babel's data of all locales stay, written more densely. Runs before
bytecode.py; `strip` of binutils has to be on PATH.
"""

from __future__ import annotations

import pickle
import pickletools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

UNREAD = (
    "aiosmtpd/docs",
    "authres/tests",
    "docx/templates/default-docx-template",  # what default.docx, which is used, was zipped from
    "lxml/html/_difflib*.so",  # comparing pages, another way to read trees, and a schema language: none of ours
    "lxml/html/diff*.so",
    "lxml/isoschematron",
    "lxml/objectify*.so",
    "pycountry/locales",  # names of countries in other languages are Babel's
    "sqlalchemy/testing",
    "zstandard/_cffi*.so",  # the other of its two backends
)
TWILIO_KEPT = {"api"}
"""Of Twilio's products only messages are used."""
LEXERS_KEPT = {"__init__.py", "_mapping.py", "python.py"}
"""What commands for operators show in colours is Python at most."""
SUFFIXES = {".pyi", ".pyx", ".pxd", ".pxi", ".h", ".c", ".cpp", ".hpp", ".proto"}


def slim(venv: Path) -> None:
    """Do it. Raises SystemExit when something is no longer where it was."""
    (packages,) = venv.glob("lib/python*/site-packages")
    for pattern in UNREAD:
        found = list(packages.glob(pattern))
        if not found:
            raise SystemExit(f"{pattern} is not there any more: look at what took its place, and mend deploy/slim.py.")
        for path in found:
            remove(path)
    for path in (packages / "twilio" / "rest").iterdir():
        if path.is_dir() and path.name not in TWILIO_KEPT:
            remove(path)
    for path in (packages / "pygments" / "lexers").iterdir():
        if path.name not in LEXERS_KEPT:
            remove(path)
    for path in sorted(packages.rglob("*")):
        if path.is_dir() and path.name in ("tests", "__pycache__"):
            remove(path)
        elif path.suffix in SUFFIXES and path.is_file():
            path.unlink()
    for path in packages.rglob("*.so"):
        # Libraries that auditwheel has put beside a package (`….libs`) were moved about by it: strip breaks them.
        if not any(part.endswith(".libs") for part in path.parts):
            subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)
    for path in sorted((packages / "babel").rglob("*.dat")):
        path.write_bytes(denser(path.read_bytes()))
    for path in packages.glob("*.dist-info/METADATA"):
        fields, blank, _ = path.read_bytes().partition(b"\n\n")
        path.write_bytes(fields + blank)  # what follows is the page on PyPI


def denser(pickled: bytes) -> bytes:
    """The same data in half the bytes: each text once, in a newer protocol. Runs where Babel can be imported."""
    data = each_text_once(pickle.loads(pickled), {})  # noqa: S301 - of the library that was just installed
    return pickletools.optimize(pickle.dumps(data, pickle.HIGHEST_PROTOCOL))


def each_text_once(data: Any, seen: dict[str, str]) -> Any:
    """Equal data in which equal texts are one object, which pickle then writes once."""
    match data:
        case str():
            return seen.setdefault(data, data)
        case dict():
            return {each_text_once(key, seen): each_text_once(value, seen) for key, value in data.items()}
        case list():
            return [each_text_once(one, seen) for one in data]
        case tuple():
            return tuple(each_text_once(one, seen) for one in data)
        case _:
            return data


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
