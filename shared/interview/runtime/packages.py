"""Import the Python modules that lie beside an interview's `data` folder, under the name of its package (DESIGN §5).

A folder on the interview path holds `<package>/data/questions`; `<package>` may have dots (`docassemble.demo`) and need
not have an `__init__.py`. Installed packages are found by Python itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from shared.kernel.interview_path import InterviewPath


class InterviewPackages:
    """A finder for `sys.meta_path`: packages of the interview path, and what their dotted names begin with."""

    def __init__(self, path: InterviewPath) -> None:
        self._path = path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A package of the interview path, or None: modules inside are found by Python in the package's folder."""
        for folder in self._path.folders:
            package = folder / fullname
            if (package / "data").is_dir():
                return _package(fullname, package)
        if any(next(folder.glob(f"{fullname}.*/data"), None) for folder in self._path.folders if folder.is_dir()):
            return _namespace(fullname, [])
        return None

    def install(self) -> None:
        """Be asked by every `import` of this process, once for the same path."""
        if not any(isinstance(finder, InterviewPackages) and finder._path == self._path for finder in sys.meta_path):
            sys.meta_path.append(self)


def _package(name: str, folder: Path) -> ModuleSpec | None:
    init = folder / "__init__.py"
    if init.is_file():
        return spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    return _namespace(name, [str(folder)])


def _namespace(name: str, locations: list[str]) -> ModuleSpec:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = locations
    return spec
