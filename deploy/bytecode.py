"""Keep one form of each module of a library in the image's environment: `python bytecode.py /venv FOLDER …`.

A module that the sources in the folders import, at their head or inside of a function, and what it imports in its turn:
its bytecode alone, beside where its source was, as Python loads it without a source (PEP 3147). Any other module, of
which no service needs more than a few: its source alone, which Python compiles when it is asked for. Both forms of both
take fifty megabytes more and are not read. An error's way still names file, line and function; only the text of the
line is not shown, and stands in the release that requirements.lock names.

Libraries under LGPL or MPL keep their sources, and so do those that look into sources themselves. Both forms have to be
of the interpreter that makes them: run it with the one of the environment, after slim.py.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import importlib
import importlib.metadata
import py_compile
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCES_GO_ALONG = re.compile(r"GPL|MPL|Mozilla", re.IGNORECASE)
READS_SOURCES_OF_OTHERS = {"fastapi", "pydantic"}
"""They look into the functions and classes they are given, which are ours."""
READS_SOURCES = re.compile(rb"inspect\.(getsource|getsourcelines|findsource)\b")
NAMED_WHEN_NEEDED = (
    "PIL/*.py",  # its formats
    "dns/rdtypes/**/*.py",
    "phonenumbers/data/*.py",
    "twilio/rest/api/**/*.py",
)
"""Modules that libraries of ours import by names they put together."""


def imported(folders: list[Path]) -> Iterator[str]:
    """Names of all modules that the sources in the folders import. A name in a module counts as one, too."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    yield from (one.name for one in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module
                    yield from (f"{node.module}.{one.name}" for one in node.names)


def used(packages: Path, folders: list[Path]) -> set[Path]:
    """The sources of libraries that importing all this has loaded."""
    ours = {folder.name for folder in folders}
    for name in sorted(set(imported(folders))):
        if name.split(".")[0] not in ours:
            with contextlib.suppress(ModuleNotFoundError):  # what only some installations have, or a name in a module
                importlib.import_module(name)
    loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    named = (path for pattern in NAMED_WHEN_NEEDED for path in packages.glob(pattern))
    return {path for path in map(Path, filter(None, loaded)) if path.suffix == ".py" and packages in path.parents} | {
        *named
    }


def keeping(packages: Path) -> set[str]:
    """First parts of the paths of libraries that keep their sources."""
    by_licence = {
        path.parts[0]
        for distribution in importlib.metadata.distributions(path=[str(packages)])
        if SOURCES_GO_ALONG.search(licence(distribution))
        for path in distribution.files or []
    }
    by_need = {
        path.relative_to(packages).parts[0]
        for path in packages.rglob("*.py")
        if READS_SOURCES.search(path.read_bytes())
    }
    return by_licence | by_need - READS_SOURCES_OF_OTHERS


def licence(distribution: importlib.metadata.Distribution) -> str:
    """What its metadata say of it."""
    about = distribution.metadata
    named = [about.get(field) or "" for field in ("License-Expression", "License")]
    return " ".join([*named, *(one for one in about.get_all("Classifier", []) if one.startswith("License"))])


def main(venv: Path, folders: list[Path]) -> None:
    """Do it, and take out of the lists of files what is not there any more."""
    (packages,) = venv.resolve().glob("lib/python*/site-packages")
    kept = keeping(packages)
    for source in sorted(used(packages, folders)):
        if source.relative_to(packages).parts[0] in kept:
            py_compile.compile(str(source), doraise=True)
        else:
            py_compile.compile(str(source), cfile=f"{source}c", doraise=True)
            source.unlink()
    for path in packages.glob("*.dist-info/RECORD"):
        rows = path.read_text().splitlines(keepends=True)
        path.write_text("".join(row for row in rows if (packages / next(csv.reader([row]))[0]).exists()))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
