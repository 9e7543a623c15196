"""Find the files of interview packages on the search path (DESIGN §5).

A folder on the path holds `<package>/data/questions/*.yml` with `data/templates`, `data/static`, `data/sources`
and Python modules beside them. A reference is `package:data/questions/file.yml`, or `package:file.yml` in short.
The gateway serves static files through this; the engine reads interviews through it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from shared.kernel.errors import Malformed, NotFound

LIBRARIES = "site-packages"
"""Beside the packages in a folder on the path: what they require, for interview processes alone."""
SECTIONS = ("questions", "templates", "static", "sources")
_PACKAGE = re.compile(r"[A-Za-z_][\w.\-]*\Z")
_LONGEST = 500
_LONGEST_NAME = 255
"""Bytes that file systems allow in one name."""


class UnknownPackageFile(NotFound):
    """No interview package on the search path has this file."""


class BadReference(Malformed):
    """A file of an interview package is named like `package:data/questions/file.yml`."""


def canonical(reference: str) -> str:
    """`package:file.yml` and `package:questions/file.yml` as `package:data/questions/file.yml`.

    Only the text is looked at. Raises BadReference.
    """
    package, colon, rest = reference.partition(":")
    if not (package and colon and rest) or len(reference) > _LONGEST or "\0" in reference:
        raise BadReference(repr(reference[:_LONGEST]))
    rest = rest.removeprefix("data/")
    head, slash, _ = rest.partition("/")
    return f"{package}:data/{rest}" if slash and head in SECTIONS else f"{package}:data/questions/{rest}"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One existing file of one package: `package:data/<section>/<name>`."""

    package: str
    section: str
    name: str
    path: Path

    @property
    def reference(self) -> str:
        """The canonical reference, e.g. `docs:data/questions/intake.yml`."""
        return f"{self.package}:data/{self.section}/{self.name}"


@dataclass(frozen=True, slots=True)
class InterviewPath:
    """The folders that are searched, first match wins, then installed Python packages."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Sequence[str | Path]) -> InterviewPath:
        """From folder names; those that do not exist are kept, they may appear later."""
        return cls(tuple(Path(folder).resolve() for folder in folders))

    def package_folder(self, package: str) -> Path:
        """The folder that holds `data/` of this package. Raises UnknownPackageFile, BadReference."""
        if not _PACKAGE.match(package) or ".." in package:
            raise BadReference(repr(package))
        for folder in self.folders:
            if (folder / package / "data").is_dir():
                return folder / package
        for location in _locations(package):
            if (Path(location) / "data").is_dir():
                return Path(location)
        raise UnknownPackageFile(package)

    def find(self, reference: str, *, section: str = "questions") -> PackageFile:
        """Resolve a reference; `section` is assumed when it only names a file.

        Raises UnknownPackageFile when there is none, BadReference when the text is not a reference or
        tries to leave the package's data folder.
        """
        package, colon, rest = reference.partition(":")
        if not colon or not rest or "\0" in rest or len(reference) > _LONGEST or _has_long_name(reference):
            raise BadReference(repr(reference[:_LONGEST]))
        rest = rest.removeprefix("data/")
        head, slash, tail = rest.partition("/")
        if slash and head in SECTIONS:
            section, rest = head, tail
        base = (self.package_folder(package) / "data" / section).resolve()
        path = (base / rest).resolve()
        if not path.is_relative_to(base):
            raise BadReference(repr(reference))
        if not path.is_file():
            raise UnknownPackageFile(reference)
        return PackageFile(package, section, path.relative_to(base).as_posix(), path)

    def interviews(self) -> Iterator[PackageFile]:
        """Every interview file in the folders of the path, sorted by package and name."""
        for folder in self.folders:
            for package in sorted(folder.glob("*/data/questions")):
                for path in sorted(package.rglob("*.yml")):
                    name = path.relative_to(package).as_posix()
                    yield PackageFile(package.parent.parent.name, "questions", name, path)


def _locations(package: str) -> Sequence[str]:
    """Where an installed package lies, found without running any of its code: references come from addresses."""
    top, *inner = package.split(".")
    try:
        spec = importlib.util.find_spec(top)
        name = top
        for part in inner:
            if spec is None or spec.submodule_search_locations is None:
                return ()
            name = f"{name}.{part}"
            spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    except (ImportError, ValueError, AttributeError):
        return ()
    return tuple(spec.submodule_search_locations or ()) if spec else ()


def _has_long_name(reference: str) -> bool:
    return any(len(part.encode()) > _LONGEST_NAME for part in re.split("[:/]", reference))
